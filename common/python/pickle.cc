#include "common/python/pickle.h"

#include <array>

#include "common/python/errors.h"

namespace ssync::pickle {

bool operator==(const Value& a, const Value& b) { return a.data == b.data; }

bool operator==(const Tuple& a, const Tuple& b) { return a.items == b.items; }

std::string_view type_name(const Value& value) {
  // In the order of the variant's types.
  constexpr auto kNames = std::to_array<std::string_view>(
      {"NoneType", "bool", "int", "float", "bytes", "str", "list", "tuple", "dict"});
  static_assert(kNames.size() == std::variant_size_v<decltype(value.data)>);
  return kNames[value.data.index()];
}

bool is_true(const Value& value) {
  return std::visit(
      [](const auto& data) {
        using Type = std::decay_t<decltype(data)>;
        if constexpr (std::is_same_v<Type, None>) {
          return false;
        } else if constexpr (std::is_arithmetic_v<Type>) {
          return data != Type{};
        } else if constexpr (std::is_same_v<Type, Bytes>) {
          return !data.data.empty();
        } else if constexpr (std::is_same_v<Type, Text>) {
          return !data.utf8.empty();
        } else if constexpr (std::is_same_v<Type, Tuple>) {
          return !data.items.empty();
        } else {
          return !data.empty();
        }
      },
      value.data);
}

}  // namespace ssync::pickle

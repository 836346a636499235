#include "worker/object/fragment_preferences.h"

#include <gtest/gtest.h>

#include <string>

#include "common/python/errors.h"

namespace ssync {
namespace {

// "ignored", "refused", or "<time>!<index>!<index> …".
std::string read(const std::string& header) {
  try {
    const auto preferences = parse_fragment_preferences(header);
    if (!preferences) return "ignored";
    std::string text;
    for (const FragmentPreference& preference : *preferences) {
      text.append(text.empty() ? "" : " ").append(preference.timestamp.internal());
      for (const int index : preference.exclude) text.append("!").append(std::to_string(index));
    }
    return text;
  } catch (const ValueError&) {
    return "refused";
  }
}

TEST(FragmentPreferencesTest, AreReadAsSwiftDoes) {
  const std::pair<std::string, std::string> cases[] = {
      {R"([])", ""},
      {R"({})", ""},
      {R"([{"timestamp": "1700000000.00000", "exclude": [1, 3]}])", "1700000000.00000!1!3"},
      {R"([{"timestamp": "1700000000.00000_5", "exclude": []}, {"timestamp": 17, "exclude": ["2"]}])",
       "1700000000.00000_0000000000000005 0000000017.00000!2"},
      {R"([{"timestamp": 1700000000.5, "exclude": [], "more": null}])", "1700000000.50000"},
      {"", "ignored"},
      {"null", "ignored"},
      {"[", "ignored"},
      {"[1,]", "ignored"},
      {"\"\xff\"", "ignored"},
      {"5", "refused"},
      {"false", "refused"},
      {"\"x\"", "refused"},
      {"[5]", "refused"},
      {"[[]]", "refused"},
      {R"({"timestamp": "1", "exclude": []})", "refused"},
      {R"([{"exclude": []}])", "refused"},
      {R"([{"timestamp": "1"}])", "refused"},
      {R"([{"timestamp": "soon", "exclude": []}])", "refused"},
      {R"([{"timestamp": null, "exclude": []}])", "refused"},
      {R"([{"timestamp": "1", "exclude": null}])", "refused"},
      {R"([{"timestamp": "1", "exclude": 1}])", "refused"},
      {R"([{"timestamp": "1", "exclude": [-1]}])", "refused"},
      {R"([{"timestamp": "1", "exclude": [1.0]}])", "refused"},
      {R"([{"timestamp": "1", "exclude": ["x"]}])", "refused"},
      {R"([{"timestamp": "1", "exclude": [[1]]}])", "refused"},
  };
  for (const auto& [header, result] : cases) EXPECT_EQ(read(header), result) << header;
}

TEST(FragmentPreferencesTest, MayBeNestedWithoutBounds) {
  EXPECT_EQ(read(std::string(30000, '[')), "ignored");
  EXPECT_EQ(read(std::string(30000, '[') + std::string(30000, ']')), "refused");
}

}  // namespace
}  // namespace ssync

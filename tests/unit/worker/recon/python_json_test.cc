#include "worker/recon/python_json.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ssync {
namespace {

// What Python 3.11 prints for json.dumps(json.loads(text)).
TEST(PythonJsonTest, WritesWhatPythonDoes) {
  const std::pair<const char*, const char*> cases[] = {
      {"null", "null"},
      {"[]", "[]"},
      {"{}", "{}"},
      {R"({"z":1,"a":[true,false,null]})", R"({"z": 1, "a": [true, false, null]})"},
      {"[1.0,1e15,1e16,0.1,1700000000.25,-0.0,1e-7]",
       "[1.0, 1000000000000000.0, 1e+16, 0.1, 1700000000.25, -0.0, 1e-07]"},
      {"18446744073709551615", "18446744073709551615"},
      {R"("a\"\\\/\b\f\n\r\t\u0001\u007f")", R"("a\"\\/\b\f\n\r\t\u0001\u007f")"},
      {R"("é€😀")", R"("\u00e9\u20ac\ud83d\ude00")"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(json_text(parse_json(text)), expected) << text;
}

TEST(PythonJsonTest, ANameThatIsNoTextIsWrittenAsPythonWritesIt) {
  EXPECT_EQ(json_text(Json("\xff"
                           "a\xc3")),
            R"("\udcffa\udcc3")");
}

TEST(PythonJsonTest, RefusesWhatIsNoJsonOrTooDeep) {
  for (const char* text : {"", "{", "[1,]", "nul", "\"\xff\"", "NaN", "1 2"}) {
    EXPECT_ANY_THROW(static_cast<void>(parse_json(text))) << text;
  }
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(json_text(parse_json(nested(100))), nested(100));
  EXPECT_THROW(static_cast<void>(parse_json(nested(1'000'000))), std::runtime_error);
}

}  // namespace
}  // namespace ssync

#include "worker/http/conditional_request.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

constexpr std::int64_t kModified = 784111777;
constexpr char kThen[] = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr char kBefore[] = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr char kAfter[] = "Sun, 06 Nov 1994 08:49:38 GMT";

Conditions match(const char* list) {
  return {.if_match = list, .if_none_match = {}, .if_modified_since = {}, .if_unmodified_since = {}};
}
Conditions none_match(const char* list) {
  return {.if_match = {}, .if_none_match = list, .if_modified_since = {}, .if_unmodified_since = {}};
}
Conditions modified(const char* date) {
  return {.if_match = {}, .if_none_match = {}, .if_modified_since = date, .if_unmodified_since = {}};
}
Conditions unmodified(const char* date) {
  return {.if_match = {}, .if_none_match = {}, .if_modified_since = {}, .if_unmodified_since = date};
}

TEST(ConditionalRequestTest, AnswersAsSwobDoes) {
  struct Case {
    Conditions conditions;
    std::string etag;
    int status;  // 0: as if there were none
  };
  const Case cases[] = {
      {{}, "e", 0},
      {match("\"e\""), "e", 0},
      {match("x"), "e", 412},
      {match("*"), "e", 0},
      {match(""), "e", 412},
      {match("x"), "", 0},
      {none_match("e"), "e", 304},
      {none_match("x"), "e", 0},
      {none_match("*"), "e", 304},
      {none_match("*"), "", 0},
      {modified(kBefore), "e", 0},
      {modified(kThen), "e", 304},
      {modified(kAfter), "e", 304},
      {modified("x"), "e", 0},
      {unmodified(kBefore), "e", 412},
      {unmodified(kThen), "e", 0},
      {unmodified(kAfter), "e", 0},
      {unmodified("x"), "e", 0},
      // The ETags come first, and what is not modified.
      {{"x", "e", kAfter, kBefore}, "e", 304},
      {{"x", "y", kAfter, kBefore}, "e", 412},
      {{"e", "y", kAfter, kBefore}, "e", 304},
      {{"e", "y", kBefore, kBefore}, "e", 412},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(unmet_condition(c.conditions, c.etag, kModified).value_or(0), c.status) << (&c - cases);
  }
}

TEST(ConditionalRequestTest, OfNothing) {
  EXPECT_EQ(unmet_condition_of_nothing({}), std::nullopt);
  EXPECT_EQ(unmet_condition_of_nothing(match("e")), std::nullopt);
  EXPECT_EQ(unmet_condition_of_nothing(match("e, *")), 412);
  EXPECT_EQ(unmet_condition_of_nothing(none_match("*")), std::nullopt);
}

}  // namespace
}  // namespace ssync

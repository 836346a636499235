#include "worker/request/log_fields.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ssync {
namespace {

using Texts = std::map<std::string, std::string>;

Texts fields_of(const Texts& params) {
  const RequestHead head = RequestHead::from_params([&](const char* name) -> std::optional<std::string> {
    const auto found = params.find(name);
    return found == params.end() ? std::nullopt : std::optional(found->second);
  });
  Texts texts;
  for (const log::Field& field : log_fields(head)) {
    std::visit([&](const auto& value) { texts.emplace(field.name, fmt::format("{}", value)); }, field.value);
  }
  return texts;
}

TEST(LogFieldsTest, AreOfTheRequest) {
  const Texts params = {{"REQUEST_METHOD", "SSYNC"},     {"REMOTE_ADDR", "10.0.0.7"},
                        {"REQUEST_URI", "/sda1/23?x/y"}, {"HTTP_X_BACKEND_STORAGE_POLICY_INDEX", "1"},
                        {"HTTP_X_TRANS_ID", "tx1"},      {"SSYNC_TRANS_ID", "of-nginx"}};
  const Texts wanted = {{"trans_id", "of-nginx"}, {"method", "SSYNC"}, {"remote_addr", "10.0.0.7"},
                        {"device", "sda1"},       {"partition", "23"}, {"policy", "1"}};
  EXPECT_EQ(fields_of(params), wanted);
}

// A site from before this version sends none.
TEST(LogFieldsTest, TheSendersIdCountsWhereTheSiteHasNone) {
  EXPECT_EQ(fields_of({{"HTTP_X_TRANS_ID", "tx1"}}).at("trans_id"), "tx1");
  EXPECT_FALSE(fields_of({}).contains("trans_id"));
}

TEST(LogFieldsTest, DeviceAndPartitionAreThoseOfThePath) {
  struct Case {
    const char* path;
    const char* place;
  };
  const Case cases[] = {{"/sda1/7", "sda1/7"},
                        {"//sda1/7/a/c/o", "sda1/7"},
                        {"/sd%61%201/7/suf", "sda 1/7"},
                        {"/sd%ff/7", "sd\xff/7"},
                        {"/sda1", ""},
                        {"/sda1/", ""},
                        {"/", ""},
                        {"", ""},
                        {"/healthcheck", ""},
                        {"/recon/async", ""},
                        {"/sda1/x7", ""},
                        {"/sda1/7x", ""}};
  for (const Case& c : cases) {
    const Texts fields = fields_of({{"REQUEST_URI", c.path}});
    const bool has_place = fields.contains("device");
    EXPECT_EQ(has_place ? fields.at("device") + "/" + fields.at("partition") : "", c.place) << c.path;
    EXPECT_EQ(fields.contains("policy"), has_place) << c.path;
  }
}

TEST(LogFieldsTest, PolicyIsANumberOrNotThere) {
  const std::pair<const char*, const char*> cases[] = {{"", "0"}, {"0", "0"}, {"2", "2"}, {"x", "none"}};
  for (const auto& [index, policy] : cases) {
    const Texts fields =
        fields_of({{"REQUEST_URI", "/sda1/7"}, {"HTTP_X_BACKEND_STORAGE_POLICY_INDEX", index}});
    EXPECT_EQ(fields.contains("policy") ? fields.at("policy") : "none", policy) << index;
  }
}

TEST(LogFieldsTest, AreBounded) {
  const std::string longer(100000, '9');
  for (const auto& [name, value] : fields_of({{"REQUEST_METHOD", longer},
                                              {"SSYNC_TRANS_ID", longer},
                                              {"REQUEST_URI", "/" + longer + "/" + longer}})) {
    EXPECT_LE(value.size(), 256U) << name;
  }
}

}  // namespace
}  // namespace ssync

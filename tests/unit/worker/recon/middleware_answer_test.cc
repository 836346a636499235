#include "worker/recon/middleware_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::StartsWith;

class MiddlewareAnswerTest : public ::testing::Test {
 protected:
  MiddlewareAnswerTest() : configuration_(device_.configuration()) {
    settings().recon = {.is_served = true,
                        .cache_path = directory_.path(),
                        .devices = directory_.path(),
                        .swift_dir = directory_.path()};
    settings().healthcheck.is_served = true;
    configuration_.settings.swift_dir = directory_.path();
  }
  MiddlewareSettings& settings() { return configuration_.settings.middleware; }
  static RequestHead head(const std::string& uri) {
    RequestHead head;
    head.method = "GET";
    head.uri = uri;
    return head;
  }
  HttpAnswer recon(const std::string& uri) { return answer_recon(head(uri), configuration_); }

  TemporaryDirectory directory_;
  TemporaryDevice device_;
  Configuration configuration_;
};

TEST_F(MiddlewareAnswerTest, ThePathDecides) {
  const std::pair<const char*, Middleware> cases[] = {
      {"/healthcheck", Middleware::healthcheck},
      {"/healthcheck?a=b", Middleware::healthcheck},
      {"/%68ealthcheck", Middleware::healthcheck},
      {"/healthcheck/", Middleware::none},
      {"/recon/mem", Middleware::recon},
      {"/recon/", Middleware::recon},
      {"/recon", Middleware::none},
      {"/%72econ/x/y/z", Middleware::recon},
      {"/sda1/1/recon/mem", Middleware::none},
      {"", Middleware::none},
  };
  for (const auto& [uri, expected] : cases) EXPECT_EQ(middleware_for(head(uri), settings()), expected) << uri;
  settings().recon.is_served = false;
  EXPECT_EQ(middleware_for(head("/recon/mem"), settings()), Middleware::none);
  EXPECT_EQ(middleware_for(head("/healthcheck"), settings()), Middleware::healthcheck);
  settings().healthcheck.is_served = false;
  EXPECT_EQ(middleware_for(head("/healthcheck"), settings()), Middleware::none);
}

TEST_F(MiddlewareAnswerTest, HealthcheckIsDisabledByAFile) {
  EXPECT_EQ(answer_healthcheck({}).status, 200);
  const HealthcheckSettings disabled{.is_served = true, .disable_path = directory_.path() + "/off"};
  EXPECT_EQ(answer_healthcheck(disabled).body, "OK");
  directory_.write("off", "");
  EXPECT_EQ(answer_healthcheck(disabled).status, 503);
  EXPECT_EQ(answer_healthcheck(disabled).body, "DISABLED BY FILE");
}

TEST_F(MiddlewareAnswerTest, EveryCheckAnswersJson) {
  for (const char* check : {"mem",
                            "mem/any/thing",
                            "load",
                            "async",
                            "replication",
                            "replication/account",
                            "replication/container",
                            "replication/object",
                            "devices",
                            "updater/container",
                            "updater/object",
                            "auditor/account",
                            "auditor/container",
                            "auditor/object",
                            "expirer/object",
                            "mounted",
                            "unmounted",
                            "diskusage",
                            "ringmd5",
                            "swiftconfmd5",
                            "quarantined",
                            "sockstat",
                            "version",
                            "driveaudit",
                            "time",
                            "sharding",
                            "relinker",
                            "reconstruction/object"}) {
    const HttpAnswer answer = recon("/recon/" + std::string(check));
    EXPECT_EQ(answer.status, 200) << check;
    EXPECT_EQ(answer.content_type, "application/json") << check;
  }
}

TEST_F(MiddlewareAnswerTest, WhatIsNotKnownIs404) {
  for (const char* check : {"", "x", "replication/", "replication/x", "updater", "updater/account", "auditor",
                            "expirer", "expirer/container", "reconstruction", "mem2", "/mem"}) {
    const HttpAnswer answer = recon("/recon/" + std::string(check));
    EXPECT_EQ(answer.status, 404) << check;
    EXPECT_EQ(answer.body, "Invalid path: /recon/" + std::string(check));
    EXPECT_EQ(answer.content_type, "text/plain");
  }
  EXPECT_EQ(recon("/recon/%ff%20?x").body, "Invalid path: /recon/%FF%20");
}

TEST_F(MiddlewareAnswerTest, ChecksReadTheFileOfTheirServer) {
  directory_.write("object.recon",
                   R"({"object_replication_time": 1.5, "replication_stats": {"success": 3}})");
  directory_.write("account.recon", R"({"replication_time": 2})");
  EXPECT_EQ(recon("/recon/replication/object").body,
            R"({"replication_time": null, "replication_stats": {"success": 3}, "replication_last": null, )"
            R"("object_replication_time": 1.5, "object_replication_last": null})");
  EXPECT_EQ(recon("/recon/replication").body, recon("/recon/replication/object").body);
  EXPECT_EQ(recon("/recon/replication/account").body,
            R"({"replication_time": 2, "replication_stats": null, "replication_last": null})");
}

TEST_F(MiddlewareAnswerTest, AVersionMayBeGiven) {
  configuration_.settings.swift_version = "2.99.0";
  EXPECT_EQ(recon("/recon/version").body, R"({"version": "2.99.0"})");
}

TEST_F(MiddlewareAnswerTest, WhereSwiftFailsTheAnswerIsAnEmpty500) {
  settings().recon.devices = directory_.path() + "/gone";
  for (const char* check : {"unmounted", "diskusage", "quarantined"}) {
    const HttpAnswer answer = recon("/recon/" + std::string(check));
    EXPECT_EQ(answer.status, 500) << check;
    EXPECT_EQ(answer.body, "") << check;
  }
  EXPECT_THAT(recon("/recon/devices").body, StartsWith("{\"" + settings().recon.devices + "\": null"));
}

}  // namespace
}  // namespace ssync

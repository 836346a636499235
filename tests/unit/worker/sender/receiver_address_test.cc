#include "worker/sender/receiver_address.h"

#include <gtest/gtest.h>

#include "common/config/errors.h"

namespace ssync {
namespace {

TEST(ReceiverAddressTest, IsRead) {
  const auto address = ReceiverAddress::parse("192.0.2.10:6200/sda1");
  EXPECT_EQ(address.host, "192.0.2.10");
  EXPECT_EQ(address.port, "6200");
  EXPECT_EQ(address.device, "sda1");
  EXPECT_EQ(address.host_and_port(), "192.0.2.10:6200");
  const auto six = ReceiverAddress::parse("[2001:db8::10]:6200/d_1.x-y");
  EXPECT_EQ(six.host, "2001:db8::10");
  EXPECT_EQ(six.host_and_port(), "[2001:db8::10]:6200");
  EXPECT_EQ(six.device, "d_1.x-y");
  EXPECT_EQ(ReceiverAddress::parse("storage-1:1/d").host, "storage-1");
}

TEST(ReceiverAddressTest, MistakesAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "missing device"},
      {"host:1", "missing device"},
      {"host:1/", "missing device"},
      {"host:1/a/b", "cannot contain a slash"},
      {"host:1/a b", "invalid device name"},
      {"host:1/a%20", "invalid device name"},
      {"host:1/a\r\nX: y", "invalid device name"},
      {"host/d", "no valid port"},
      {"host:/d", "no valid port"},
      {"host:0/d", "no valid port"},
      {"host:65536/d", "no valid port"},
      {"host:1x/d", "no valid port"},
      {"host:+1/d", "no valid port"},
      {":1/d", "missing host"},
      {"::1:6200/d", "brackets"},
      {"[::1]/d", "no valid port"},
  };
  for (const auto& [text, words] : cases) {
    try {
      ReceiverAddress::parse(text);
      ADD_FAILURE() << text;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << text << ": " << error.what();
      EXPECT_NE(std::string(error.what()).find("HOST:PORT/DEVICE"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace ssync

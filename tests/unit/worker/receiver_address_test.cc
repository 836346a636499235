#include "worker/receiver_address.h"

#include <gtest/gtest.h>

#include "common/errors.h"

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
      {"", "names no device"},
      {"host:1", "names no device"},
      {"host:1/", "names no device"},
      {"host:1/a/b", "no slash"},
      {"host:1/a b", "such a name"},
      {"host:1/a%20", "such a name"},
      {"host:1/a\r\nX: y", "such a name"},
      {"host/d", "names no port"},
      {"host:/d", "names no port"},
      {"host:0/d", "names no port"},
      {"host:65536/d", "names no port"},
      {"host:1x/d", "names no port"},
      {"host:+1/d", "names no port"},
      {":1/d", "names no host"},
      {"::1:6200/d", "brackets"},
      {"[::1]/d", "names no port"},
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

#include "common/ring/node_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssync {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

TEST(NodeAddressesTest, AreRingIpAlone) {
  for (const char* address : {"10.0.0.1", "::1", "node-7.example"}) {
    EXPECT_THAT(node_addresses(address), ElementsAre(address));
  }
}

TEST(NodeAddressesTest, AreThoseOfAllInterfaces) {
  for (const char* any : {"", "0.0.0.0", "::", "0:0::0"}) {
    EXPECT_THAT(node_addresses(any), Contains("127.0.0.1")) << any;
  }
}

TEST(NodeAddressesTest, AreComparedInOneForm) {
  NodeAddresses addresses({"10.0.0.1", "fe80::1", "node-7"});
  EXPECT_TRUE(addresses.include("10.0.0.1"));
  EXPECT_TRUE(addresses.include("fe80:0:0::0:1"));
  EXPECT_TRUE(addresses.include("FE80::1"));
  EXPECT_TRUE(addresses.include("node-7"));
  EXPECT_FALSE(addresses.include("10.0.0.2"));
  EXPECT_FALSE(addresses.include("fe80::2"));
}

TEST(NodeAddressesTest, IncludeNamesThatResolveToThem) {
  EXPECT_TRUE(NodeAddresses({"127.0.0.1"}).include("localhost"));
  EXPECT_FALSE(NodeAddresses({"10.255.255.1"}).include("localhost"));
  // Reserved for this (RFC 2606).
  EXPECT_FALSE(NodeAddresses({"127.0.0.1"}).include("none.invalid"));
}

}  // namespace
}  // namespace ssync

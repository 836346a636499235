#include "worker/recon/machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace ssync {
namespace {

TEST(MachineTest, Load) {
  EXPECT_EQ(json_text(load_average("0.50 1.00 12.25 3/456 7890\n")),
            R"({"1m": 0.5, "5m": 1.0, "15m": 12.25, "tasks": "3/456", "processes": 7890})");
  for (const char* text : {"", "0.5 1.0 2.0 3/4", "a b c d e", "1 2 3 4 5 6"}) {
    EXPECT_ANY_THROW(static_cast<void>(load_average(text))) << text;
  }
}

TEST(MachineTest, Memory) {
  EXPECT_EQ(json_text(memory("MemTotal:     4030000 kB\nHugePages_Total:       0\n")),
            R"({"MemTotal": "4030000 kB", "HugePages_Total": "0"})");
  EXPECT_EQ(json_text(memory("")), "{}");
  EXPECT_ANY_THROW(static_cast<void>(memory("MemTotal 1\n")));
}

TEST(MachineTest, Mounts) {
  EXPECT_EQ(json_text(mounts("/dev/sda1 /srv/node/sda1 xfs rw 0 0\nproc /proc proc rw,nosuid 0 0\n")),
            R"([{"device": "/dev/sda1", "path": "/srv/node/sda1"}, {"device": "proc", "path": "/proc"}])");
  EXPECT_ANY_THROW(static_cast<void>(mounts("/dev/sda1 /srv/node/sda1 xfs\n")));
}

TEST(MachineTest, Sockets) {
  const std::string page = std::to_string(3 * ::sysconf(_SC_PAGESIZE));
  EXPECT_EQ(
      json_text(sockets("sockets: used 9\nTCP: inuse 5 orphan 1 tw 2 alloc 7 mem 3\nUDP: inuse 1 mem 1\n",
                        "TCP6: inuse 4\nUDP6: inuse 3\n")),
      R"({"tcp_in_use": 5, "orphan": 1, "time_wait": 2, "tcp_mem_allocated_bytes": )" + page +
          R"(, "tcp6_in_use": 4})");
  EXPECT_EQ(json_text(sockets("", "")), "{}");
  EXPECT_ANY_THROW(static_cast<void>(sockets("TCP: inuse 5 orphan 1\n", "")));
}

}  // namespace
}  // namespace ssync

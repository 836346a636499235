#include "common/os/temporary_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ssync {
namespace {

TEST(TemporaryPathTest, IsRemovedUnlessLetGo) {
  const std::string path = ::testing::TempDir() + "temporary_path_test." + std::to_string(::getpid());
  const auto make = [&] { std::ofstream(path) << "x"; };
  make();
  {
    TemporaryPath temporary;
    temporary.set(path);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  make();
  {
    TemporaryPath temporary;
    temporary.set(path);
    temporary.let_go();
  }
  EXPECT_TRUE(std::filesystem::remove(path));
}

}  // namespace
}  // namespace ssync

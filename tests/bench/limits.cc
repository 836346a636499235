// bench-limits: what the file system itself allows. Writes or reads objects with no more than the system
// calls that it takes, and prints a line of JSON: objects, seconds, cpu_seconds.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/limit_read.h"
#include "tests/bench/limit_write.h"

namespace {

constexpr int kMistake = 2;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (file.bad() || !file.eof()) throw std::runtime_error("cannot read " + path);
  return lines;
}

void print(std::size_t objects, const ssync::bench::Duration& duration) {
  const nlohmann::json line = {
      {"objects", objects}, {"seconds", duration.seconds}, {"cpu_seconds", duration.cpu_seconds}};
  std::printf("%s\n", line.dump().c_str());
}

int run(int argc, char** argv) {
  using namespace ssync::bench;
  CLI::App app{"Measures what the file system itself allows."};
  app.require_subcommand(1);
  std::size_t threads = 1;
  std::string partition;

  CLI::App* write = app.add_subcommand("write", "write objects, and make them durable");
  WriteLoad load;
  std::size_t batch = 0;
  write->add_option("--temporary", load.temporary, "where files are written first")->required();
  write->add_option("--objects", load.objects, "how many")->required();
  write->add_option("--size", load.size, "bytes of each")->required();
  write->add_option("--first", load.first, "the number of the first; another number is another name");
  write->add_option("--batch", batch,
                    "so many at once, with two syncfs(2) for all, in place of an fsync(2) for each");
  write->add_option("--threads", threads, "threads that each write one at a time")
      ->check(CLI::PositiveNumber);
  write->add_option("PARTITION", partition, "the directory to write to")->required();

  CLI::App* list = app.add_subcommand("list", "print a partition's hash directories, for check");
  list->add_option("PARTITION", partition, "the directory to read")->required();

  CLI::App* check = app.add_subcommand("check", "list, open, stat, and read the metadata of each object");
  std::string list_path;
  check->add_option("--threads", threads, "threads that each read one at a time")->check(CLI::PositiveNumber);
  check->add_option("LIST", list_path, "file of hash directories, one on a line")->required();

  CLI::App* walk = app.add_subcommand("walk", "list a partition and all directories in it");
  walk->add_option("PARTITION", partition, "the directory to read")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kMistake;
  }

  if (*write) {
    load.partition = partition;
    print(load.objects, batch != 0 ? write_in_batches(load, batch) : write_one_by_one(load, threads));
  } else if (*list) {
    for (const std::string& directory : hash_directories(partition)) std::printf("%s\n", directory.c_str());
  } else {
    const Reading reading = *check ? check_objects(lines_of(list_path), threads) : walk_partition(partition);
    print(reading.objects, reading.duration);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-limits: %s\n", error.what());
    return 1;
  }
}

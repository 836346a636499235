// bench-neighbour: another user of the device. One thread writes files as uploads do, at a given rate, if at
// all; the other appends 4 KiB again and again and measures how long each write with its fsync(2) takes. It
// prints "ready" when both are at work, runs until its standard input ends, and prints a line of JSON:
// samples, p50_ms, p99_ms, max_ms, mb_per_s.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "tests/bench/parallel.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMistake = 2;
constexpr std::size_t kPieceSize = std::size_t{1} << 16;
constexpr std::size_t kUploadSize = std::size_t{64} << 20;
constexpr std::size_t kUploads = 4;  // files, written in turn
constexpr std::size_t kSampleSize = 4096;
constexpr std::chrono::milliseconds kBetweenSamples(5);
// A writer that could not keep up for so long does not try to catch up.
constexpr std::chrono::seconds kMostBehind(1);

ssync::Fd create(const std::string& path) {
  ssync::Fd fd = ssync::open_file(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (!fd) ssync::throw_os_error(path);
  return fd;
}

// Writes files one after the other, each synced at its end, until told to stop. Returns the bytes written.
double write_uploads(const std::string& directory, double bytes_per_second, const std::atomic<bool>& stop) {
  const std::string piece(kPieceSize, 'n');
  const auto piece_time = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(static_cast<double>(kPieceSize) / bytes_per_second));
  Clock::time_point due = Clock::now();
  double written = 0;
  for (std::size_t number = 0; !stop; number = (number + 1) % kUploads) {
    const std::string path = directory + "/upload-" + std::to_string(number);
    const ssync::Fd fd = create(path);
    for (std::size_t size = 0; size < kUploadSize && !stop; size += kPieceSize) {
      ssync::write_all(fd.get(), piece, path);
      written += static_cast<double>(kPieceSize);
      due = std::max(due + piece_time, Clock::now() - kMostBehind);
      std::this_thread::sleep_until(due);
    }
    ssync::sync_file(fd.get(), path);
  }
  return written;
}

// The milliseconds of each write with its fsync, in ascending order.
std::vector<double> measure_latency(const std::string& directory, const std::atomic<bool>& stop) {
  const std::string path = directory + "/samples";
  const std::string sample(kSampleSize, 's');
  const ssync::Fd fd = create(path);
  std::vector<double> milliseconds;
  while (!stop) {
    const Clock::time_point begun = Clock::now();
    ssync::write_all(fd.get(), sample, path);
    ssync::sync_file(fd.get(), path);
    milliseconds.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
    std::this_thread::sleep_for(kBetweenSamples);
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  return milliseconds;
}

double percentile(const std::vector<double>& ascending, double share) {
  if (ascending.empty()) return 0;
  return ascending[static_cast<std::size_t>(static_cast<double>(ascending.size() - 1) * share)];
}

void await_end_of_input() {
  char byte;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Writes to a device beside others, and measures what they do to it."};
  std::string directory;
  double rate = 200;
  app.add_option("--rate", rate, "MB/s to write; 0: nothing but the samples")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("DIRECTORY", directory, "where to write")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kMistake;
  }

  std::atomic<bool> stop = false;
  double written = 0;
  std::vector<double> latencies;
  const Clock::time_point begun = Clock::now();
  ssync::bench::run_parallel(3, [&](std::size_t part) {
    // A part that fails is told of when the input ends.
    if (part == 0) {
      if (rate > 0) written = write_uploads(directory, rate * 1e6, stop);
    } else if (part == 1) {
      latencies = measure_latency(directory, stop);
    } else {
      std::printf("ready\n");
      std::fflush(stdout);
      await_end_of_input();
      stop = true;
    }
  });
  const std::chrono::duration<double> seconds = Clock::now() - begun;
  const nlohmann::json line = {{"samples", latencies.size()},
                               {"p50_ms", percentile(latencies, 0.5)},
                               {"p99_ms", percentile(latencies, 0.99)},
                               {"max_ms", latencies.empty() ? 0 : latencies.back()},
                               {"mb_per_s", written / 1e6 / seconds.count()}};
  std::printf("%s\n", line.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-neighbour: %s\n", error.what());
    return 1;
  }
}

// Whole sessions with a device: what any sender may say, and what it may leave behind.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/hashes/hashes_file.h"
#include "common/layout/metadata.h"
#include "common/layout/object_files.h"
#include "common/layout/object_name.h"
#include "common/os/log.h"
#include "common/python/number.h"
#include "tests/fuzz/require.h"
#include "tests/unit/scripted_streams.h"
#include "tests/unit/temporary_device.h"
#include "worker/pool/admission.h"
#include "worker/receiver/ssync_receiver.h"

namespace ssync {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLastLines = ":UPDATES: START\r\n:UPDATES: END\r\n";
constexpr std::size_t kSmallPieces = 7;
constexpr int kErasureCoded = 2;

// The sender's script, and how it is spoken.
struct Play {
  Play(std::uint8_t how, std::string_view text)
      : dialect((how & 1U) == 0 ? Dialect::ssync : Dialect::replication_2013),
        policy_index((how & 2U) == 0 ? 0 : kErasureCoded),
        end(static_cast<ScriptEnd>((how >> 2U) & 3U)),
        piece_size((how & 16U) == 0 ? 65536 : kSmallPieces),
        times((how & 32U) == 0 ? 1 : 2),
        script(text) {}

  Dialect dialect;
  int policy_index;
  ScriptEnd end;
  std::size_t piece_size;
  int times;
  std::string script;
};

Partition partition_of(TemporaryDevice& device, int policy_index) {
  return Partition{.settings = device.settings(),
                   .conf = device.conf(),
                   .policy = *device.conf().policies.by_index(policy_index),
                   .device_path = device.path(),
                   .name = "7"};
}

void run(const Session& session, const Play& play) {
  static Board board(1, {.workers = 8});
  static BoardPlace place(board, board.use());
  Admission admission(place,
                      {.method = "SSYNC", .device = session.device, .partition = session.partition.name}, 1);
  ScriptedInput input(play.script, play.end, play.piece_size);
  CollectedOutput output;
  static DiskThreads threads(2);
  static RequestMetrics metrics({}, "");
  const SessionResult result =
      SsyncReceiver(session, input, output, admission, threads, metrics, [] { return false; }).run();
  // As the end of the answer does: the last lines leave with it.
  if (result == SessionResult::complete) output.flush();
  require((result == SessionResult::complete) == output.sent().ends_with(kLastLines),
          "a complete session says so, and no other");
}

void check_object_file(const Partition& partition, const fs::path& path) {
  const std::string hash = path.parent_path().filename();
  require(is_object_hash(hash) && partition.hash_dir(hash) == path.parent_path(), "a file is in its place");
  const std::string name = path.filename();
  const ObjectFile file = parse_object_file(name, partition.policy.type, &partition.policy.erasure_coding);
  require(file.extension == ".data" || file.extension == ".meta" || file.extension == ".ts",
          "files are of the kinds that Swift writes");
  const MetadataRead read = read_metadata(path.string());
  require(read.fault == MetadataFault::none, "metadata can be read");
  const std::string* object = read.metadata.find("name");
  const auto parsed = object == nullptr ? std::nullopt : ObjectName::parse(*object);
  require(parsed && hash_path(partition.conf, *parsed) == hash, "an object is where its name says");
  const std::string* size = read.metadata.find("Content-Length");
  // The header as it was sent, as in Swift: "05" is a length too.
  const auto is_size_of_data = [&] {
    return size != nullptr && python::parse_int(*size, 10) == static_cast<std::int64_t>(fs::file_size(path));
  };
  require(file.extension != ".data" || is_size_of_data(), "the data is as long as its metadata says");
}

// Below the partition: files that the partition itself has, and whole objects. Outside it: no file at all.
void check_tree(const Partition& partition, const std::string& devices) {
  for (const auto& entry : fs::recursive_directory_iterator(devices)) {
    if (entry.is_directory()) continue;
    const std::string name = entry.path().filename();
    if (name.starts_with(".lock") || name == "hashes.invalid") continue;
    check_object_file(partition, entry.path());
  }
}

}  // namespace
}  // namespace ssync

// Input: a byte that says how, and a script.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  if (size == 0) return 0;
  log::set_threshold(log::Level::critical);
  const Play play(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  TemporaryDevice device;
  // A promise of terabytes would be kept in memory.
  device.settings().disable_fallocate = true;
  device.settings().reclaim_age = std::int64_t{1} << 40;
  const Session session{.settings = device.receiver(),
                        .partition = partition_of(device, play.policy_index),
                        .device = "sda1",
                        .dialect = play.dialect,
                        .frag_index = 1,
                        .remote_addr = "10.0.0.1"};
  for (int left = play.times; left > 0; --left) run(session, play);
  check_tree(session.partition, fs::path(device.path()).parent_path());
  return 0;
}

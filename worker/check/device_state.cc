#include "worker/check/device_state.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include "common/layout/device.h"
#include "common/os/errors.h"
#include "common/os/fd.h"

namespace ssync {
namespace {

// What a process writes into its pipe: whole, since it is shorter than PIPE_BUF.
struct Answer {
  bool is_usable;
  bool is_read_only;
  bool has_room;
  int error;
  std::uint64_t size;
  std::uint64_t available;
  dev_t device;
};

struct Asked {
  pid_t process = -1;
  Fd answer;
};

Answer look_at(const DiskSettings& settings, const std::string& device) {
  Answer answer{};
  answer.has_room = true;
  answer.is_usable = usable_device(settings, device).has_value();
  const std::string path = settings.devices + "/" + device;
  struct stat status {};
  struct statvfs space {};
  if (::stat(path.c_str(), &status) != 0 || ::statvfs(path.c_str(), &space) != 0) {
    answer.error = errno;
    return answer;
  }
  answer.device = status.st_dev;
  answer.is_read_only = (space.f_flag & ST_RDONLY) != 0;
  answer.size = std::uint64_t{space.f_blocks} * space.f_frsize;
  answer.available = std::uint64_t{space.f_bavail} * space.f_frsize;
  answer.has_room = has_free_space(settings.fallocate_reserve, path, 0);
  return answer;
}

// Nobody who waits for our output's end may wait for a process that hangs in a disk.
void let_go_of_output() {
  const Fd null = open_file("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), standard);
}

[[noreturn]] void answer(int pipe, const DiskSettings& settings, const std::string& device) {
  let_go_of_output();
  try {
    const Answer answer = look_at(settings, device);
    const bool is_written = ::write(pipe, &answer, sizeof answer) == sizeof answer;
    ::_exit(is_written ? 0 : 1);
  } catch (...) {
    ::_exit(1);
  }
}

Asked ask(const DiskSettings& settings, const std::string& device) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_os_error("pipe");
  Asked asked;
  asked.answer = Fd(ends[0]);
  const Fd to_write(ends[1]);
  asked.process = ::fork();
  if (asked.process < 0) throw_os_error("fork");
  if (asked.process == 0) answer(to_write.get(), settings, device);
  return asked;
}

// True if it was there within the patience that is left.
bool await(const Asked& asked, std::chrono::steady_clock::time_point deadline, Answer& answer) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd readable{asked.answer.get(), POLLIN, 0};
    const int ready = ::poll(&readable, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready < 0 && errno == EINTR) continue;
    return ready == 1 && ::read(asked.answer.get(), &answer, sizeof answer) == sizeof answer;
  }
}

// Its own if it ended; one that hangs is init's, once we have ended.
void reap(pid_t process, bool has_answered) {
  if (!has_answered) ::kill(process, SIGKILL);
  while (::waitpid(process, nullptr, has_answered ? 0 : WNOHANG) < 0 && errno == EINTR) {
  }
}

// Types of mounted file systems by device, without touching them.
std::map<dev_t, std::string> mounted_types() {
  std::map<dev_t, std::string> types;
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string ignored;
    std::string type;
    unsigned major = 0;
    unsigned minor = 0;
    char colon = 0;
    words >> ignored >> ignored >> major >> colon >> minor;
    const std::size_t separator = line.find(" - ");
    if (!words || separator == std::string::npos) continue;
    if (std::istringstream(line.substr(separator + 3)) >> type) types[makedev(major, minor)] = type;
  }
  return types;
}

DeviceState state_of(const Answer& answer, const std::map<dev_t, std::string>& types) {
  DeviceState state;
  state.has_answered = true;
  state.is_usable = answer.is_usable;
  state.is_read_only = answer.is_read_only;
  state.has_room = answer.has_room;
  state.error = answer.error;
  state.size = answer.size;
  state.available = answer.available;
  if (const auto type = types.find(answer.device); answer.error == 0 && type != types.end()) {
    state.file_system = type->second;
  }
  return state;
}

}  // namespace

std::vector<DeviceState> device_states(const DiskSettings& settings, const std::vector<std::string>& devices,
                                       std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<Asked> asked;
  asked.reserve(devices.size());
  for (const std::string& device : devices) asked.push_back(ask(settings, device));
  const std::map<dev_t, std::string> types = mounted_types();
  std::vector<DeviceState> states;
  for (const Asked& each : asked) {
    Answer answer{};
    const bool has_answered = await(each, deadline, answer);
    reap(each.process, has_answered);
    states.push_back(has_answered ? state_of(answer, types) : DeviceState());
  }
  return states;
}

}  // namespace ssync

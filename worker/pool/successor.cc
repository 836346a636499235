#include "worker/pool/successor.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace ssync {
namespace {

constexpr char kVariable[] = "SSYNC_WORKER_INHERITANCE";

// A number above 0, or 0 for anything else.
int positive(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 ? number : 0;
}

// The text up to the separator, which is removed together with it.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

bool is_child(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

std::string inheritance_text(const Inheritance& inheritance) {
  return fmt::format("{} {} {}", inheritance.socket, fmt::join(inheritance.workers, ","),
                     inheritance.socket_path);
}

Inheritance parse_inheritance(std::string_view text) {
  Inheritance result;
  result.socket = positive(cut(text, ' '));
  std::string_view workers = cut(text, ' ');
  while (!workers.empty()) {
    result.workers.push_back(positive(cut(workers, ',')));
    if (result.workers.back() == 0) return {};
  }
  result.socket_path = text;
  return result.socket == 0 ? Inheritance{} : result;
}

Inheritance take_inheritance() {
  const char* text = std::getenv(kVariable);
  if (text == nullptr) return {};
  Inheritance result = parse_inheritance(text);
  ::unsetenv(kVariable);
  std::erase_if(result.workers, [](pid_t pid) { return !is_child(pid); });
  return result;
}

std::string own_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

bool accepts_configuration(const std::string& program, const std::string& config_path) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    ::execl(program.c_str(), program.c_str(), "--config", config_path.c_str(), "--check", nullptr);
    ::_exit(127);
  }
  int status = -1;
  while (pid > 0 && ::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void execute_successor(const std::string& program, const std::string& config_path,
                       const Inheritance& inheritance) {
  ::setenv(kVariable, inheritance_text(inheritance).c_str(), 1);
  ::fcntl(inheritance.socket, F_SETFD, 0);
  ::execl(program.c_str(), program.c_str(), "--config", config_path.c_str(), nullptr);
  const int error = errno;
  ::fcntl(inheritance.socket, F_SETFD, FD_CLOEXEC);
  ::unsetenv(kVariable);
  errno = error;
}

}  // namespace ssync

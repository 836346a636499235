// One program that takes the place of another in the master's process: an upgrade without a restart.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace ssync {

// What the process has from the program that it ran before, and has to go on with.
struct Inheritance {
  int socket = -1;             // the listening socket; -1: nothing was inherited
  std::string socket_path;     // to be removed at the end; empty: it was inherited from somebody else
  std::vector<pid_t> workers;  // children that finish their sessions
};

// One line without NULs, for the environment, and back. An Inheritance with socket -1 for what is no such
// line.
std::string inheritance_text(const Inheritance& inheritance);
Inheritance parse_inheritance(std::string_view text);

// What execute_successor() has left in the environment, and removes it there. Only workers that are children
// of this process are in it.
Inheritance take_inheritance();

// The path of the program that this process runs. Empty if it cannot be told. To be asked at the start: once
// the file is replaced, the kernel names the old one.
std::string own_program();

// Whether program exists and finds no mistake in this configuration: the exit status of its --check is 0.
bool accepts_configuration(const std::string& program, const std::string& config_path);

// Replaces the program of this process, and so keeps its process id and its children. Returns only if that
// fails, with errno set and everything as it was.
void execute_successor(const std::string& program, const std::string& config_path,
                       const Inheritance& inheritance);

}  // namespace ssync

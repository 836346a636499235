// Marks a partition's .lock-replication while a session stores objects in it, so that the next session can
// tell that it was killed.
//
// A killed worker leaves files that are visible and complete, but whose names are not synced. The missing
// check of the next session finds them, so its sender takes them for stored; a crash of the machine would
// then lose acknowledged objects. Swift has the same gap. The mark is the file's size, which Swift ignores.
// It is not synced: what is visible after a crash of the machine is on disk anyway.
#pragma once

#include <string>

namespace ssync {

class UnfinishedSession {
 public:
  // file is the open lock file, which must stay locked for the lifetime of this object; path is for error
  // messages. If the previous session left its mark, the whole file system is synced. Throws OsError; the
  // mark then stays.
  UnfinishedSession(int file, std::string path);
  // Removes the mark. To be destroyed when all files that became visible have been synced or removed again.
  ~UnfinishedSession();
  UnfinishedSession(const UnfinishedSession&) = delete;
  UnfinishedSession& operator=(const UnfinishedSession&) = delete;

  // Sets the mark. To be called before the first file becomes visible; later calls have no effect. Throws
  // OsError.
  void begin();

 private:
  int file_;
  std::string path_;
  bool is_marked_ = false;
};

}  // namespace ssync

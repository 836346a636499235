// A mark in a partition's .lock-replication for as long as a session stores in it, so that the next one knows
// if it was killed.
//
// A killed worker leaves files that are visible and whole, but whose names nobody has synced. To the next
// session's missing check they are here, so that its sender takes them for stored; a crash of the machine
// would then lose what was acknowledged. Swift has the same hole. The mark is the file's size, which means
// nothing to Swift, and is not synced: what a machine shows after a crash is on its disk.
#pragma once

#include <string>

namespace ssync {

class UnfinishedSession {
 public:
  // file is the open lock file, held for as long as this object; path names it in errors. If the session
  // before left its mark, all of the file system is synced. Throws OsError; the mark then stays.
  UnfinishedSession(int file, std::string path);
  // Takes the mark away. To be called when all that was made visible has been synced, or taken back.
  ~UnfinishedSession();
  UnfinishedSession(const UnfinishedSession&) = delete;
  UnfinishedSession& operator=(const UnfinishedSession&) = delete;

  // Sets the mark, before the first thing is made visible; later calls have no effect. Throws OsError.
  void begin();

 private:
  int file_;
  std::string path_;
  bool is_marked_ = false;
};

}  // namespace ssync

// Marks a file, or all that a directory holds, as one process's for as long as that lives. By flock(2) on <path>.lock,
// which ends with the process; where the file system has no such locks, as some that come over a network, by a claim
// named <path>.claim (io/files/claim.hpp), which is touched while its owner lives.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace rheo {

class FileLock {
 public:
  using Flock = int (*)(int file, int operation);

  // `refused`: where it belongs, and what is wrong when another holds it: "another run is at work here". Another
  // FileLock of this process counts as another, too. Throws RecordingError.
  FileLock(const std::filesystem::path& path, const std::filesystem::path& place, const std::string& refused,
           const std::string& expected, Flock flock = nullptr);
  FileLock(FileLock&&) noexcept;
  ~FileLock();

 private:
  struct Claim;
  std::filesystem::path path_;
  int file_ = -1;
  std::unique_ptr<Claim> claim_;
};

// The lock of an output directory, which must be there: one for each, whatever is written to it. Throws RecordingError
// where another process is at work in it.
FileLock lock_directory(const std::filesystem::path& directory, FileLock::Flock flock = nullptr);

}  // namespace rheo

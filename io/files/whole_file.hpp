// A file that appears under its name when it is complete; what was there before stays until then.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string_view>

namespace rheo {

// The reader of stdout has gone away. That is no error, but nothing is left to do.
struct ReaderGone {};

class WholeFile {
 public:
  // "-" is stdout. Everything here throws RecordingError, or ReaderGone.
  explicit WholeFile(std::filesystem::path path);
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  ~WholeFile();  // without close(): nothing has happened

  void write(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  // Overwrites what was written before; not on stdout.
  void replace(std::uint64_t at, std::string_view bytes);
  void close();

 private:
  [[noreturn]] void fail(int code) const;
  std::filesystem::path path_, draft_;
  std::FILE* file_ = nullptr;
  std::uint64_t size_ = 0;
};

// Writes all bytes to an open file. 0, or the error number.
int write_bytes(int file, std::string_view bytes);

}  // namespace rheo

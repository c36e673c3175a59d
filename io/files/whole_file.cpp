#include "io/files/whole_file.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "io/files/recording.hpp"

namespace rheo {

WholeFile::WholeFile(std::filesystem::path path)
    : path_(std::move(path)), draft_(std::filesystem::path(path_).concat(".tmp")) {
  file_ = path_ == "-" ? stdout : std::fopen(draft_.c_str(), "wb");
  if (file_ == nullptr) fail(errno);
}

WholeFile::~WholeFile() {
  if (file_ == nullptr || file_ == stdout) return;
  std::fclose(file_);
  std::remove(draft_.c_str());
}

void WholeFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail(errno);
  size_ += bytes.size();
}

void WholeFile::replace(std::uint64_t at, std::string_view bytes) {
  if (::fseeko(file_, static_cast<off_t>(at), SEEK_SET) != 0 ||
      std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size() || ::fseeko(file_, 0, SEEK_END) != 0)
    fail(errno);
}

void WholeFile::close() {
  if (file_ == stdout) {
    if (std::fflush(file_) != 0) fail(errno);
    return;
  }
  const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
  if (!closed || std::rename(draft_.c_str(), path_.c_str()) != 0) {
    const int code = errno;
    std::remove(draft_.c_str());
    fail(code);
  }
}

void WholeFile::fail(int code) const {
  if (path_ == "-" && code == EPIPE) throw ReaderGone();
  reject_recording(path_, "cannot be written (" + std::generic_category().message(code) + ")");
}

int write_bytes(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

}  // namespace rheo

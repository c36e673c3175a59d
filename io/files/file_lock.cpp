#include "io/files/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "io/files/claim.hpp"
#include "io/files/recording.hpp"
#include "io/files/run_files.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;
// Owners of other hosts touch their claims so often, and count as gone when they have not for so long: a network file
// system may show a change late.
constexpr std::chrono::seconds between_heartbeats{20};
constexpr double seconds_until_gone = 300;

// The content of a lock or a claim names its owner. `number` tells two locks of one process apart.
std::string text_of(const ProcessName& name, const void* number) {
  Json json;
  json["host"] = name.host;
  json["process"] = name.process;
  json["process_began"] = name.process_began;
  json["lock"] = reinterpret_cast<std::uintptr_t>(number);
  return json_text(json) + '\n';
}

std::optional<ProcessName> name_of(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    return ProcessName{json.at("host").get<std::string>(), json.at("process").get<std::int64_t>(),
                       json.at("process_began").get<std::uint64_t>()};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// " (process 4711 of node07)", or nothing where the owner is not known.
std::string owner_text(const std::optional<ProcessName>& owner) {
  if (!owner) return {};
  return owner->is_of_this_host() ? fmt::format(" (process {})", owner->process)
                                  : fmt::format(" (process {} of {})", owner->process, owner->host);
}

bool has_no_locks(int code) {
  return code == ENOSYS || code == EOPNOTSUPP || code == ENOLCK || code == EINVAL;
}

}  // namespace

// A claim that is touched until it ends.
struct FileLock::Claim {
  fs::path file, draft;
  std::string text;
  std::mutex mutex;
  std::condition_variable ending;
  bool ended = false;  // guarded by mutex
  std::thread heart;

  explicit Claim(const fs::path& path) : file(fs::path(path).concat(".claim")) {
    const ProcessName own = own_process();
    text = text_of(own, this);
    draft = fs::path(file).concat(
        fmt::format(".{}.{}.{:x}", own.host, own.process, reinterpret_cast<std::uintptr_t>(this)));
    std::ofstream stream(draft, std::ios::binary);
    stream << text;
    stream.close();
    if (!stream) {
      ::unlink(draft.c_str());
      reject_recording(draft, "cannot be written");
    }
  }
  ~Claim() {
    if (heart.joinable()) {
      {
        const std::lock_guard guard(mutex);
        ended = true;
      }
      ending.notify_one();
      heart.join();
      release_claim(file, text);
    }
    ::unlink(draft.c_str());
  }

  // Returns the text of its owner where the claim cannot be had.
  std::optional<std::string> take() {
    std::string found;
    const ClaimAnswer answer = take_claim(file, draft, text, [&](const std::string& other) {
      found = other;
      const std::optional<ProcessName> owner = name_of(other);
      if (!owner) return ClaimOwner::gone;
      if (owner->is_of_this_host()) return owner->is_live() ? ClaimOwner::working : ClaimOwner::gone;
      // Both times are the file system's: the draft was written just now.
      const bool is_quiet = seconds_of_change(draft) - seconds_of_change(file) > seconds_until_gone;
      return is_quiet ? ClaimOwner::gone : ClaimOwner::unknown;
    });
    if (answer != ClaimAnswer::ours) return found;
    heart = std::thread([this] {
      std::unique_lock guard(mutex);
      while (!ending.wait_for(guard, between_heartbeats, [this] { return ended; }))
        ::utimensat(AT_FDCWD, file.c_str(), nullptr, 0);
    });
    return std::nullopt;
  }
};

FileLock::FileLock(const fs::path& path, const fs::path& place, const std::string& refused, const std::string& expected,
                   Flock flock)
    : path_(fs::path(path).concat(".lock")) {
  if (flock == nullptr) flock = ::flock;
  for (;;) {
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0) reject_recording(path_, "cannot be created (" + std::generic_category().message(errno) + ")");
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
      const int code = errno;
      const std::optional<ProcessName> owner = name_of(text_of_file(path_).value_or(""));
      ::close(std::exchange(file_, -1));
      if (code == EINTR) continue;
      if (!has_no_locks(code)) reject_recording(place, refused + owner_text(owner), expected);
      ::unlink(path_.c_str());
      claim_ = std::make_unique<Claim>(path);
      if (const auto other = claim_->take()) reject_recording(place, refused + owner_text(name_of(*other)), expected);
      return;
    }
    // The previous holder may have removed the file between our open and our lock: then the lock marks nothing.
    struct stat ours {
    }, theirs{};
    if (::fstat(file_, &ours) == 0 && ::stat(path_.c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino &&
        ours.st_dev == theirs.st_dev) {
      // The message of a process that is refused names the owner. On a full disk the lock holds without a name.
      const std::string text = text_of(own_process(), this);
      if (::ftruncate(file_, 0) != 0 || ::pwrite(file_, text.data(), text.size(), 0) < 0) return;
      return;
    }
    ::close(std::exchange(file_, -1));
  }
}

FileLock::FileLock(FileLock&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)), claim_(std::move(other.claim_)) {}

FileLock::~FileLock() {
  if (file_ < 0) return;
  ::unlink(path_.c_str());
  ::close(file_);
}

FileLock lock_directory(const fs::path& directory, FileLock::Flock flock) {
  return {directory / directory_lock, directory, "another process is at work in this directory",
          "another directory with --out, or its end", flock};
}

}  // namespace rheo

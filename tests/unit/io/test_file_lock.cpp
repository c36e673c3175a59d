// Locks of directories where flock(2) works, and claims where it does not.
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>

#include "core/diagnostics.hpp"
#include "io/files/file_lock.hpp"
#include "io/files/run_files.hpp"
#include "tests/files.hpp"

namespace test_file_lock {

using namespace rheo;

namespace {

int no_locks(int, int) {
  errno = ENOLCK;
  return -1;
}

std::string refusal(const fs::path& directory, FileLock::Flock flock) {
  try {
    const FileLock lock = lock_directory(directory, flock);
  } catch (const RecordingError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a directory has one lock at a time, and it ends with its process", "[lock]") {
  const FileLock::Flock flock = GENERATE(static_cast<FileLock::Flock>(nullptr), &no_locks);
  const Scratch scratch;
  const fs::path claim = scratch / "directory.claim", lock = scratch / "directory.lock";
  {
    const FileLock first = lock_directory(scratch.path, flock);
    CHECK(fs::exists(flock == nullptr ? lock : claim));
    CHECK_THAT(refusal(scratch.path, flock), Catch::Contains("another process is at work in this directory (process " +
                                                             std::to_string(::getpid()) + ")"));
    // Another process, too.
    CHECK(in_child([&] { return refusal(scratch.path, flock).empty() ? 0 : 7; }) == 7 << 8);
  }
  CHECK(fs::is_empty(scratch.path));
  CHECK(refusal(scratch.path, flock).empty());
  // A process that ends without a word.
  CHECK(in_child([&] {
          new FileLock(lock_directory(scratch.path, flock));
          return 0;
        }) == 0);
  CHECK(fs::exists(flock == nullptr ? lock : claim));
  CHECK(refusal(scratch.path, flock).empty());
  CHECK_FALSE(fs::exists(claim));
}

TEST_CASE("a claim of another host holds while it is touched", "[lock]") {
  const Scratch scratch;
  const fs::path claim = scratch / "directory.claim";
  std::ofstream(claim) << R"({"host":"elsewhere.invalid","process":4711,"process_began":5})";
  CHECK_THAT(refusal(scratch.path, &no_locks), Catch::Contains("(process 4711 of elsewhere.invalid)"));
  CHECK(fs::exists(claim));
  fs::last_write_time(claim, fs::file_time_type::clock::now() - std::chrono::minutes(10));
  CHECK(refusal(scratch.path, &no_locks).empty());
  CHECK(fs::is_empty(scratch.path));
  // What is no claim holds nothing.
  std::ofstream(claim) << "{\"ho";
  CHECK(refusal(scratch.path, &no_locks).empty());
}

TEST_CASE("names of files that a run keeps for itself", "[lock]") {
  for (const char* name :
       {"spikes.h5", "run.json", "report.html", "checkpoint.h5", "checkpoint.previous.h5", "checkpoint_50ms.h5",
        "checkpoint_0.1ms.h5", "checkpoint_1e+20ms.h5", "w.h5.part", "w.h5.tmp", "directory.lock", "directory.claim"}) {
    CAPTURE(name);
    CHECK_FALSE(reserved_for(name).empty());
  }
  for (const char* name : {"w.h5", "checkpoint_V_m.h5", "checkpoints.h5", "checkpoint_ms.h5", "checkpoint_5_0ms.h5"}) {
    CAPTURE(name);
    CHECK(reserved_for(name).empty());
  }
  CHECK(is_checkpoint_name(kept_checkpoint(1e20)));
  CHECK(is_checkpoint_name(kept_checkpoint(12.3)));
}

}  // namespace test_file_lock

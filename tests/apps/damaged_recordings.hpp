// What a killed run left, damaged as disks and copies do it: no recording may be sealed differently in silence.
#pragma once

#include <sys/mount.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/apps/command.hpp"
#include "tests/apps/killed_runs.hpp"

inline constexpr int no_end = 1000;  // not an exit code
// A command that has not ended by then hangs, on however slow a machine. The nightly campaigns ask for 5 s.
inline constexpr int patience = 60;  // s

// The HDF5 library leaks what it has read of an object before it finds it damaged. LeakSanitizer would make another
// exit code of it.
class LeaksOfTheLibrary {
 public:
  LeaksOfTheLibrary() {
    if (const char* const set = std::getenv("ASAN_OPTIONS")) before_ = set;
    ::setenv("ASAN_OPTIONS", (before_.value_or("") + ":detect_leaks=0").c_str(), 1);
  }
  ~LeaksOfTheLibrary() {
    if (before_)
      ::setenv("ASAN_OPTIONS", before_->c_str(), 1);
    else
      ::unsetenv("ASAN_OPTIONS");
  }
  LeaksOfTheLibrary(const LeaksOfTheLibrary&) = delete;
  LeaksOfTheLibrary& operator=(const LeaksOfTheLibrary&) = delete;

 private:
  std::optional<std::string> before_;
};

// The exit code of a command, minus the signal that ended it, or no_end after so many seconds.
inline int code_within(Command& command, int seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!command.has_ended()) {
    if (std::chrono::steady_clock::now() > until) return no_end;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  return command.end();
}

// A run with all kinds of recordings that was killed between two checkpoints, after some rows of each.
inline fs::path killed_run(const Scratch& scratch, const fs::path& file) {
  const fs::path left = scratch / "left";
  Command command(scratch, {"run", file.string(), "--quiet", "--threads", "1", "--out", left.string(),
                            "--checkpoint-every", "20ms"});
  REQUIRE(comes_true([&] {
    return command.has_ended() || (fs::exists(left / "checkpoint.h5") &&
                                   flushed_rows(left / "spikes.h5.part", "/spikes/E/timestamps") > 9000 &&
                                   flushed_rows(left / "membrane_V_m.h5.part", "/report/E/data") > 1000 &&
                                   flushed_rows(left / "weights.h5.part", "/rows") > 2);
  }));
  command.send(SIGKILL);
  command.end();
  REQUIRE(fs::exists(left / "spikes.h5.part"));
  return left;
}

// Changes some bytes, cuts the end off, or puts zeros or noise in place of a sector or a page.
inline std::string damaged(std::string bytes, std::mt19937& dice) {
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(dice); };
  switch (below(4)) {
    case 0:
      for (std::size_t n = 1 + below(3); n > 0; --n) bytes[below(bytes.size())] ^= static_cast<char>(1 + below(255));
      break;
    case 1:
      bytes.resize(below(bytes.size()));
      break;
    default: {
      const std::size_t size = below(2) == 0 ? 512 : 4096, first = below(bytes.size()) / size * size;
      const bool is_noise = below(2) == 0;
      for (std::size_t i = first; i < std::min(bytes.size(), first + size); ++i)
        bytes[i] = is_noise ? static_cast<char>(below(256)) : '\0';
    }
  }
  return bytes;
}

// Whether all that a recovered file holds is the beginning of what the other one does.
inline bool is_beginning(const rheo::h5::Group& some, const rheo::h5::Group& all) {
  for (const std::string& name : some.list()) {
    if (name == "mapping") continue;  // says how many rows there are
    if (some.has_group(name)) {
      if (!is_beginning(some.group(name), all.group(name))) return false;
      continue;
    }
    const auto found = some.dataset(name).read<double>(), right = all.dataset(name).read<double>();
    if (found.size() > right.size() || !std::equal(found.begin(), found.end(), right.begin())) return false;
  }
  return true;
}

struct Damages {
  int files = 0, unharmed = 0, told = 0;  // sealed as without the damage; told with file and what was kept
  int silent = 0, crashed = 0, hung = 0, untold = 0;
  std::map<std::string, int> kept;  // of those told, by name: something was sealed
  bool all_well() const { return silent + crashed + hung + untold == 0; }
};

// Damages files that `rheo recover` is to seal, each alone in its directory.
inline Damages damage_parts(const Scratch& scratch, const fs::path& left, int files, unsigned seed,
                            int seconds = patience) {
  const std::vector<std::string> names{"spikes.h5", "membrane_V_m.h5", "weights.h5"};
  const fs::path right = scratch / "right", here = scratch / "here";
  fs::remove_all(right);
  fs::copy(left, right);
  REQUIRE(code_of(scratch, {"recover", right.string()}) == 0);
  const LeaksOfTheLibrary leaks;
  std::mt19937 dice(seed);
  Damages found;
  for (; found.files < files; ++found.files) {
    const std::string& name = names[static_cast<std::size_t>(found.files) % names.size()];
    const std::string bytes = bytes_of(left / (name + ".part"));
    fs::remove_all(here);
    fs::create_directory(here);
    std::ofstream(here / (name + ".part"), std::ios::binary) << damaged(bytes, dice);
    Command command(scratch, {"recover", here.string()});
    const int code = code_within(command, seconds);
    CAPTURE(name, found.files, code, command.err());
    if (code == no_end) {
      ++found.hung;
    } else if (code == 0) {
      const bool same = bytes_of(here / name) == bytes_of(right / name);
      CHECK(same);
      ++(same ? found.unharmed : found.silent);
    } else if (code != 2) {
      CHECK(code == 2);
      ++found.crashed;
    } else if (command.err().find(name + ".part") == std::string::npos) {
      CHECK(command.err() == name);
      ++found.untold;
    } else {
      ++found.told;
      if (!fs::exists(here / name)) {
        CHECK(fs::exists(here / (name + ".part")));
        continue;
      }
      ++found.kept[name];
      CHECK(fs::exists(here / (name + ".part.damaged")));
      const bool is_right =
          is_beginning(rheo::h5::File::open((here / name).string()), rheo::h5::File::open((right / name).string()));
      CHECK(is_right);
      found.silent += !is_right;
    }
  }
  return found;
}

// Damages sealed files that `rheo verify` is to find, with the SHA-256 of run.json and without.
inline Damages damage_sealed(const Scratch& scratch, const fs::path& finished, int files, unsigned seed,
                             int& found_without_run, int seconds = patience) {
  const fs::path here = scratch / "here";
  const LeaksOfTheLibrary leaks;
  std::mt19937 dice(seed);
  Damages found;
  for (; found.files < files; ++found.files) {
    const std::string& name = all_recorded[static_cast<std::size_t>(found.files) % all_recorded.size()];
    const std::string bytes = bytes_of(finished / name);
    const std::string other = damaged(bytes, dice);
    fs::remove_all(here);
    fs::create_directory(here);
    fs::copy(finished / "run.json", here / "run.json");
    for (const std::string& one : all_recorded)
      if (one != name) fs::create_hard_link(finished / one, here / one);
    std::ofstream(here / name, std::ios::binary) << other;
    for (const bool with_run : {true, false}) {
      if (!with_run) fs::remove(here / "run.json");
      Command command(scratch, {"verify", (with_run ? here : here / name).string()});
      const int code = code_within(command, seconds);
      CAPTURE(name, found.files, with_run, code, command.err());
      CHECK((code == 0 || code == 2));
      if (code == no_end) {
        ++found.hung;
      } else if (code != 0 && code != 2) {
        ++found.crashed;
      } else if (!with_run) {
        found_without_run += code == 2;
      } else if (code == 0) {
        CHECK(other == bytes);
        ++(other == bytes ? found.unharmed : found.silent);
      } else {
        ++found.told;
      }
    }
  }
  return found;
}

// A file system of its own, of so many bytes.
class SmallDisk {
 public:
  SmallDisk(fs::path folder, std::uint64_t bytes) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, size(bytes).c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  void grow(std::uint64_t bytes) const {
    REQUIRE(::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, size(bytes).c_str()) == 0);
  }

 private:
  static std::string size(std::uint64_t bytes) { return "size=" + std::to_string(bytes); }
  fs::path folder_;
  bool mounted_;
};

struct FullDisks {
  int disks = 0, finished = 0, resumed = 0, begun_again = 0, recovered = 0;
  int crashed = 0, hung = 0, different = 0, blocked = 0;
  bool all_well() const { return crashed + hung + different + blocked == 0; }
};

// Runs on disks from 4 kB to 8 MB, each larger than the one before by the same factor. Nothing where this process may
// not mount.
inline std::optional<FullDisks> fill_disks(const Scratch& scratch, const fs::path& file, int disks) {
  const LeaksOfTheLibrary leaks;
  const fs::path whole = scratch / "whole", disk = scratch / "disk", out = disk / "o";
  REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", whole.string()}) == 0);
  const auto differs = [&] {
    return std::any_of(all_recorded.begin(), all_recorded.end(),
                       [&](const std::string& name) { return bytes_of(whole / name) != bytes_of(out / name); });
  };
  constexpr double least = 4096, most = 8 << 20;
  constexpr std::uint64_t enough = std::uint64_t{256} << 20;
  FullDisks found;
  for (; found.disks < disks; ++found.disks) {
    const double part = disks == 1 ? 0 : static_cast<double>(found.disks) / (disks - 1);
    const auto bytes = static_cast<std::uint64_t>(least * std::pow(most / least, part)) / 4096 * 4096;
    const SmallDisk small(disk, bytes);
    if (!small.mounted()) return std::nullopt;
    const std::vector<std::string> begin{"run",        file.string(),        "--quiet", "--out",
                                         out.string(), "--checkpoint-every", "5ms"};
    Command command(scratch, begin);
    const int code = code_within(command, 60);
    CAPTURE(bytes, code, command.err());
    CHECK(code >= 0);
    CHECK(code != no_end);
    if (code == no_end || code < 0) {
      ++(code < 0 ? found.crashed : found.hung);
      continue;
    }
    small.grow(enough);
    if (code == 0) {
      ++found.finished;
    } else if (fs::exists(out / "checkpoint.h5") || fs::exists(out / "checkpoint.previous.h5")) {
      ++found.resumed;
      Command resume(scratch, {"resume", out.string(), "--quiet"});
      const int again = code_within(resume, 60);
      CAPTURE(again, resume.err());
      CHECK(again == 0);
      if (again < 0) ++found.crashed;
    } else {
      // Where nothing was recorded, nothing is in the way.
      Command second(scratch, begin);
      int again = code_within(second, 60);
      ++(again == 0 ? found.begun_again : found.recovered);
      if (again == 2 && second.err().find("rheo recover") != std::string::npos) {
        CHECK(code_of(scratch, {"recover", out.string()}) == 0);
        continue;
      }
      CAPTURE(again, second.err());
      CHECK(again == 0);
      if (again != 0) {
        ++found.blocked;
        continue;
      }
    }
    CHECK_FALSE(differs());
    found.different += differs();
  }
  return found;
}

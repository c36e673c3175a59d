// What tests of files share: a folder of their own, bytes, a child process, and waiting for what a writer has flushed.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "io/h5/h5.hpp"

namespace fs = std::filesystem;

// A folder of a test's own, gone at its end.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "rheo_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  fs::path operator/(const std::string& name) const { return path / name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name, std::ios::binary) << text;
    return *this / name;
  }
  fs::path path;
};

inline std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  return bytes.str();
}

inline bool has_h5py() {
  return std::system("/usr/bin/python3 -c 'import h5py' >/dev/null 2>&1") == 0;
}

// Runs `body` in a process of its own and returns how that ended (as waitpid tells it). The child leaves without
// destructors of the parent's objects; nothing of HDF5 may be open here when it starts.
inline int in_child(const std::function<int()>& body, const std::function<void(pid_t)>& meanwhile = {}) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no fork");
  if (child == 0) {
    int code = 99;
    try {
      code = body();
    } catch (...) {
    }
    ::_exit(code);
  }
  if (meanwhile) meanwhile(child);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// Waits until it holds, for at most two minutes: long enough for a machine that is busy with something else, and no
// longer than needed on one that is not.
inline bool comes_true(const std::function<bool()>& what) {
  const auto begin = std::chrono::steady_clock::now();
  while (!what()) {
    if (std::chrono::steady_clock::now() - begin > std::chrono::minutes(2)) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// Rows of a dataset that another reader finds in a file while it is written; 0 where there is nothing to read yet.
inline std::uint64_t flushed_rows(const fs::path& file, const std::string& dataset) {
  try {
    return rheo::h5::File::open(file.string(), rheo::h5::File::Access::sealed_or_live).dataset(dataset).rows();
  } catch (const rheo::h5::Error&) {
    return 0;
  }
}

// The rheo command as a child process, for the tests of its folder.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/files.hpp"

// The command with its output in files; started at once, waited for by end().
class Command {
 public:
  // most_bytes: no file may become longer, as on a disk that is full.
  Command(const Scratch& scratch, const std::vector<std::string>& arguments, rlim_t most_bytes = RLIM_INFINITY)
      : out_(scratch / "stdout"), err_(scratch / "stderr") {
    pid_ = ::fork();
    if (pid_ != 0) return;
    std::vector<std::string> words{RHEO_COMMAND};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int out = ::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = ::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(out, 1);
    ::dup2(err, 2);
    if (most_bytes != RLIM_INFINITY) {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{most_bytes, most_bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Command() {
    if (pid_ > 0) {
      send(SIGKILL);
      end();
    }
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  pid_t process() const { return pid_; }
  void send(int signal) const { ::kill(pid_, signal); }
  // Whether end() will not wait.
  bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
  }
  // The exit code, or minus the signal that ended it.
  int end() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string out() const { return bytes_of(out_); }
  std::string err() const { return bytes_of(err_); }

 private:
  fs::path out_, err_;
  pid_t pid_ = -1;
};

inline int code_of(const Scratch& scratch, const std::vector<std::string>& arguments) {
  return Command(scratch, arguments).end();
}

inline nlohmann::json report(const fs::path& directory) {
  return nlohmann::json::parse(bytes_of(directory / "run.json"));
}

// Whether the independent reader accepts all of these files; what it says goes to the test's output.
inline bool sonata_accepts(const std::vector<fs::path>& files) {
  std::string command = "/usr/bin/python3 " RHEO_SOURCE_DIR "/tests/peers/sonata_check.py";
  for (const fs::path& file : files) command += " '" + file.string() + "'";
  return std::system(command.c_str()) == 0;
}

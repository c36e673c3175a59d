// Runs what a command line asks for and turns what goes wrong into one line and an exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "apps/command/command_line.hpp"
#include "apps/session/exit_codes.hpp"
#include "apps/session/print.hpp"
#include "core/diagnostics.hpp"
#include "core/memory.hpp"
#include "io/files/provenance.hpp"
#include "io/files/whole_file.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace {

// A file opened while stdout or stderr is closed would get its number, and the summary would be written into it.
void hold_standard_streams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) == -1 && ::open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY) < 0) return;
  }
}

// What --json prints where there is nothing else to tell.
void tell_error(const Complaint& c) {
  const Json error{{"file", c.file},       {"key", c.key},           {"value", c.value},
                   {"problem", c.problem}, {"expected", c.expected}, {"suggestion", c.suggestion}};
  try {
    print(json_text(Json{{"status", "error"}, {"error", error}}, 2) + '\n');
  } catch (const std::exception&) {  // stderr has the message
  }
}

int fail(int code, const std::string& message) {
  const std::string line = "rheo: " + message + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  return code;
}

}  // namespace

int run_rheo(std::vector<std::string> words) {
  hold_standard_streams();
  const bool told_as_json = std::find(words.begin(), words.end(), "--json") != words.end();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone away must not end a simulation
  std::signal(SIGXFSZ, SIG_IGN);  // a file larger than ulimit -f allows is an error of writing, which has a message
  try {
    return run_command_line(std::move(words));
  } catch (const ReaderGone&) {
    // As other programs of a pipe end when the next one has read enough.
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
    return exit_other_error;
  } catch (const UserError& error) {
    if (told_as_json) tell_error(error.complaint());
    return fail(exit_user_error, error.what());
  } catch (const std::bad_alloc&) {
    return fail(
        exit_other_error,
        fmt::format("out of memory: {:.0f} MiB were in use when the system refused more, of {:.0f} MiB that can be "
                    "used here",
                    static_cast<double>(peak_memory_bytes()) / (1 << 20),
                    static_cast<double>(usable_memory()) / (1 << 20)));
  } catch (const std::exception& error) {
    return fail(exit_other_error, fmt::format("internal error: {}", error.what()));
  }
}

}  // namespace rheo

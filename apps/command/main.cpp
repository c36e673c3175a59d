// The rheo command: runs what the command line asks for and turns what goes wrong into one line and an exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "apps/command/command_line.hpp"
#include "apps/session/exit_codes.hpp"
#include "core/diagnostics.hpp"
#include "core/memory.hpp"
#include "io/files/provenance.hpp"
#include "io/files/whole_file.hpp"

namespace {

// A file opened while stdout or stderr is closed would get its number, and the summary would be written into it.
void hold_standard_streams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) == -1 && ::open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY) < 0) return;
  }
}

int fail(int code, const std::string& message) {
  const std::string line = "rheo: " + message + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone away must not end a simulation
  std::signal(SIGXFSZ, SIG_IGN);  // a file larger than ulimit -f allows is an error of writing, which has a message
  try {
    return rheo::run_command_line({argv + std::min(argc, 1), argv + argc});
  } catch (const rheo::ReaderGone&) {
    // As other programs of a pipe end when the next one has read enough.
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
    return rheo::exit_other_error;
  } catch (const rheo::UserError& error) {
    return fail(rheo::exit_user_error, error.what());
  } catch (const std::bad_alloc&) {
    return fail(
        rheo::exit_other_error,
        fmt::format("out of memory: {:.0f} MiB were in use when the system refused more, of {:.0f} MiB that can be "
                    "used here",
                    static_cast<double>(rheo::peak_memory_bytes()) / (1 << 20),
                    static_cast<double>(rheo::usable_memory()) / (1 << 20)));
  } catch (const std::exception& error) {
    return fail(rheo::exit_other_error, fmt::format("internal error: {}", error.what()));
  }
}

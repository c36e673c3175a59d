// The rheo command: dispatches to a sub-command and turns what goes wrong into one line and an exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "apps/commands.hpp"
#include "core/errors.hpp"
#include "core/memory.hpp"
#include "io/provenance.hpp"

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

int run(int argc, char** argv) {
  CLI::App app("Rheobase: spiking networks, reproducible to the bit", "rheo");
  app.set_version_flag("--version", fmt::format("rheo {}", rheo::version));
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("rheo: {}\nTry rheo --help or rheo COMMAND --help.\n", error.what());
  });
  rheo::add_run(app);
  rheo::add_sweep(app);
  rheo::add_validate(app);
  rheo::add_models(app);
  rheo::add_inspect(app);
  rheo::add_resume(app);
  rheo::add_reservoir(app);
  rheo::add_continual(app);
  rheo::add_recover(app);
  rheo::add_verify(app);
  rheo::add_export(app);
  rheo::add_convert(app);
  rheo::add_report(app);
  rheo::add_bench(app);

  // The library would only say that a command is required.
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (argc > 1 && argv[1][0] != '-' && std::find(names.begin(), names.end(), argv[1]) == names.end()) {
    throw rheo::UserError({.file = {},
                           .key = {},
                           .value = fmt::format("\"{}\"", argv[1]),
                           .problem = "unknown command",
                           .expected = fmt::format("one of {}", fmt::join(names, ", ")),
                           .suggestion = rheo::nearest(argv[1], names)});
  }
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::RuntimeError& end) {
    return end.get_exit_code();
  } catch (const CLI::ParseError& error) {  // --help and --version come here too, with code 0
    return app.exit(error) == 0 ? 0 : rheo::exit_user_error;
  }
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone away must not end a simulation
  std::signal(SIGXFSZ, SIG_IGN);  // a file larger than ulimit -f allows is an error of writing, which has a message
  try {
    return run(argc, argv);
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

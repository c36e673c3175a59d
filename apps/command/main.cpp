// The rheo command: dispatches to a sub-command and turns what goes wrong into one line and an exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/command/commands.hpp"
#include "core/errors.hpp"
#include "core/memory.hpp"
#include "io/provenance.hpp"
#include "io/whole_file.hpp"

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

// Help as a user reads it: the library would show how it names flags that switch something off, and the choices and
// dependences of an option in a notation of its own.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    for (std::size_t at; (at = name.find("{false}")) != std::string::npos;) name.erase(at, 7);
    return name;
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return {};
    std::string type = option->get_type_name();
    // "FORMAT:{gdf,csv}" is "gdf|csv", "N:UINT in [1 - 10]" is "N".
    if (const std::size_t at = type.find(":{"); at != std::string::npos && type.back() == '}') {
      type = type.substr(at + 2, type.size() - at - 3);
      std::replace(type.begin(), type.end(), ',', '|');
    } else {
      type = type.substr(0, type.find(':'));
    }
    return type.empty() ? type : ' ' + type;
  }
};

// "rheo: --thread: ...; did you mean "--threads"?" for an option that a command does not have; the library's message
// for another word that is too much.
[[noreturn]] void refuse_option(const CLI::App& app, const CLI::ExtrasError& error) {
  const CLI::App* command = &app;
  std::string name = "rheo";
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += ' ' + command->get_name();
  }
  std::vector<std::string> options;
  for (const CLI::Option* option : command->get_options())
    if (!option->get_group().empty())
      for (const std::string& known : option->get_lnames()) options.push_back("--" + known);
  for (const std::string& word : app.remaining(true)) {
    if (word.size() < 2 || word.front() != '-') continue;
    const std::string option = word.substr(0, word.find('='));
    throw rheo::UserError({.file = {},
                           .key = option,
                           .value = {},
                           .problem = fmt::format("{} has no such option", name),
                           .expected = fmt::format("one of those that {} --help shows", name),
                           .suggestion = rheo::nearest(option, options)});
  }
  throw error;
}

int run(int argc, char** argv) {
  CLI::App app("Rheobase: spiking networks, reproducible to the bit", "rheo");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("-V,--version", fmt::format("rheo {}", rheo::version));
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

  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  // "help sweep" is "sweep --help".
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  // The library would only say that a command is required.
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (!words.empty() && !words.front().starts_with('-') &&
      std::find(names.begin(), names.end(), words.front()) == names.end()) {
    names.emplace_back("help");
    throw rheo::UserError({.file = {},
                           .key = {},
                           .value = fmt::format("\"{}\"", words.front()),
                           .problem = "unknown command",
                           .expected = fmt::format("one of {}", fmt::join(names, ", ")),
                           .suggestion = rheo::nearest(words.front(), names)});
  }
  std::reverse(words.begin(), words.end());               // as the library wants them
  const auto leave = [&](const CLI::ParseError& error) {  // --help and --version come here too, with code 0
    std::ostringstream out;
    const int code = app.exit(error, out, std::cerr);
    rheo::print(out.str());
    return code == 0 ? 0 : rheo::exit_user_error;
  };
  try {
    app.parse(std::move(words));
    return 0;
  } catch (const CLI::RuntimeError& end) {
    return end.get_exit_code();
  } catch (const CLI::ExtrasError& error) {
    try {
      refuse_option(app, error);
    } catch (const CLI::ParseError& other) {
      return leave(other);
    }
  } catch (const CLI::ParseError& error) {
    return leave(error);
  }
}

}  // namespace

void rheo::print(const std::string& text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (const int code = errno; code != EPIPE)
    throw UserError({.file = "standard output",
                     .key = {},
                     .value = {},
                     .problem = fmt::format("cannot be written ({})", std::generic_category().message(code)),
                     .expected = {},
                     .suggestion = {}});
}

int main(int argc, char** argv) {
  hold_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone away must not end a simulation
  std::signal(SIGXFSZ, SIG_IGN);  // a file larger than ulimit -f allows is an error of writing, which has a message
  try {
    return run(argc, argv);
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

// What the library that reads options says to users, in the words of rheo.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace rheo {

// Help as a user reads it: the library would show how it names flags that switch something off, and the choices and
// dependences of an option in a notation of its own.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
};

// "rheo: --thread: ...; did you mean "--threads"?" for an option that a command does not have; the library's message
// for another word that is too much.
[[noreturn]] void reject_option(const CLI::App& app, const CLI::ExtrasError& error);

}  // namespace rheo

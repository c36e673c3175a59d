#include "apps/command/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/diagnostics.hpp"

namespace rheo {

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool is_positional) const {
  std::string name = CLI::Formatter::make_option_name(option, is_positional);
  for (std::size_t at; (at = name.find("{false}")) != std::string::npos;) name.erase(at, 7);
  return name;
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
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

void reject_option(const CLI::App& app, const CLI::ExtrasError& error) {
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
    throw UserError({.key = option,
                     .problem = fmt::format("{} has no such option", name),
                     .expected = fmt::format("one of those that {} --help shows", name),
                     .suggestion = nearest(option, options)});
  }
  throw error;
}

}  // namespace rheo

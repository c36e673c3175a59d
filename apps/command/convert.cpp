// rheo convert IN OUT: spikes of another order, of another program or of a text, as a SONATA file.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "apps/command/commands.hpp"
#include "apps/session/summary.hpp"
#include "core/errors.hpp"
#include "io/spike_convert.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string in, out, sort = "by_time", from;
  ConvertOptions convert;
};

void convert(const Options& options) {
  fs::path in = options.in;
  std::error_code error;
  if (fs::is_directory(in, error)) in /= "spikes.h5";
  const fs::path end = fs::path(options.out).extension();
  if (end != ".h5" && end != ".hdf5" && end != ".sonata")
    throw UserError({.file = {},
                     .key = "OUT",
                     .value = options.out,
                     .problem = "is no name of a SONATA file",
                     .expected = "a file *.h5; rheo export --format writes others",
                     .suggestion = {}});
  ConvertOptions convert = options.convert;
  convert.order = options.sort == "none"    ? SpikeOrder::none
                  : options.sort == "by_id" ? SpikeOrder::by_id
                                            : SpikeOrder::by_time;
  if (options.from.empty())
    convert.text = spike_text_of(in);
  else if (options.from != "sonata")
    convert.text = options.from == "gdf" ? SpikeText::gdf : SpikeText::csv;
  if (!convert.text && convert.first_id != 0)
    throw UserError({.file = {},
                     .key = "--first-id",
                     .value = std::to_string(convert.first_id),
                     .problem = "is for texts only; neurons of SONATA are counted from 0",
                     .expected = {},
                     .suggestion = {}});
  const ConvertSummary summary = convert_spikes(in, options.out, convert);
  std::string text = fmt::format("{}: sorted {}\n", options.out, options.sort);
  for (const auto& [name, spikes] : summary.populations)
    text += fmt::format("  {:<16} {:>13} spikes\n", name, grouped(spikes));
  print(text);
}

}  // namespace

void add_convert(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("convert", "spikes from SONATA, gdf or csv to SONATA, sorted");
  command->add_option("IN", options->in, "output directory of a run, or a file with spikes (*.h5, *.gdf, *.dat, *.csv)")
      ->required()
      ->type_name("");
  command->add_option("OUT", options->out, "the SONATA file")->required()->type_name("");
  command->add_option("--sort", options->sort, "by_time (then by id; the default), by_id (then by time), none")
      ->check(CLI::IsMember({"by_time", "by_id", "none"}))
      ->type_name("ORDER");
  command
      ->add_option("--population", options->convert.population,
                   "the name for spikes without one, as in a gdf; else the only population to take")
      ->type_name("NAME");
  command->add_option("--from", options->from, "what IN is, whatever its name: sonata, gdf or csv")
      ->check(CLI::IsMember({"sonata", "gdf", "csv"}))
      ->type_name("FORMAT");
  command->add_option("--first-id", options->convert.first_id, "of a text: the first neuron's number (0; in NEST 1)")
      ->type_name("N");
  command->callback([options] { convert(*options); });
}

}  // namespace rheo

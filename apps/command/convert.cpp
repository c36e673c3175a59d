// rheo convert IN OUT: spikes of another order, of another program or of a text, as a SONATA file.
#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "apps/command/commands.hpp"
#include "apps/session/print.hpp"
#include "apps/session/summary.hpp"
#include "core/diagnostics.hpp"
#include "io/spikes/convert.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

}  // namespace

int convert_files(const ConvertFilesOptions& options) {
  fs::path in = options.in;
  std::error_code error;
  if (fs::is_directory(in, error)) in /= "spikes.h5";
  const fs::path end = fs::path(options.out).extension();
  if (end != ".h5" && end != ".hdf5" && end != ".sonata")
    throw UserError({.key = "OUT",
                     .value = options.out,
                     .problem = "is no name of a SONATA file",
                     .expected = "a file *.h5; rheo export --format writes others"});
  ConvertOptions convert = options.convert;
  convert.order = options.sort == "none"    ? SpikeOrder::none
                  : options.sort == "by_id" ? SpikeOrder::by_id
                                            : SpikeOrder::by_time;
  if (options.from.empty())
    convert.text = spike_text_of(in);
  else if (options.from != "sonata")
    convert.text = options.from == "gdf" ? SpikeText::gdf : SpikeText::csv;
  if (!convert.text && convert.first_id != 0)
    throw UserError({.key = "--first-id",
                     .value = std::to_string(convert.first_id),
                     .problem = "is for texts only; neurons of SONATA are counted from 0"});
  const ConvertSummary summary = convert_spikes(in, options.out, convert);
  std::string text = fmt::format("{}: sorted {}\n", options.out, options.sort);
  for (const auto& [name, spikes] : summary.populations)
    text += fmt::format("  {:<16} {:>13} spikes\n", name, grouped(spikes));
  print(text);
  return 0;
}

}  // namespace rheo

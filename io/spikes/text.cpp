#include "io/spikes/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "io/files/recording.hpp"
#include "io/files/whole_file.hpp"
#include "io/h5/h5.hpp"
#include "io/spikes/reader.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

template <class Line>
std::uint64_t write_population(const StoredSpikes& spikes, WholeFile& to, const Line& line) {
  fmt::memory_buffer text;
  for (std::uint64_t first = 0; first < spikes.size(); first += h5::piece_values) {
    const std::uint64_t count = std::min(h5::piece_values, spikes.size() - first);
    const auto t = spikes.times(first, count);
    const auto id = spikes.nodes(first, count);
    text.clear();
    for (std::uint64_t i = 0; i < count; ++i) line(text, t[i], id[i]);
    to.write({text.data(), text.size()});
  }
  return spikes.size();
}

}  // namespace

SpikeTextSummary write_spike_text(const fs::path& spikes, SpikeText format, const fs::path& out) {
  return recording_step(out, [&] {
    const h5::File file = h5::File::open(spikes.string());
    const std::vector<StoredPopulation> populations = open_spikes(file);
    SpikeTextSummary summary;
    if (format == SpikeText::csv) {
      for (const auto& [name, stored] : populations)
        if (name.find_first_of(" \t\r\n,") != std::string::npos)
          throw RecordingError({.file = spikes.string(),
                                .key = "/spikes",
                                .value = name,
                                .problem = "cannot stand in a csv file, where blanks separate",
                                .expected = "names without blanks and commas, or another format"});
      WholeFile text(out);
      text.write("timestamps population node_ids\n");
      for (const StoredPopulation& population : populations)
        summary.spikes += write_population(population.spikes, text, [&](auto& to, double time, std::uint64_t id) {
          fmt::format_to(std::back_inserter(to), "{} {} {}\n", time, population.name, id);
        });
      text.close();
      summary.files.push_back(out);
      return summary;
    }
    if (out == "-" && populations.size() > 1)
      reject_recording(spikes, "holds " + std::to_string(populations.size()) + " populations",
                       "--out with a file name");
    for (const auto& [name, stored] : populations) {
      fs::path path = out;
      if (populations.size() > 1)
        path = (path.parent_path() / path.stem()).concat("-" + name + out.extension().string());
      WholeFile text(path);
      summary.spikes += write_population(stored, text, [&](auto& to, double time, std::uint64_t id) {
        fmt::format_to(std::back_inserter(to), "{}\t{}\n", id, time);
      });
      text.close();
      summary.files.push_back(path);
    }
    return summary;
  });
}

}  // namespace rheo

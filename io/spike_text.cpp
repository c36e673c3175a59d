#include "io/spike_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "io/h5.hpp"
#include "io/recording.hpp"
#include "io/spike_reader.hpp"
#include "io/whole_file.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t piece = std::uint64_t{1} << 18;  // spikes that are held at a time

template <class Line>
std::uint64_t write_population(const StoredSpikes& spikes, WholeFile& to, const Line& line) {
  fmt::memory_buffer text;
  for (std::uint64_t first = 0; first < spikes.size(); first += piece) {
    const std::uint64_t count = std::min(piece, spikes.size() - first);
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
                                .expected = "names without blanks and commas, or another format",
                                .suggestion = {}});
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
      refuse_recording(spikes, "holds " + std::to_string(populations.size()) + " populations",
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

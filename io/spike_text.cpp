#include "io/spike_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "io/h5.hpp"
#include "io/recording.hpp"
#include "io/spike_reader.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t piece = std::uint64_t{1} << 18;  // spikes that are held at a time

// Text on its way to a file, which appears under its name when it is complete.
class TextFile {
 public:
  explicit TextFile(const fs::path& path) : path_(path), draft_(fs::path(path).concat(".tmp")) {
    file_ = path == "-" ? stdout : std::fopen(draft_.c_str(), "wb");
    if (file_ == nullptr) fail(errno);
  }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  ~TextFile() {
    if (file_ == nullptr || file_ == stdout) return;
    std::fclose(file_);
    std::remove(draft_.c_str());
  }
  void write(const fmt::memory_buffer& text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail(errno);
  }
  void close() {
    if (file_ == stdout) {
      if (std::fflush(file_) != 0) fail(errno);
      return;
    }
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!closed || std::rename(draft_.c_str(), path_.c_str()) != 0) {
      const int code = errno;
      std::remove(draft_.c_str());
      fail(code);
    }
  }

 private:
  [[noreturn]] void fail(int code) const {
    refuse_recording(path_, "cannot be written (" + std::generic_category().message(code) + ")");
  }
  fs::path path_, draft_;
  std::FILE* file_ = nullptr;
};

template <class Line>
std::uint64_t write_population(const h5::Group& group, TextFile& to, const Line& line) {
  const h5::Dataset times = group.dataset("timestamps");
  const h5::Dataset nodes = group.dataset(group.has_dataset("node_ids") ? "node_ids" : "gids");
  for (const h5::Dataset* data : {&times, &nodes})
    if (data->rank() != 1) data->fail("must have one dimension");
  if (times.rows() != nodes.rows()) times.fail("holds another number of spikes than " + nodes.path());
  fmt::memory_buffer text;
  for (std::uint64_t first = 0; first < times.rows(); first += piece) {
    const std::uint64_t count = std::min(piece, times.rows() - first);
    const auto t = times.read<double>(first, count);
    const auto id = nodes.read<std::uint64_t>(first, count);
    text.clear();
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!std::isfinite(t[i])) times.fail("value " + std::to_string(first + i) + " is not a finite number");
      line(text, t[i], id[i]);
    }
    to.write(text);
  }
  return times.rows();
}

}  // namespace

SpikeTextSummary write_spike_text(const fs::path& spikes, SpikeText format, const fs::path& out) {
  return recording_step(out, [&] {
    const std::vector<std::string> names = spike_populations(spikes.string());
    const h5::File file = h5::File::open(spikes.string());
    const h5::Group all = file.group("/spikes");
    // The older layout has no names.
    const std::vector<std::string> populations =
        names.empty() && all.has_dataset("timestamps") ? std::vector<std::string>{"default"} : names;
    const auto group_of = [&](const std::string& name) {
      return file.group(names.empty() ? "/spikes" : "/spikes/" + name);
    };
    SpikeTextSummary summary;
    if (format == SpikeText::csv) {
      TextFile text(out);
      fmt::memory_buffer header;
      fmt::format_to(std::back_inserter(header), "timestamps population node_ids\n");
      text.write(header);
      for (const std::string& name : populations)
        summary.spikes += write_population(group_of(name), text, [&](auto& to, double time, std::uint64_t id) {
          fmt::format_to(std::back_inserter(to), "{} {} {}\n", time, name, id);
        });
      text.close();
      summary.files.push_back(out);
      return summary;
    }
    if (out == "-" && populations.size() > 1)
      refuse_recording(spikes, "holds " + std::to_string(populations.size()) + " populations",
                       "--out with a file name");
    for (const std::string& name : populations) {
      fs::path path = out;
      if (populations.size() > 1)
        path = (path.parent_path() / path.stem()).concat("-" + name + out.extension().string());
      TextFile text(path);
      summary.spikes += write_population(group_of(name), text, [&](auto& to, double time, std::uint64_t id) {
        fmt::format_to(std::back_inserter(to), "{}\t{}\n", id, time);
      });
      text.close();
      summary.files.push_back(path);
    }
    return summary;
  });
}

}  // namespace rheo

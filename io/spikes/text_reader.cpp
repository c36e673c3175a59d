// The half of io/spikes/text.hpp that reads.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <system_error>

#include "core/diagnostics.hpp"
#include "io/files/recording.hpp"
#include "io/spikes/text.hpp"
#include "io/text/numbers.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_line = 4096;
const char* const right_header = "a header with timestamps, node_ids and perhaps population";

// Lines of a file, without their ends; memory holds a piece.
class Lines {
 public:
  explicit Lines(const fs::path& path) : path_(path), file_(std::fopen(path.c_str(), "rb"), &std::fclose) {
    std::error_code error;
    if (fs::is_directory(path, error)) reject_recording(path, "is a directory", "a text with spikes");
    if (!file_) reject_recording(path, fmt::format("cannot be read ({})", std::generic_category().message(errno)));
  }

  // The next line that is not blank.
  bool next() {
    do {
      if (!next_line()) return false;
      if (line_.find('\0') != std::string_view::npos) reject({}, {}, "holds a zero byte", "a text with spikes");
      while (!line_.empty() && is_blank(line_.back())) line_.remove_suffix(1);
      while (!line_.empty() && is_blank(line_.front())) line_.remove_prefix(1);
    } while (line_.empty());
    return true;
  }
  std::string_view line() const { return line_; }
  std::uint64_t number() const { return number_; }

  [[noreturn]] void reject(std::string column, std::string_view value, std::string problem,
                           std::string expected) const {
    std::string shown(value.substr(0, 60));
    for (char& c : shown)
      if (static_cast<unsigned char>(c) < ' ') c = '?';
    throw RecordingError({.file = fmt::format("{}:{}", path_.string(), number_),
                          .key = std::move(column),
                          .value = std::move(shown),
                          .problem = std::move(problem),
                          .expected = std::move(expected)});
  }

  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

 private:
  bool next_line() {
    const char* end = nullptr;
    while ((end = static_cast<const char*>(std::memchr(buffer_.data() + at_, '\n', size_ - at_))) == nullptr) {
      if (ended_) {
        if (at_ == size_) return false;
        end = buffer_.data() + size_;
        break;
      }
      if (size_ - at_ > longest_line) break;
      std::memmove(buffer_.data(), buffer_.data() + at_, size_ - at_);
      size_ -= at_;
      at_ = 0;
      const std::size_t more = std::fread(buffer_.data() + size_, 1, buffer_.size() - size_, file_.get());
      if (more == 0 && std::ferror(file_.get()) != 0) reject_recording(path_, "cannot be read to its end");
      ended_ = more == 0;
      size_ += more;
    }
    ++number_;
    const std::size_t length = end == nullptr ? size_ - at_ : static_cast<std::size_t>(end - (buffer_.data() + at_));
    line_ = {buffer_.data() + at_, length};
    if (length > longest_line) reject({}, {}, "a line of more than 4096 characters", "a text with spikes");
    at_ = std::min(at_ + length + 1, size_);
    if (number_ == 1 && line_.starts_with("\xEF\xBB\xBF")) line_.remove_prefix(3);  // as some editors begin UTF-8
    return true;
  }

  fs::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{1} << 18);
  std::size_t at_ = 0, size_ = 0;
  bool ended_ = false;
  std::uint64_t number_ = 0;
  std::string_view line_;
};

using Cells = std::vector<std::string_view>;

void split_blanks(std::string_view line, Cells& cells) {
  cells.clear();
  for (std::size_t i = 0; i < line.size();) {
    std::size_t end = i;
    while (end < line.size() && !Lines::is_blank(line[end])) ++end;
    if (end > i) cells.push_back(line.substr(i, end - i));
    i = end + 1;
  }
}

void split_commas(std::string_view line, Cells& cells) {
  cells.clear();
  for (;;) {
    const std::size_t comma = line.find(',');
    std::string_view cell = line.substr(0, comma);
    while (!cell.empty() && Lines::is_blank(cell.front())) cell.remove_prefix(1);
    while (!cell.empty() && Lines::is_blank(cell.back())) cell.remove_suffix(1);
    cells.push_back(cell);
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

double read_time(const Lines& lines, const char* column, std::string_view cell) {
  const auto time = parse_number<double>(cell);
  if (!time || !std::isfinite(*time) || *time < 0)
    lines.reject(column, cell, "is no time of a spike", "a number >= 0 (ms) such as 12.5");
  return *time;
}

std::uint64_t read_id(const Lines& lines, const char* column, std::string_view cell) {
  const auto id = parse_number<std::uint64_t>(cell);
  if (!id) lines.reject(column, cell, "is no neuron", "a whole number from 0 to 2^64-1");
  return *id;
}

template <class Take>
void read_gdf(Lines& lines, const Take& take) {
  Cells cells;
  for (bool first = true; lines.next();) {
    if (lines.line().starts_with('#')) continue;
    split_blanks(lines.line(), cells);
    const bool header = first && cells == Cells{"sender", "time_ms"};
    first = false;
    if (header) continue;
    if (cells.size() != 2)
      lines.reject("line", lines.line(), fmt::format("has {} entries", cells.size()), "id and time (ms)");
    const std::uint64_t id = read_id(lines, "id", cells[0]);
    take(read_time(lines, "time", cells[1]), id, std::string_view(), lines.number());
  }
}

template <class Take>
void read_csv(const fs::path& file, Lines& lines, const Take& take) {
  constexpr std::array<std::string_view, 3> known{"timestamps", "node_ids", "population"};
  if (!lines.next()) reject_recording(file, "is empty", right_header);
  const bool commas = lines.line().find(',') != std::string_view::npos;
  Cells cells;
  const auto split = [&] { commas ? split_commas(lines.line(), cells) : split_blanks(lines.line(), cells); };
  split();
  const std::size_t width = cells.size();
  std::array<std::size_t, 3> place{width, width, width};
  for (std::size_t i = 0; i < width; ++i) {
    const auto found = std::find(known.begin(), known.end(), cells[i]);
    if (found == known.end()) lines.reject("column", cells[i], "is unknown", right_header);
    std::size_t& at = place[static_cast<std::size_t>(found - known.begin())];
    if (at != width) lines.reject("column", cells[i], "stands there twice", right_header);
    at = i;
  }
  for (const std::size_t needed : {0, 1})
    if (place[needed] == width) lines.reject(std::string(known[needed]), {}, "is missing", right_header);
  while (lines.next()) {
    split();
    if (cells.size() != width)
      lines.reject("line", lines.line(), fmt::format("has {} entries", cells.size()),
                   fmt::format("{} as in the header", width));
    const double time = read_time(lines, "timestamps", cells[place[0]]);
    const std::uint64_t id = read_id(lines, "node_ids", cells[place[1]]);
    std::string_view population;
    if (place[2] != width) {
      population = cells[place[2]];
      if (!is_population_name(population))
        lines.reject("population", population, "cannot be the name of a population", "a name in UTF-8 without /");
    }
    take(time, id, population, lines.number());
  }
}

}  // namespace

std::optional<SpikeText> spike_text_of(const fs::path& file) {
  const fs::path end = file.extension();
  if (end == ".gdf" || end == ".dat") return SpikeText::gdf;
  if (end == ".csv") return SpikeText::csv;
  return std::nullopt;
}

bool is_population_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) return false;
  // UTF-8: as many continuation bytes as the first byte says, no longer form than needed, no surrogates.
  for (std::size_t i = 0; i < name.size();) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(k < name.size() ? name[k] : 0); };
    const unsigned char first = byte(i);
    if (first < 0x20 || first == 0x7f) return false;
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length == 0) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((byte(i + k) & 0xc0u) != 0x80u) return false;
    const unsigned char second = byte(i + 1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
      return false;
    i += length;
  }
  return true;
}

void read_spike_text(const fs::path& file, SpikeText format,
                     const std::function<void(double, std::uint64_t, std::string_view, std::uint64_t)>& take) {
  Lines lines(file);
  if (format == SpikeText::gdf)
    read_gdf(lines, take);
  else
    read_csv(file, lines, take);
}

RecordedSpikes read_spike_text(const std::string& file, const std::string& population) {
  RecordedSpikes spikes;
  const SpikeText format = spike_text_of(file).value_or(SpikeText::csv);
  std::string first;
  bool found = false;
  read_spike_text(file, format, [&](double time, std::uint64_t node, std::string_view name, std::uint64_t) {
    if (first.empty()) first = name;
    if (population.empty() && name != first)
      reject_recording(file, fmt::format("holds several populations, {} and {}", first, name), "one of them named");
    found = found || name.empty() || name == population;
    if (!name.empty() && !population.empty() && name != population) return;
    spikes.times.push_back(time);
    spikes.nodes.push_back(node);
  });
  if (!population.empty() && !first.empty() && !found)
    reject_recording(file, "holds no population " + population, "one such as " + first);
  return spikes;
}

std::vector<std::string> spike_text_populations(const std::string& file) {
  std::set<std::string, std::less<>> names;
  if (spike_text_of(file) == SpikeText::csv)
    read_spike_text(file, SpikeText::csv, [&](double, std::uint64_t, std::string_view name, std::uint64_t) {
      if (!name.empty() && !names.contains(name)) names.emplace(name);
    });
  return {names.begin(), names.end()};
}

}  // namespace rheo

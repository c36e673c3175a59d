#include "io/record/checkpoint.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "core/time.hpp"
#include "io/files/recording.hpp"
#include "io/files/run_files.hpp"
#include "io/h5/h5.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;
constexpr std::string_view format = "rheobase checkpoint";
constexpr std::uint32_t format_version = 1;
// Other files, recordings among them, get their turn between pieces of this size.
constexpr std::size_t piece_bytes = std::size_t{8} << 20;

// Fletcher's sums (IEEE Trans. Commun. 30:247, 1982) over words of 64 bits, the last one filled up with zeros.
std::array<std::uint64_t, 2> checksum(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = bytes.size(), sum_of_sums = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
    sum += word;
    sum_of_sums += sum;
  }
  return {sum, sum_of_sums};
}

// The disk begins with what was written so far while the next piece is prepared; only a hint.
void start_writing_back(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  ::sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
  ::close(file);
}

std::string get_text(const h5::File& from, const char* name) {
  const std::vector<std::byte> bytes = get_checked(from, name);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Json to_json(const RunRecord& run) {
  Json json;
  json["file"] = run.file;
  json["directory"] = run.directory;
  json["set"] = run.overrides;
  json["plugins"] = run.plugins;
  if (run.seed) json["seed"] = *run.seed;
  if (run.lanes) json["lanes"] = *run.lanes;
  if (run.checkpoint_every) json["checkpoint_every_s"] = *run.checkpoint_every;
  json["checkpoint_at_ms"] = run.checkpoint_at;
  json["read"] = Json::array();
  for (const auto& [file, hash] : run.read) json["read"].push_back({{"file", file}, {"hash", hash}});
  json["started"] = run.started;
  json["simulate_wall_time_s"] = run.simulate_wall_time;
  json["resumed"] = run.resumed;
  json["spikes"] = run.spikes;
  return json;
}

RunRecord run_record(const Json& json) {
  RunRecord run;
  json.at("file").get_to(run.file);
  json.at("directory").get_to(run.directory);
  json.at("set").get_to(run.overrides);
  json.at("plugins").get_to(run.plugins);
  if (json.contains("seed")) run.seed = json.at("seed").get<std::uint64_t>();
  if (json.contains("lanes")) run.lanes = json.at("lanes").get<std::uint32_t>();
  if (json.contains("checkpoint_every_s")) run.checkpoint_every = json.at("checkpoint_every_s").get<double>();
  json.at("checkpoint_at_ms").get_to(run.checkpoint_at);
  for (const Json& file : json.at("read"))
    run.read.emplace_back(file.at("file").get<std::string>(), file.at("hash").get<std::uint64_t>());
  json.at("started").get_to(run.started);
  json.at("simulate_wall_time_s").get_to(run.simulate_wall_time);
  json.at("resumed").get_to(run.resumed);
  json.at("spikes").get_to(run.spikes);
  return run;
}

template <class T>
T number(const h5::File& file, const char* name) {
  const auto values = file.numbers_attribute<T>(name);
  if (!values || values->size() != 1) file.fail(std::string("has no number ") + name);
  return values->front();
}

h5::File open(const fs::path& path) {
  h5::File file = h5::File::open(path.string());
  if (file.text_attribute("format") != format) file.fail("is no checkpoint");
  if (const auto version = number<std::uint32_t>(file, "version"); version != format_version)
    reject_recording(path, fmt::format("is a checkpoint of format version {}", version),
                     fmt::format("version {}, which this rheo reads", format_version));
  return file;
}

Tick tick_of(const h5::File& file) {
  const auto tick = number<Tick>(file, "tick");
  if (tick < 0 || tick > never / 2) file.fail("holds a tick that is no time");
  return tick;
}

std::vector<std::string> next_words(std::istream& lines) {
  std::string line, word;
  std::getline(lines, line);
  std::istringstream words(line);
  std::vector<std::string> all;
  while (words >> word) all.push_back(word);
  return all;
}

}  // namespace

void put_checked(h5::File& to, const char* name, std::span<const std::byte> bytes) {
  const std::span<const std::uint8_t> values(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  h5::Dataset dataset = to.create_dataset<std::uint8_t>(name, values.size());
  dataset.set_numbers<std::uint64_t>("fletcher", checksum(values));
  for (std::size_t at = 0; at < values.size(); at += piece_bytes) {
    dataset.write<std::uint8_t>(at, values.subspan(at, std::min(piece_bytes, values.size() - at)));
    start_writing_back(to.file());
  }
}

std::vector<std::byte> get_checked(const h5::File& from, const char* name) {
  const h5::Dataset dataset = from.dataset(name);
  const auto values = dataset.read<std::uint8_t>();
  const auto stored = dataset.numbers_attribute<std::uint64_t>("fletcher");
  const auto found = checksum(values);
  if (!stored || !std::equal(stored->begin(), stored->end(), found.begin(), found.end()))
    dataset.fail("is damaged: its checksum is another");
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

void write_checkpoint(const fs::path& file, const Checkpoint& checkpoint, const fs::path& previous) {
  const auto text = [](const std::string& all) { return std::as_bytes(std::span(all)); };
  recording_step(file, [&] {
    write_durably(
        file, h5::File::Layout::live,
        [&](h5::File& to) {
          to.set_text("format", format);
          to.set_number<std::uint32_t>("version", format_version);
          to.set_text("rheobase", checkpoint.rheobase);
          to.set_number<Tick>("tick", checkpoint.tick);
          to.set_number<double>("time", tick_to_ms(checkpoint.tick, checkpoint.dt));
          to.set_number<double>("dt", checkpoint.dt);
          to.set_numbers<std::uint64_t>("synapses", checkpoint.synapses);
          put_checked(to, "network", text(checkpoint.network));
          put_checked(to, "run", text(json_text(to_json(checkpoint.run), 1)));
          put_checked(to, "state", checkpoint.state);
          put_checked(to, "statistics", checkpoint.statistics);
        },
        [&] {
          if (!previous.empty() && fs::exists(file)) fs::rename(file, previous);
        });
  });
}

Checkpoint read_checkpoint(const fs::path& path) {
  return recording_step(path, [&] {
    const h5::File file = open(path);
    Checkpoint checkpoint;
    checkpoint.rheobase = file.text_attribute("rheobase").value_or("");
    checkpoint.tick = tick_of(file);
    checkpoint.dt = number<double>(file, "dt");
    const auto digest = file.numbers_attribute<std::uint64_t>("synapses");
    if (!digest || digest->size() != 2) file.fail("has no digest of its synapses");
    std::copy(digest->begin(), digest->end(), checkpoint.synapses.begin());
    checkpoint.network = get_text(file, "network");
    try {
      checkpoint.run = run_record(Json::parse(get_text(file, "run")));
    } catch (const Json::exception& error) {
      file.fail(std::string("does not say how the run was started (") + error.what() + ")", "run");
    }
    checkpoint.state = get_checked(file, "state");
    checkpoint.statistics = get_checked(file, "statistics");
    return checkpoint;
  });
}

Tick checkpoint_tick(const fs::path& path) {
  return recording_step(path, [&] { return tick_of(open(path)); });
}

std::vector<fs::path> find_checkpoints(const fs::path& directory) {
  std::vector<std::pair<Tick, fs::path>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (!is_checkpoint_name(name)) continue;
    Tick tick = never;
    try {
      tick = checkpoint_tick(entry.path());
    } catch (const RecordingError&) {
      // Reading it will say why.
    }
    found.emplace_back(-tick, entry.path());
  }
  std::sort(found.begin(), found.end());
  std::vector<fs::path> files;
  for (auto& [tick, file] : found) files.push_back(std::move(file));
  return files;
}

std::optional<Complaint> compare_networks(const std::string& here, const std::string& saved) {
  if (here == saved) return std::nullopt;
  std::istringstream our_lines(here), their_lines(saved);
  std::vector<std::string> ours, theirs;  // words of the first line that differs
  while (ours == theirs) {
    ours = next_words(our_lines);
    theirs = next_words(their_lines);
  }
  const std::size_t i = static_cast<std::size_t>(
      std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end()).first - ours.begin());
  const auto from = [i](const std::vector<std::string>& words, std::size_t count) {
    return i < words.size()
               ? fmt::format(
                     "{}",
                     fmt::join(words.begin() + static_cast<std::ptrdiff_t>(i),
                               words.begin() + static_cast<std::ptrdiff_t>(std::min(i + count, words.size())), " "))
               : std::string("nothing");
  };
  // "population E ...", or "dt 0.1 seed 1 ...".
  const bool is_part = i >= 2 && ours[0] != "dt";
  const std::size_t words = i < 2 && (ours.empty() || ours[0] != "dt") ? 2 : 1;
  return Complaint{.key = is_part ? ours[0] + "s." + ours[1]
                          : i > 0 ? ours[i - 1]
                                  : std::string(),
                   .value = from(ours, words),
                   .problem = "the network is not that of the checkpoint",
                   .expected = from(theirs, words)};
}

}  // namespace rheo

#include "io/spike_recorder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/errors.hpp"
#include "core/time.hpp"
#include "io/h5.hpp"

namespace rheo {
namespace {

namespace fs = std::filesystem;

// Values stored together in the .part file. Small, because every population takes two such chunks on disk with its
// first spike, and because a flush writes whole chunks.
constexpr std::uint64_t part_chunk = 4096;
// Rows that sealing holds in memory at a time.
constexpr std::uint64_t seal_block = std::uint64_t{1} << 20;
// Chunks that may wait for the writer before take() blocks.
constexpr std::size_t chunks_behind = 4;

[[noreturn]] void refuse(const fs::path& file, std::string problem, std::string expected = {}) {
  throw RecordingError({.file = file.string(),
                        .key = {},
                        .value = {},
                        .problem = std::move(problem),
                        .expected = std::move(expected),
                        .suggestion = {}});
}

std::string system_message(int code) {
  return std::generic_category().message(code);
}

// Whatever a step of recording throws, as a RecordingError.
template <class Step>
auto recording(const fs::path& file, Step&& step) {
  try {
    return step();
  } catch (const RecordingError&) {
    throw;
  } catch (const UserError& error) {
    throw RecordingError(error.complaint());
  } catch (const std::exception& error) {
    refuse(file, error.what());
  }
}

fs::path part_file(const fs::path& directory) {
  return directory / "spikes.h5.part";
}
fs::path sealed_file(const fs::path& directory) {
  return directory / "spikes.h5";
}

// Marks a directory as being recorded into. Released with the process, however it ends; the file that carries it is
// removed when it is released in order.
class RecordingLock {
 public:
  explicit RecordingLock(const fs::path& directory) : path_(directory / "spikes.h5.lock") {
    for (;;) {
      file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (file_ < 0) refuse(path_, "cannot be created (" + system_message(errno) + ")");
      if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
        const int code = errno;
        if (code == EINTR) {
          ::close(file_);
          continue;
        }
        if (code != EWOULDBLOCK) return;  // a file system without locks: go on without
        ::close(file_);
        refuse(directory, "another process is recording spikes here", "one recording per directory at a time");
      }
      // The previous holder may have removed the file between our open and our lock: then the lock marks nothing.
      struct stat ours {
      }, theirs{};
      if (::fstat(file_, &ours) == 0 && ::stat(path_.c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino &&
          ours.st_dev == theirs.st_dev) {
        return;
      }
      ::close(file_);
    }
  }
  RecordingLock(const RecordingLock&) = delete;
  RecordingLock& operator=(const RecordingLock&) = delete;
  ~RecordingLock() {
    ::unlink(path_.c_str());
    ::close(file_);
  }

 private:
  fs::path path_;
  int file_ = -1;
};

// ---- the layout that both files share

void describe_file(h5::File& file) {
  file.set_number<std::uint32_t>("magic", 0x0A7A);
  const std::array<std::uint32_t, 2> version{0, 1};
  file.set_numbers<std::uint32_t>("version", version);
}

void describe_population(h5::Group& group, h5::Dataset& timestamps) {
  static const std::array<h5::EnumMember, 3> sorting{{{"none", 0}, {"by_id", 1}, {"by_time", 2}}};
  group.set_enum("sorting", sorting, 2);
  timestamps.set_text("units", "ms");
}

// ---- sealing

void sync(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) refuse(path, "cannot be opened (" + system_message(errno) + ")");
  const int code = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  // Directories of some file systems cannot be synchronised; their entries are safe in other ways.
  if (code != 0 && code != EINVAL && code != EROFS) refuse(path, "cannot be written (" + system_message(code) + ")");
}

struct Row {
  double time = 0;
  std::uint64_t node = 0;
  // The one order of spikes. Two may be equal: a spike_source spikes as often in one tick as it is told to.
  bool before(const Row& other) const { return time < other.time || (time == other.time && node < other.node); }
};

// Number of leading rows that are whole spikes in order, and the last of them. Every timestamp that was written is > 0,
// so rows of an extent that grew before its data arrived (zeros) end the count.
std::pair<std::uint64_t, Row> count_whole(const h5::Dataset& timestamps, const h5::Dataset& nodes) {
  const std::uint64_t rows = std::min(timestamps.rows(), nodes.rows());
  Row last;
  for (std::uint64_t first = 0; first < rows; first += seal_block) {
    const std::uint64_t count = std::min(seal_block, rows - first);
    const auto times = timestamps.read<double>(first, count);
    const auto ids = nodes.read<std::uint64_t>(first, count);
    for (std::size_t i = 0; i < count; ++i) {
      const Row row{times[i], ids[i]};
      if (!(row.time > 0) || std::isinf(row.time) || row.before(last)) return {first + i, last};
      last = row;
    }
  }
  return {rows, last};
}

// The caller holds the lock.
SpikeFileSummary seal(const fs::path& directory) {
  const fs::path part = part_file(directory), sealed = sealed_file(directory), draft = directory / "spikes.h5.tmp";
  SpikeFileSummary summary;
  summary.file = sealed;
  try {
    const h5::File from = h5::File::open(part.string(), h5::File::Access::sealed_or_live);
    h5::File to = h5::File::create(draft.string(), h5::File::Layout::sealed);
    describe_file(to);
    {
      const h5::Group all = from.group("/spikes");
      h5::Group spikes = to.create_group("spikes");
      for (const std::string& name : all.list()) {
        const h5::Dataset times = all.dataset(name + "/timestamps"), nodes = all.dataset(name + "/node_ids");
        const auto [count, last] = count_whole(times, nodes);
        summary.populations.push_back({name, count, last.time});
        summary.last = std::max(summary.last, last.time);
        summary.incomplete += std::max(times.rows(), nodes.rows()) - count;

        h5::Group population = spikes.create_group(name);
        h5::Dataset sealed_times = population.create_dataset<double>("timestamps", count);
        h5::Dataset sealed_nodes = population.create_dataset<std::uint64_t>("node_ids", count);
        describe_population(population, sealed_times);
        for (std::uint64_t first = 0; first < count; first += seal_block) {
          const std::uint64_t rows = std::min(seal_block, count - first);
          sealed_times.write<double>(first, times.read<double>(first, rows));
        }
        for (std::uint64_t first = 0; first < count; first += seal_block) {
          const std::uint64_t rows = std::min(seal_block, count - first);
          sealed_nodes.write<std::uint64_t>(first, nodes.read<std::uint64_t>(first, rows));
        }
      }
    }
    to.close();
    sync(draft);
  } catch (...) {
    std::error_code ignored;
    fs::remove(draft, ignored);
    throw;
  }
  fs::rename(draft, sealed);
  sync(directory);
  fs::remove(part);
  return summary;
}

// ---- what is recorded

struct Recorded {
  std::string name;
  NeuronId first = 0;
  std::uint32_t size = 0;
  std::vector<bool> chosen;  // empty: all
  // The writer's; spikes that are not in the file yet, and those that are.
  std::vector<double> times;
  std::vector<std::uint64_t> nodes;
  std::uint64_t written = 0;
  std::optional<h5::Dataset> timestamps, node_ids;
};

[[noreturn]] void refuse_selection(const std::string& value, std::string problem, std::string suggestion = {}) {
  throw RecordingError({.file = {},
                        .key = "record.spikes.populations",
                        .value = value,
                        .problem = std::move(problem),
                        .expected = {},
                        .suggestion = std::move(suggestion)});
}

std::vector<Recorded> choose(const std::vector<PopulationInfo>& populations, const std::vector<Selection>& selections) {
  std::vector<Recorded> all;
  for (const Selection& selection : selections) {
    const auto info = std::find_if(populations.begin(), populations.end(),
                                   [&](const PopulationInfo& p) { return p.name == selection.population; });
    if (info == populations.end()) {
      std::vector<std::string> names;
      for (const PopulationInfo& p : populations) names.push_back(p.name);
      refuse_selection(selection.population, "there is no such population", nearest(selection.population, names));
    }
    if (info->name.empty() || info->name == "." || info->name.find('/') != std::string::npos) {
      refuse_selection(info->name, "cannot be the name of a group in an HDF5 file");
    }
    const std::uint32_t end = selection.end.value_or(info->size);
    if (end > info->size || selection.begin > end || selection.step == 0) {
      refuse_selection(selection.population + "[" + std::to_string(selection.begin) + ":" + std::to_string(end) + ":" +
                           std::to_string(selection.step) + "]",
                       "must be a slice of its " + std::to_string(info->size) + " neurons with a step of at least 1");
    }
    const bool whole = selection.begin == 0 && end == info->size && selection.step == 1;
    auto known = std::find_if(all.begin(), all.end(), [&](const Recorded& r) { return r.name == info->name; });
    if (known == all.end()) {
      Recorded recorded;
      recorded.name = info->name;
      recorded.first = info->first;
      recorded.size = info->size;
      if (!whole) recorded.chosen.assign(info->size, false);
      all.push_back(std::move(recorded));
      known = all.end() - 1;
    } else if (whole) {
      known->chosen.clear();
    }
    if (known->chosen.empty()) continue;
    for (std::uint64_t i = selection.begin; i < end; i += selection.step) known->chosen[i] = true;
  }
  std::sort(all.begin(), all.end(), [](const Recorded& a, const Recorded& b) { return a.first < b.first; });
  return all;
}

// Spikes as take() gets them, ticks without spikes left out.
struct Pending {
  struct Run {
    Tick tick;
    std::size_t end;  // size of `neurons` after this tick
  };
  std::vector<NeuronId> neurons;
  std::vector<Run> runs;
  void clear() {
    neurons.clear();
    runs.clear();
  }
};

}  // namespace

struct SpikeRecorder::State {
  fs::path directory;
  Options options;
  TickLength tick_length;
  std::unique_ptr<RecordingLock> lock;
  std::optional<h5::File> file;
  std::vector<Recorded> recorded;  // ascending by first neuron

  std::mutex mutex;
  std::condition_variable filled, emptied;
  Pending pending;             // guarded by mutex
  bool stop = false;           // guarded by mutex
  std::exception_ptr failure;  // guarded by mutex; a RecordingError
  std::thread writer;

  void create() {
    std::error_code code;
    fs::create_directories(directory, code);
    if (code) refuse(directory, "the directory cannot be made (" + code.message() + ")");
    lock = std::make_unique<RecordingLock>(directory);
    if (fs::exists(part_file(directory)) && !options.discard_unfinished) {
      refuse(part_file(directory), "an interrupted run left its spikes here",
             "\"rheo recover " + directory.string() + "\" first, or another directory");
    }
    file = h5::File::create(part_file(directory).string(), h5::File::Layout::live);
    describe_file(*file);
    h5::Group spikes = file->create_group("spikes");
    for (Recorded& population : recorded) {
      h5::Group group = spikes.create_group(population.name);
      population.timestamps = group.create_growing<double>("timestamps", part_chunk);
      population.node_ids = group.create_growing<std::uint64_t>("node_ids", part_chunk);
      describe_population(group, *population.timestamps);
    }
    file->start_live();
    file->flush();
  }

  // ---- on the writer's thread

  void write() {
    using Clock = std::chrono::steady_clock;
    Pending work;
    auto last_flush = Clock::now();
    for (bool last = false; !last;) {
      {
        std::unique_lock guard(mutex);
        filled.wait_until(guard, last_flush + options.flush_interval,
                          [&] { return stop || pending.neurons.size() >= options.chunk; });
        last = stop;
        std::swap(work, pending);
      }
      emptied.notify_one();
      if (!work.neurons.empty()) {
        try {
          recording(part_file(directory), [&] {
            distribute(work);
            append();
          });
        } catch (...) {
          file->give_up();
          const std::lock_guard guard(mutex);
          failure = std::current_exception();
          break;
        }
        work.clear();
      }
      last_flush = Clock::now();
    }
    emptied.notify_all();
  }

  void distribute(const Pending& work) {
    auto spike = work.neurons.begin();
    for (const Pending::Run& run : work.runs) {
      const auto end = work.neurons.begin() + static_cast<std::ptrdiff_t>(run.end);
      const double time = tick_length.ms(run.tick);
      for (Recorded& population : recorded) {
        spike = std::lower_bound(spike, end, population.first);
        const auto begin = spike;
        spike = std::lower_bound(spike, end, population.first + population.size);
        for (auto it = begin; it != spike; ++it) {
          const NeuronId node = *it - population.first;
          if (!population.chosen.empty() && !population.chosen[node]) continue;
          population.nodes.push_back(node);
          population.times.push_back(time);
        }
      }
      spike = end;
    }
  }

  // Node ids are safe on disk before the first of their timestamps is: a spike with a timestamp is whole.
  void append() {
    for (Recorded& population : recorded) population.node_ids->append<std::uint64_t>(population.nodes);
    file->flush();
    for (Recorded& population : recorded) {
      population.timestamps->append<double>(population.times);
      population.written += population.times.size();
      population.nodes.clear();
      population.times.clear();
    }
    file->flush();
  }

  // ---- the end

  void join() {
    if (!writer.joinable()) return;
    {
      const std::lock_guard guard(mutex);
      stop = true;
    }
    filled.notify_one();
    writer.join();
  }

  void release_datasets() {
    for (Recorded& population : recorded) {
      population.timestamps.reset();
      population.node_ids.reset();
    }
  }
};

SpikeRecorder::SpikeRecorder(const fs::path& directory, const std::vector<PopulationInfo>& populations,
                             const std::vector<Selection>& recorded, double dt, Options options)
    : state_(std::make_unique<State>()) {
  assert(dt > 0);
  State& state = *state_;
  state.directory = directory;
  state.options = options;
  state.options.chunk = std::max<std::size_t>(options.chunk, 1);
  state.tick_length = TickLength::of(dt);
  state.recorded = choose(populations, recorded);
  state.pending.neurons.reserve(2 * state.options.chunk);
  recording(directory, [&] { state.create(); });
  state.writer = std::thread([&state] { state.write(); });
}

SpikeRecorder::SpikeRecorder(const fs::path& directory, const std::vector<PopulationInfo>& populations,
                             const std::vector<Selection>& recorded, double dt)
    : SpikeRecorder(directory, populations, recorded, dt, Options()) {}

SpikeRecorder::~SpikeRecorder() {
  try {
    state_->join();
  } catch (...) {
    // Nobody is left to hear of it; the .part file stays as it is.
  }
}

void SpikeRecorder::take(const SpikeBatch& batch) {
  State& state = *state_;
  bool full = false;
  {
    std::unique_lock guard(state.mutex);
    state.emptied.wait(
        guard, [&] { return state.failure || state.pending.neurons.size() < chunks_behind * state.options.chunk; });
    if (state.failure) std::rethrow_exception(state.failure);
    assert(!state.stop);
    if (batch.neurons.empty()) return;
    Pending& pending = state.pending;
    const std::size_t before = pending.neurons.size();
    pending.neurons.insert(pending.neurons.end(), batch.neurons.begin(), batch.neurons.end());
    for (std::size_t k = 0; k < batch.ticks(); ++k) {
      if (batch.tick_begin[k + 1] != batch.tick_begin[k]) {
        pending.runs.push_back({batch.tick(k), before + batch.tick_begin[k + 1]});
      }
    }
    full = before < state.options.chunk && pending.neurons.size() >= state.options.chunk;
  }
  if (full) state.filled.notify_one();
}

SpikeFileSummary SpikeRecorder::finish() {
  State& state = *state_;
  return recording(part_file(state.directory), [&] {
    state.join();
    if (state.failure) std::rethrow_exception(state.failure);
    assert(state.file);
    state.release_datasets();
    state.file->close();
    state.file.reset();
    SpikeFileSummary summary = seal(state.directory);
    for (const Recorded& population : state.recorded) {
      const auto sealed = std::find_if(summary.populations.begin(), summary.populations.end(),
                                       [&](const auto& p) { return p.name == population.name; });
      if (sealed == summary.populations.end() || sealed->spikes != population.written) {
        refuse(summary.file, "does not hold all spikes of population \"" + population.name + "\" that were recorded");
      }
    }
    state.lock.reset();
    return summary;
  });
}

SpikeFileSummary recover_spikes(const fs::path& directory) {
  return recording(directory, [&] {
    if (!fs::is_directory(directory)) refuse(directory, "there is no such directory");
    if (!fs::exists(part_file(directory))) {
      const bool sealed = fs::exists(sealed_file(directory));
      refuse(directory, sealed ? "nothing to recover: spikes.h5 is complete" : "nothing to recover: no spikes.h5.part");
    }
    const RecordingLock lock(directory);
    return seal(directory);
  });
}

}  // namespace rheo

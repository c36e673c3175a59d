#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <thread>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "io/files/recording.hpp"
#include "io/h5/h5.hpp"
#include "io/record/spike_recorder.hpp"
#include "io/spikes/reader.hpp"
#include "tests/files.hpp"

namespace test_spike_recorder {

using namespace rheo;
using namespace std::chrono_literals;

namespace {

int python(const fs::path& directory, const std::string& script) {
  const fs::path path = directory / "script.py";
  std::ofstream(path) << "import sys, h5py, numpy as np\n" << script;
  return std::system(("/usr/bin/python3 " + path.string() + " " + directory.string()).c_str());
}

const std::vector<PopulationInfo> network{{"E", 0, 800}, {"I", 800, 200}, {"silent", 1000, 10}, {"B", 1010, 100}};
const std::vector<Selection> everything{{.population = "E", .end = {}},
                                        {.population = "I", .end = {}},
                                        {.population = "silent", .end = {}},
                                        {.population = "B", .end = {}}};

using Ticks = std::vector<std::vector<NeuronId>>;  // [tick - 1] neurons, ascending

Ticks random_spikes(std::size_t ticks, double probability, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::bernoulli_distribution spikes(probability);
  Ticks all(ticks);
  for (auto& tick : all) {
    for (NeuronId n = 0; n < 1110; ++n) {
      if ((n < 1000 || n >= 1010) && spikes(random)) tick.push_back(n);
    }
  }
  return all;
}

SpikeBatch batch(const Ticks& ticks, std::size_t begin, std::size_t end) {
  SpikeBatch b;
  b.first = static_cast<Tick>(begin) + 1;
  b.tick_begin.push_back(0);
  for (std::size_t k = begin; k < end; ++k) {
    b.neurons.insert(b.neurons.end(), ticks[k].begin(), ticks[k].end());
    b.tick_begin.push_back(static_cast<std::uint32_t>(b.neurons.size()));
  }
  return b;
}

void give(SpikeRecorder& recorder, const Ticks& ticks, std::size_t window, std::chrono::milliseconds pause = 0ms) {
  for (std::size_t k = 0; k < ticks.size(); k += window) {
    recorder.take(batch(ticks, k, std::min(ticks.size(), k + window)));
    if (pause > 0ms) std::this_thread::sleep_for(pause);
  }
}

RecordedSpikes expected(
    const Ticks& ticks, const PopulationInfo& population, double dt,
    const std::function<bool(std::uint32_t)>& chosen = [](std::uint32_t) { return true; }) {
  RecordedSpikes spikes;
  for (std::size_t k = 0; k < ticks.size(); ++k) {
    for (const NeuronId n : ticks[k]) {
      if (n < population.first || n >= population.first + population.size || !chosen(n - population.first)) continue;
      spikes.times.push_back(tick_to_ms(static_cast<Tick>(k) + 1, dt));
      spikes.nodes.push_back(n - population.first);
    }
  }
  return spikes;
}

// Spikes of a population up to tick `last`.
std::size_t rows_until(Tick last, const Ticks& ticks, const PopulationInfo& population) {
  const RecordedSpikes all = expected(ticks, population, 0.1);
  const auto end = std::upper_bound(all.times.begin(), all.times.end(), tick_to_ms(last, 0.1));
  return static_cast<std::size_t>(end - all.times.begin());
}

void check_file(const fs::path& file, const Ticks& ticks, double dt) {
  for (const PopulationInfo& population : network) {
    CAPTURE(population.name);
    const RecordedSpikes found = read_spikes(file.string(), population.name), right = expected(ticks, population, dt);
    CHECK(found.times == right.times);
    CHECK(found.nodes == right.nodes);
  }
}

Complaint complaint_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const RecordingError& error) {
    return error.complaint();
  }
  FAIL("no RecordingError");
  return {};
}

}  // namespace

TEST_CASE("recorded spikes come back from the sealed file", "[spike_recorder]") {
  const Scratch scratch;
  const Ticks ticks = random_spikes(500, 0.01);
  SpikeRecorder recorder(scratch.path / "made" / "here", network, everything, 0.1);
  const fs::path directory = scratch.path / "made" / "here";
  CHECK(fs::exists(directory / "spikes.h5.part"));
  give(recorder, ticks, 15);
  const SpikeFileSummary summary = recorder.finish();
  CHECK(summary.file == directory / "spikes.h5");
  REQUIRE(summary.populations.size() == 4);
  CHECK(summary.populations[0].name == "B");
  CHECK(summary.populations[3].name == "silent");
  CHECK(summary.populations[3].spikes == 0);
  CHECK(summary.incomplete == 0);
  CHECK(summary.populations[1].spikes == expected(ticks, network[0], 0.1).times.size());
  CHECK(summary.last == 50.0);
  check_file(summary.file, ticks, 0.1);
  // Nothing else is left.
  CHECK(std::distance(fs::directory_iterator(directory), fs::directory_iterator()) == 1);
  CHECK(complaint_of([&] { recover_spikes(directory); }).problem == "nothing to recover: spikes.h5 is complete");
}

TEST_CASE("the same spikes are the same bytes, however they came", "[spike_recorder]") {
  const Scratch scratch;
  const Ticks ticks = random_spikes(400, 0.02);
  std::vector<std::string> files;
  struct Way {
    std::size_t window, chunk;
    std::chrono::milliseconds flush, pause;
    bool reversed;
  };
  for (const Way& way : {Way{400, 1 << 16, 500ms, 0ms, false}, Way{1, 1, 500ms, 0ms, false},
                         Way{15, 100, 1ms, 2ms, true}, Way{7, 1 << 16, 20ms, 20ms, false}}) {
    const fs::path directory = scratch.path / std::to_string(files.size());
    auto selections = everything;
    if (way.reversed) std::reverse(selections.begin(), selections.end());
    SpikeRecorder recorder(directory, network, selections, 0.1, {.chunk = way.chunk, .flush_interval = way.flush});
    give(recorder, ticks, way.window, way.pause);
    files.push_back(bytes_of(recorder.finish().file));
    if (files.size() == 1) std::this_thread::sleep_for(1100ms);  // object times have a resolution of a second
  }
  CHECK(files[0].size() > 30'000);
  for (const std::string& file : files) CHECK((file == files[0]));
  check_file(scratch.path / "2" / "spikes.h5", ticks, 0.1);
}

TEST_CASE("chosen neurons, overlapping choices, and bad choices", "[spike_recorder]") {
  const Scratch scratch;
  const Ticks ticks = random_spikes(300, 0.02);
  {
    SpikeRecorder recorder(scratch.path, network,
                           {{.population = "I", .begin = 10, .end = 20},
                            {.population = "I", .begin = 15, .end = {}, .step = 7},
                            {.population = "B", .begin = 3, .end = 4},
                            {.population = "B", .end = {}}},
                           0.25);
    give(recorder, ticks, 10);
    CHECK(recorder.finish().populations.size() == 2);
  }
  const auto chosen = [](std::uint32_t i) { return (i >= 10 && i < 20) || (i >= 15 && (i - 15) % 7 == 0); };
  const RecordedSpikes found = read_spikes((scratch.path / "spikes.h5").string(), "I");
  const RecordedSpikes right = expected(ticks, network[1], 0.25, chosen);
  CHECK(found.times == right.times);
  CHECK(found.nodes == right.nodes);
  CHECK(read_spikes((scratch.path / "spikes.h5").string(), "B").nodes == expected(ticks, network[3], 0.25).nodes);

  const auto refused = [&](const Selection& selection) {
    return complaint_of([&] { SpikeRecorder(scratch.path / "other", network, {selection}, 0.1); });
  };
  CHECK(refused({.population = "silnet", .end = {}}).suggestion == "silent");
  CHECK(refused({.population = "E", .end = 801}).value == "E[0:801:1]");
  CHECK_FALSE(refused({.population = "E", .begin = 5, .end = 4}).problem.empty());
  CHECK_FALSE(refused({.population = "E", .end = {}, .step = 0}).problem.empty());
  CHECK_FALSE(complaint_of([&] {
                SpikeRecorder(scratch.path / "other", {{"a/b", 0, 1}}, {{.population = "a/b", .end = {}}}, 0.1);
              }).problem.empty());
  CHECK_FALSE(fs::exists(scratch.path / "other"));
}

TEST_CASE("nothing recorded is a valid file, too", "[spike_recorder]") {
  const Scratch scratch;
  SpikeRecorder recorder(scratch.path, network, {}, 0.1);
  recorder.take(SpikeBatch{});
  CHECK(recorder.finish().populations.empty());
  CHECK(spike_populations((scratch.path / "spikes.h5").string()).empty());
}

TEST_CASE("without finish the spikes are all in the .part file and can be recovered", "[spike_recorder]") {
  const Scratch scratch;
  const Ticks ticks = random_spikes(200, 0.02);
  {
    SpikeRecorder recorder(scratch.path, network, everything, 0.1);
    give(recorder, ticks, 15);
    // A second recording, or recovery, of a living one is refused.
    const auto busy = Catch::StartsWith("another process is recording spikes here");
    CHECK_THAT(complaint_of([&] { recover_spikes(scratch.path); }).problem, busy);
    CHECK_THAT(complaint_of([&] { SpikeRecorder(scratch.path, network, everything, 0.1); }).problem, busy);
  }
  CHECK(fs::exists(scratch.path / "spikes.h5.part"));
  CHECK_FALSE(fs::exists(scratch.path / "spikes.h5"));
  // A new run does not overwrite them, unless it is told to.
  CHECK(complaint_of([&] { SpikeRecorder(scratch.path, network, everything, 0.1); }).problem ==
        "an interrupted run left its spikes here");
  const SpikeFileSummary summary = recover_spikes(scratch.path);
  CHECK(summary.incomplete == 0);
  check_file(summary.file, ticks, 0.1);
  CHECK(std::distance(fs::directory_iterator(scratch.path), fs::directory_iterator()) == 1);

  { SpikeRecorder recorder(scratch.path, network, everything, 0.1); }
  SpikeRecorder again(scratch.path, network, everything, 0.1, {.discard_unfinished = true});
  give(again, ticks, 15);
  again.finish();
  check_file(scratch.path / "spikes.h5", ticks, 0.1);
}

TEST_CASE("recovery gives the bytes of an uninterrupted run", "[spike_recorder]") {
  const Scratch a, b;
  const Ticks ticks = random_spikes(200, 0.02);
  {
    SpikeRecorder whole(a.path, network, everything, 0.1);
    give(whole, ticks, 15);
    whole.finish();
    SpikeRecorder cut(b.path, network, everything, 0.1, {.chunk = 50});
    give(cut, ticks, 4);
  }
  recover_spikes(b.path);
  CHECK((bytes_of(a.path / "spikes.h5") == bytes_of(b.path / "spikes.h5")));
}

TEST_CASE("nothing to recover is said clearly", "[spike_recorder]") {
  const Scratch scratch;
  CHECK(complaint_of([&] { recover_spikes(scratch.path); }).problem == "nothing to recover: no spikes.h5.part");
  CHECK(complaint_of([&] { recover_spikes(scratch.path / "nowhere"); }).problem == "there is no such directory");
  std::ofstream(scratch.path / "spikes.h5.part") << "rubbish";
  CHECK(complaint_of([&] { recover_spikes(scratch.path); }).file == scratch.path / "spikes.h5.part");
  CHECK(fs::exists(scratch.path / "spikes.h5.part"));
}

TEST_CASE("half-written rows at the end are cut, and only there", "[spike_recorder]") {
  struct Damage {
    const char* what;
    std::vector<double> times;
    std::vector<std::uint64_t> nodes;
    std::uint64_t whole;
  };
  for (const Damage& damage :
       {Damage{"longer node_ids", {1, 2, 3}, {4, 5, 6, 7}, 3}, Damage{"longer timestamps", {1, 2, 3, 4}, {4, 5}, 2},
        Damage{"unwritten timestamps", {1, 2, 0, 0}, {4, 5, 6, 7}, 2},
        Damage{"out of order", {1, 2, 1.5, 3}, {4, 5, 6, 7}, 2},
        Damage{"not a number", {1, 2, std::nan(""), 3}, {4, 5, 6, 7}, 2},
        Damage{"infinite", {1, 2, HUGE_VAL}, {4, 5, 6}, 2},
        Damage{"the same spike twice: a source may", {1, 2, 2}, {4, 5, 5}, 3},
        Damage{"same tick, ascending", {1, 2, 2}, {4, 5, 6}, 3}, Damage{"nothing", {}, {}, 0}}) {
    CAPTURE(damage.what);
    const Scratch scratch;
    {
      h5::File file = h5::File::create((scratch.path / "spikes.h5.part").string(), h5::File::Layout::live);
      h5::Group spikes = file.create_group("spikes");
      h5::Group e = spikes.create_group("E");
      e.create_growing<double>("timestamps", 16).append<double>(damage.times);
      e.create_growing<std::uint64_t>("node_ids", 16).append<std::uint64_t>(damage.nodes);
    }
    const SpikeFileSummary summary = recover_spikes(scratch.path);
    CHECK(summary.populations[0].spikes == damage.whole);
    CHECK(summary.incomplete == std::max(damage.times.size(), damage.nodes.size()) - damage.whole);
    const RecordedSpikes spikes = read_spikes(summary.file.string(), "E");
    CHECK(std::equal(spikes.times.begin(), spikes.times.end(), damage.times.begin()));
    CHECK(spikes.times.size() == damage.whole);
  }
}

TEST_CASE("the running file has its name from when it can be read", "[spike_recorder]") {
  const Scratch scratch;
  const fs::path sealed = scratch / "some.h5";
  GrowingRecording growing(scratch.path, "some.h5", {});
  h5::Dataset rows = growing.file().create_growing<double>("rows", 16);
  CHECK_FALSE(fs::exists(part_of(sealed)));
  growing.start();
  CHECK(h5::File::open(part_of(sealed).string(), h5::File::Access::sealed_or_live).dataset("rows").rows() == 0);
  CHECK(rows.file() == part_of(sealed).string());
  CHECK(std::distance(fs::directory_iterator(scratch.path), {}) == 2);  // and its lock
}

TEST_CASE("the running file can be read, from its first moment on", "[spike_recorder]") {
  if (!has_h5py()) {
    WARN("skipped: no python3 with h5py");
    return;
  }
  const Scratch scratch;
  const Ticks ticks = random_spikes(100, 0.02);
  SpikeRecorder recorder(scratch.path, network, everything, 0.1, {.flush_interval = 50ms});
  CHECK(python(scratch.path, R"(
f = h5py.File(sys.argv[1] + '/spikes.h5.part', 'r', swmr=True)
assert sorted(f['spikes']) == ['B', 'E', 'I', 'silent']
assert f['spikes/E/timestamps'].shape == (0,) and f['spikes/E/node_ids'].shape == (0,)
assert f['spikes/E/timestamps'].attrs['units'] in ('ms', b'ms') and f['spikes/E'].attrs['sorting'] == 2
assert f.attrs['magic'] == 0x0A7A and list(f.attrs['version']) == [0, 1]
)") == 0);
  CHECK(python(scratch.path, R"(
try:
    h5py.File(sys.argv[1] + '/spikes.h5.part', 'r')
    sys.exit('a plain reader must be refused, the file is not complete')
except OSError: pass
)") == 0);
  give(recorder, ticks, 15);
  const auto e = expected(ticks, network[0], 0.1);
  const fs::path part = scratch / "spikes.h5.part";
  CHECK(comes_true([&] { return flushed_rows(part, "/spikes/E/node_ids") == e.times.size(); }));
  std::ofstream(scratch.path / "count.txt") << e.times.size();
  CHECK(python(scratch.path, R"(
f = h5py.File(sys.argv[1] + '/spikes.h5.part', 'r', swmr=True)
n = int(open(sys.argv[1] + '/count.txt').read())
t, i = f['spikes/E/timestamps'][:], f['spikes/E/node_ids'][:]
assert len(t) == len(i) == n, (len(t), len(i), n)
assert (np.diff(t) >= 0).all() and t[0] > 0 and i.max() < 800
)") == 0);
  CHECK(flushed_rows(part, "/spikes/E/timestamps") == e.times.size());  // our own reader, in the same process
  recorder.finish();
  CHECK(python(scratch.path, R"(
f = h5py.File(sys.argv[1] + '/spikes.h5', 'r')
assert f.attrs['magic'] == 0x0A7A and f.attrs['magic'].dtype == np.uint32
assert list(f.attrs['version']) == [0, 1] and f.attrs['version'].dtype == np.uint32
e = f['spikes/E']
assert h5py.check_enum_dtype(e.attrs.get_id('sorting').dtype) == {'none': 0, 'by_id': 1, 'by_time': 2}
assert e.attrs['sorting'] == 2 and e['timestamps'].attrs['units'] in ('ms', b'ms')
assert e['timestamps'].dtype == np.float64 and e['node_ids'].dtype == np.uint64
assert f['spikes/silent/timestamps'].shape == (0,)
for data in (e['timestamps'], e['node_ids']):
    assert data.compression == 'gzip' and data.compression_opts == 1 and data.shuffle and data.fletcher32
)") == 0);
}

TEST_CASE("kill -9 loses nothing that was flushed", "[spike_recorder]") {
  const Ticks ticks = random_spikes(20'000, 0.01);
  for (const int wait : {0, 40, 150, 333}) {
    CAPTURE(wait);
    const Scratch scratch;
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    Tick given = 0;  // last tick of which all spikes were seen in the file before the kill
    const int status = in_child(
        [&] {
          SpikeRecorder recorder(scratch.path, network, everything, 0.1, {.chunk = 2000, .flush_interval = 100ms});
          for (std::size_t k = 0; k + 15 <= ticks.size(); k += 15) {
            recorder.take(batch(ticks, k, k + 15));
            const Tick now = static_cast<Tick>(k) + 15;
            if (::write(pipe[1], &now, sizeof now) != sizeof now) return 1;
            std::this_thread::sleep_for(1ms);
          }
          std::this_thread::sleep_for(1h);
          return 0;
        },
        [&](pid_t child) {
          Tick now = 0;
          ssize_t got = ::read(pipe[0], &now, sizeof now);
          std::this_thread::sleep_for(std::chrono::milliseconds(wait));
          ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
          while (got == sizeof now) {
            given = now;
            got = ::read(pipe[0], &now, sizeof now);
          }
          CHECK_THROWS_AS(recover_spikes(scratch.path), RecordingError);  // its process lives
          const auto due = [&](const PopulationInfo& population) { return rows_until(given, ticks, population); };
          CHECK(comes_true([&] {
            return std::all_of(network.begin(), network.end(), [&](const PopulationInfo& population) {
              const fs::path part = scratch / "spikes.h5.part";
              // They reach the disk after the node ids.
              return flushed_rows(part, "/spikes/" + population.name + "/timestamps") >= due(population);
            });
          }));
          ::kill(child, SIGKILL);
        });
    ::close(pipe[0]);
    ::close(pipe[1]);
    REQUIRE(WIFSIGNALED(status));
    const SpikeFileSummary summary = recover_spikes(scratch.path);
    REQUIRE(given > 0);
    for (const PopulationInfo& population : network) {
      CAPTURE(population.name);
      const RecordedSpikes found = read_spikes(summary.file.string(), population.name);
      const RecordedSpikes right = expected(ticks, population, 0.1);
      REQUIRE(found.times.size() <= right.times.size());
      CHECK(std::equal(found.times.begin(), found.times.end(), right.times.begin()));
      CHECK(std::equal(found.nodes.begin(), found.nodes.end(), right.nodes.begin()));
      CHECK(found.times.size() >= rows_until(given, ticks, population));
    }
    CHECK_FALSE(fs::exists(scratch.path / "spikes.h5.part"));
  }
}

TEST_CASE("a directory that cannot be written is a RecordingError", "[spike_recorder]") {
  CHECK_THROWS_AS(SpikeRecorder("/proc/nowhere", network, everything, 0.1), RecordingError);
  const Scratch scratch;
  std::ofstream(scratch.path / "taken") << "a file";
  CHECK(complaint_of([&] { SpikeRecorder(scratch.path / "taken", network, everything, 0.1); }).file ==
        scratch.path / "taken");
  // The child gives up its rights first: root may write anywhere.
  ::chmod(scratch.path.c_str(), 0555);
  const int status = in_child([&] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 2;
    try {
      SpikeRecorder recorder(scratch.path, network, everything, 0.1);
    } catch (const RecordingError& error) {
      return std::string(error.what()).find("Permission denied") != std::string::npos ? 0 : 3;
    }
    return 1;
  });
  ::chmod(scratch.path.c_str(), 0755);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a full disk is reported, and what was flushed before is kept", "[spike_recorder]") {
  const Scratch scratch;
  const Ticks ticks = random_spikes(20'000, 0.01);
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{500'000, 500'000};  // bytes of a file; beyond, a write fails with EFBIG
    ::setrlimit(RLIMIT_FSIZE, &limit);
    SpikeRecorder recorder(scratch.path, network, everything, 0.1, {.chunk = 2000, .flush_interval = 20ms});
    try {
      for (std::size_t k = 0; k + 15 <= ticks.size(); k += 15) recorder.take(batch(ticks, k, k + 15));
    } catch (const RecordingError& error) {
      if (std::string(error.what()).find("File too large") == std::string::npos) return 4;
      if (error.complaint().file != scratch.path / "spikes.h5.part") return 5;
      try {
        recorder.finish();
      } catch (const RecordingError&) {
        return 0;  // said once more at the end, and nothing hangs
      }
      return 3;
    }
    return 2;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  const SpikeFileSummary summary = recover_spikes(scratch.path);
  std::uint64_t spikes = 0;
  for (const PopulationInfo& population : network) {
    const RecordedSpikes found = read_spikes(summary.file.string(), population.name);
    const RecordedSpikes right = expected(ticks, population, 0.1);
    REQUIRE(found.times.size() <= right.times.size());
    CHECK(std::equal(found.times.begin(), found.times.end(), right.times.begin()));
    CHECK(std::equal(found.nodes.begin(), found.nodes.end(), right.nodes.begin()));
    spikes += found.times.size();
  }
  CHECK(spikes > 20'000);  // in a file of at most 500 kB, in which chunks that grow take new places
}

TEST_CASE("a disk that fills up while sealing keeps the .part file", "[spike_recorder]") {
  const Scratch scratch;
  const Ticks ticks = random_spikes(3'000, 0.01);
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    SpikeRecorder recorder(scratch.path, network, everything, 0.1, {.flush_interval = 1ms});
    give(recorder, ticks, 15);
    for (const PopulationInfo& population : network) {
      const std::size_t rows = rows_until(static_cast<Tick>(ticks.size()), ticks, population);
      const std::string ids = "/spikes/" + population.name + "/node_ids";
      if (!comes_true([&] { return flushed_rows(scratch / "spikes.h5.part", ids) == rows; })) return 2;
    }
    // Rows are seen before the flush that brought them is over.
    const auto at_rest = [&] {
      const std::string before = bytes_of(scratch / "spikes.h5.part");
      std::this_thread::sleep_for(50ms);
      return bytes_of(scratch / "spikes.h5.part") == before;
    };
    if (!comes_true(at_rest)) return 3;
    const rlimit limit{30'000, 30'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      recorder.finish();
    } catch (const RecordingError&) {
      return 0;
    }
    return 1;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_FALSE(fs::exists(scratch.path / "spikes.h5"));
  CHECK_FALSE(fs::exists(scratch.path / "spikes.h5.tmp"));
  check_file(recover_spikes(scratch.path).file, ticks, 0.1);
}

TEST_CASE("cost of a spike in the recorder", "[.bench][spike_recorder]") {
  const Scratch scratch;
  std::mt19937 random(5);
  const std::vector<PopulationInfo> populations{{"E", 0, 60'000}, {"I", 60'000, 20'000}};
  for (const std::size_t per_tick : {30, 300, 3000}) {
    std::vector<SpikeBatch> batches;
    std::size_t total = 0;
    for (std::size_t window = 0; window < 600; ++window) {
      Ticks ticks(15);
      for (auto& tick : ticks) {
        for (std::size_t i = 0; i < per_tick; ++i) tick.push_back(static_cast<NeuronId>(random() % 80'000));
        std::sort(tick.begin(), tick.end());
        tick.erase(std::unique(tick.begin(), tick.end()), tick.end());
        total += tick.size();
      }
      batches.push_back(batch(ticks, 0, 15));
      batches.back().first = static_cast<Tick>(15 * window) + 1;
    }
    SpikeRecorder recorder(scratch.path / std::to_string(per_tick), populations,
                           {{.population = "E", .end = {}}, {.population = "I", .end = {}}}, 0.1);
    using Clock = std::chrono::steady_clock;
    Clock::duration taking{};
    for (const SpikeBatch& b : batches) {
      const auto begin = Clock::now();
      recorder.take(b);
      taking += Clock::now() - begin;
      // A simulation that keeps the writer just busy: without it this would measure the disk.
      std::this_thread::sleep_for(std::chrono::nanoseconds(200 * b.neurons.size()));
    }
    const auto taken = Clock::now();
    recorder.finish();
    const auto ns = [&](Clock::duration time) {
      return std::chrono::duration<double, std::nano>(time).count() / static_cast<double>(total);
    };
    WARN("recorder, " << per_tick << " spikes per tick: " << total << " spikes, take " << ns(taking)
                      << " ns per spike, last chunk and sealing " << ns(Clock::now() - taken) << " ns per spike");
  }
}

}  // namespace test_spike_recorder

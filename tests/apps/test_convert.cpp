// rheo convert, and rheo export to what other programs read: by those programs, or by checks written from their
// formats.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "io/h5/h5.hpp"
#include "io/spikes/reader.hpp"
#include "tests/apps/command.hpp"

namespace test_convert {

namespace {

// A run of two populations, one of them small and silent, with a report.
fs::path small_run(const Scratch& scratch, const std::string& name, const std::vector<std::string>& more = {}) {
  const fs::path file = scratch / "net.toml", out = scratch / name;
  std::ofstream(file) << R"(title = "Two populations"
[simulation]
duration = 100.0
seed = 3
[populations.E]
model = "iaf_psc_delta"
size = 60
[populations.silent]
model = "iaf_psc_delta"
size = 5
[inputs.background]
kind = "poisson"
target = "E[0:50]"
rate = 9000.0
weight = 2.0
[record.spikes]
[record.v]
population = ["E[0:4]", "silent"]
variables = ["V_m"]
every = 1.0
)";
  std::vector<std::string> arguments{"run", file.string(), "--quiet", "--out", out.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  REQUIRE(code_of(scratch, arguments) == 0);
  return out;
}

bool peer_accepts(const std::string& script, const std::vector<std::string>& arguments, bool quiet = false) {
  std::string command = "/usr/bin/python3 " RHEO_SOURCE_DIR "/tests/peers/" + script;
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  if (quiet) command += " 2>/dev/null";
  return std::system(command.c_str()) == 0;
}

bool python(const std::string& code, const fs::path& file) {
  return std::system(("/usr/bin/python3 -c '" + code + "' " + file.string()).c_str()) == 0;
}

#ifndef RHEO_SANITIZED
// The most memory that the command ever had, in MB; 0 where it failed.
long peak_memory(std::vector<std::string> words) {
  words.insert(words.begin(), RHEO_COMMAND);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::freopen("/dev/null", "w", stdout) != nullptr) ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? usage.ru_maxrss / 1024 : 0;
}
#endif

}  // namespace

TEST_CASE("an NWB file holds what its schema demands, and is the same bytes for the same run") {
  if (!has_h5py()) {
    WARN("skipped: python3-h5py is not installed, nobody reads the NWB file");
    return;
  }
  const Scratch scratch;
  const fs::path run = small_run(scratch, "run"), spikes = run / "spikes.h5", nwb = run / "spikes.nwb";
  const auto accepted = [&](const fs::path& file) {
    return peer_accepts("nwb_check.py", {file.string(), spikes.string(), "0.1"});
  };
  Command command(scratch, {"export", "--format", "nwb", run.string()});
  CHECK(command.end() == 0);
  CHECK_THAT(command.out(), Catch::Contains("65 units"));  // silent neurons, too
  CHECK(accepted(nwb));
  const std::string bytes = bytes_of(nwb);
  REQUIRE(code_of(scratch, {"export", "--format", "nwb", run.string(), "--out", (scratch / "b.nwb").string()}) == 0);
  CHECK((bytes_of(scratch / "b.nwb") == bytes));
  CHECK_THAT(bytes, Catch::Contains(report(run)["started"].get<std::string>()));

  // The check sees what is missing or wrong: each of these on a copy of its own.
  std::ofstream(scratch / "damage.py") << "import shutil, sys, h5py\n"
                                          "sys.path.insert(0, '" RHEO_SOURCE_DIR "/tests/peers')\n"
                                       << R"(import nwb_check
good, bad, spikes = sys.argv[1:]
accepted = []
for damage in """
del f.attrs["nwb_version"]
f.attrs["nwb_version"] = b"2.7.0"
del f["stimulus/templates"]
del f["analysis"]
del f["session_start_time"]
f["more"] = 1
del f["units/id"].attrs["object_id"]
del f["units"].attrs["colnames"]
f["units"].attrs["neurodata_type"] = "Unit"
del f["units/spike_times_index"].attrs["target"]
f["units/spike_times_index"].attrs["target"] = f["units/id"].ref
f["units/spike_times"].attrs["namespace"] = "core"
f["units/spike_times"][0] += 0.0001
f["units/spike_times_index"][0] += 1
f["units/node_id"][7] = 6
del f["units/population"]
f["units/population"][0] = "silent"
f["units/extra"] = f["units/id"][()]
f["units/id"].attrs["object_id"] = f["units"].attrs["object_id"]
""".strip().splitlines():
    shutil.copyfile(good, bad)
    with h5py.File(bad, "r+") as f:
        exec(damage)
    sys.argv[1:] = [bad, spikes, "0.1"]
    try:
        nwb_check.main()
        accepted.append(damage)
    except SystemExit:
        pass
    except Exception as error:
        accepted.append(f"{damage}: {error}")
shutil.copyfile(good, bad)
nwb_check.main()
sys.exit("accepted: " + "; ".join(accepted) if accepted else 0)
)";
  CHECK(std::system(("/usr/bin/python3 " + (scratch / "damage.py").string() + " " + nwb.string() + " " +
                     (scratch / "damaged.nwb").string() + " " + spikes.string())
                        .c_str()) == 0);

  // Another run has other ids; one that recorded a part does not pretend that the others were silent.
  const fs::path part = small_run(scratch, "part", {"--set", "record.spikes.populations=[\"E[0:10]\"]"});
  Command partial(scratch, {"export", "--format", "nwb", part.string()});
  CHECK(partial.end() == 0);
  CHECK_THAT(partial.out(), Catch::Contains("10 units") && Catch::Contains("only neurons with spikes"));
  CHECK(peer_accepts("nwb_check.py", {(part / "spikes.nwb").string(), (part / "spikes.h5").string(), "0.1"}));
  // Without run.json nobody knows when the session began.
  fs::copy_file(spikes, scratch / "alone.h5");
  Command alone(scratch, {"export", "--format", "nwb", (scratch / "alone.h5").string()});
  CHECK(alone.end() == 2);
  CHECK_THAT(alone.err(), Catch::Contains("run.json: is not there") && Catch::Contains("--start"));
  CHECK(code_of(scratch, {"export", "--format", "nwb", (scratch / "alone.h5").string(), "--start",
                          "2024-05-17T09:30:00+02:00"}) == 0);
  CHECK(peer_accepts("nwb_check.py", {(scratch / "alone.nwb").string(), spikes.string()}));
  CHECK(code_of(scratch, {"export", "--format", "gdf", run.string(), "--start", "2024-05-17T09:30:00Z"}) == 2);
  CHECK(code_of(scratch, {"export", "--format", "nwb", run.string(), "--out", "-"}) == 2);
  Command limited(scratch, {"export", "--format", "nwb", run.string(), "--out", (scratch / "cut.nwb").string()}, 3'000);
  CHECK(limited.end() == 2);
  CHECK_FALSE(fs::exists(scratch / "cut.nwb"));
  CHECK_FALSE(fs::exists(scratch / "cut.nwb.tmp"));
}

TEST_CASE("NumPy reads an exported npz to the bit") {
  if (!has_h5py()) {
    WARN("skipped: python3-h5py is not installed, nobody reads the npz file");
    return;
  }
  const Scratch scratch;
  const fs::path run = small_run(scratch, "run");
  REQUIRE(code_of(scratch, {"export", "--format", "npz", run.string()}) == 0);
  CHECK(peer_accepts("spikes_check.py", {"npz", (run / "spikes.npz").string(), (run / "spikes.h5").string()}));
  Command limited(scratch, {"export", "--format", "npz", run.string(), "--out", (scratch / "cut.npz").string()}, 500);
  CHECK(limited.end() == 2);
  CHECK_FALSE(fs::exists(scratch / "cut.npz"));
  CHECK_FALSE(fs::exists(scratch / "cut.npz.tmp"));
}

TEST_CASE("Neo reads an exported gdf, and a run as a block") {
  if (std::system("/usr/bin/python3 -c 'import neo, h5py' >/dev/null 2>&1") != 0) {
    WARN("skipped: python3-neo is not installed");
    return;
  }
  const Scratch scratch;
  const fs::path run = small_run(scratch, "run");
  REQUIRE(code_of(scratch, {"export", "--format", "gdf", run.string()}) == 0);
  CHECK(peer_accepts("spikes_check.py", {"gdf", (run / "spikes-E.gdf").string(), (run / "spikes.h5").string(), "E"}));
  CHECK(peer_accepts("spikes_check.py", {"neo", run.string()}));
  const fs::path part = small_run(scratch, "part", {"--set", "record.spikes.populations=[\"E[0:10]\"]"});
  CHECK(peer_accepts("spikes_check.py", {"neo", part.string()}));
  // The check sees another spike.
  REQUIRE(
      python("import h5py, sys; h5py.File(sys.argv[1], \"r+\")[\"spikes/E/timestamps\"][3] -= 0.1", run / "spikes.h5"));
  CHECK_FALSE(peer_accepts("spikes_check.py",
                           {"gdf", (run / "spikes-E.gdf").string(), (run / "spikes.h5").string(), "E"}, true));
}

TEST_CASE("rheo convert goes round with the same bytes") {
  const Scratch scratch;
  const fs::path run = small_run(scratch, "run"), id = scratch / "id.h5", back = scratch / "back.h5";
  const std::string right = bytes_of(run / "spikes.h5");
  const auto convert = [&](const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"convert"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return code_of(scratch, words);
  };
  REQUIRE(convert({run.string(), id.string(), "--sort", "by_id"}) == 0);
  CHECK((bytes_of(id) != right));
  if (has_h5py())
    CHECK(sonata_accepts({id}));
  else
    WARN("skipped: python3-h5py is not installed, nobody else reads the file");
  REQUIRE(convert({id.string(), back.string()}) == 0);
  CHECK((bytes_of(back) == right));
  REQUIRE(convert({back.string(), back.string(), "--sort", "by_time"}) == 0);
  CHECK((bytes_of(back) == right));

  // As text and back; the silent population is a text without a line.
  REQUIRE(code_of(scratch, {"export", "--format", "gdf", run.string()}) == 0);
  REQUIRE(convert({(run / "spikes-E.gdf").string(), (scratch / "E.h5").string(), "--population", "E"}) == 0);
  REQUIRE(convert({(run / "spikes-silent.gdf").string(), (scratch / "none.h5").string(), "--population", "silent"}) ==
          0);
  REQUIRE(convert({run.string(), back.string(), "--population", "E"}) == 0);
  CHECK((bytes_of(scratch / "E.h5") == bytes_of(back)));
  CHECK(rheo::read_spikes((scratch / "none.h5").string(), "silent").times.empty());

  // A text as the input of an experiment gives the spikes that the SONATA file gives.
  std::vector<std::string> results;
  for (const std::string name : {"E.h5", "E.gdf", "E.csv"}) {
    if (name != "E.h5")
      REQUIRE(code_of(scratch, {"export", "--format", name.substr(2), (scratch / "E.h5").string(), "--out",
                                (scratch / name).string()}) == 0);
    std::ofstream(scratch / "replay.toml")
        << "[simulation]\nduration = 100.0\n[populations.S]\nmodel = \"spike_source\"\n"
           "size = 60\nparams = { file = \""
        << name << "\" }\n[record.spikes]\n";
    REQUIRE(code_of(scratch, {"run", (scratch / "replay.toml").string(), "--quiet", "--overwrite", "--out",
                              (scratch / "replay").string()}) == 0);
    results.push_back(bytes_of(scratch / "replay" / "spikes.h5"));
  }
  CHECK(rheo::read_spikes((scratch / "replay" / "spikes.h5").string()).times ==
        rheo::read_spikes((scratch / "E.h5").string()).times);
  CHECK((results[1] == results[0]));
  CHECK((results[2] == results[0]));
  std::ofstream(scratch / "E.csv", std::ios::app) << "12.5 E x\n";
  Command damaged(scratch, {"validate", (scratch / "replay.toml").string()});
  CHECK(damaged.end() == 2);
  CHECK_THAT(damaged.err(), Catch::Contains("E.csv:") && Catch::Contains("node_ids = x: is no neuron"));

  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& message) {
    std::vector<std::string> words{"convert"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    Command command(scratch, words);
    CHECK(command.end() == 2);
    CHECK_THAT(command.err(), Catch::Contains(message));
  };
  const std::string gdf = (scratch / "E.gdf").string(), out = (scratch / "o.h5").string();
  refused({gdf, out}, "--population NAME");
  refused({gdf, (scratch / "o.npz").string(), "--population", "E"}, "rheo export --format writes others");
  refused({gdf, out, "--population", "E", "--sort", "by_name"}, "by_name");
  refused({gdf, out, "--population", "E", "--first-id", "70"}, "--first-id");
  refused({run.string(), out, "--first-id", "1"}, "is for texts only");
  refused({gdf, out, "--population", "E", "--from", "sonata"}, "cannot be opened as an HDF5 file");
  refused({run.string(), out, "--from", "csv"}, "spikes.h5:1");
  refused({run.string(), out, "--population", "F"}, "is no population of the file");
  refused({(scratch / "missing.h5").string(), out}, "missing.h5");
  refused({run.string(), "/proc/nowhere/o.h5"}, "/proc/nowhere/o.h5");
  CHECK_FALSE(fs::exists(out));
  Command limited(scratch, {"convert", run.string(), out, "--sort", "by_id"}, 3'000);
  CHECK(limited.end() == 2);
  CHECK_FALSE(fs::exists(out));
  CHECK_FALSE(fs::exists(out + ".tmp"));
}

#ifndef RHEO_SANITIZED
TEST_CASE("sorting and exporting take no memory for spikes") {
  const Scratch scratch;
  // Three million: 72 MB where all are sorted at once, beside the 20 that the command takes anyway.
  constexpr std::uint64_t count = 3'000'000, piece = 1 << 18;
  {
    auto file = rheo::h5::File::create((scratch / "spikes.h5").string());
    file.create_group("spikes");
    auto group = file.group("/spikes").create_group("E");
    auto timestamps = group.create_dataset<double>("timestamps", count);
    auto node_ids = group.create_dataset<std::uint64_t>("node_ids", count);
    for (std::uint64_t first = 0; first < count; first += piece) {
      std::vector<double> times;
      std::vector<std::uint64_t> nodes;
      for (std::uint64_t i = first; i < std::min(count, first + piece); ++i) {
        times.push_back(static_cast<double>(i / 10) * 0.1);
        nodes.push_back(i * 7919 % 1000);
      }
      timestamps.write<double>(first, times);
      node_ids.write<std::uint64_t>(first, nodes);
    }
  }
  const std::string in = (scratch / "spikes.h5").string(), id = (scratch / "id.h5").string();
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"convert", in, id, "--sort", "by_id"},
           {"convert", id, (scratch / "time.h5").string()},
           {"export", "--format", "npz", in},
           {"export", "--format", "nwb", in, "--start", "2024-05-17T09:30:00Z"},
           {"export", "--format", "csv", in},
           {"convert", (scratch / "spikes.csv").string(), (scratch / "csv.h5").string()}}) {
    CAPTURE(words);
    const long memory = peak_memory(words);
    CHECK(memory > 0);
    CHECK(memory < 75);
  }
  CHECK((bytes_of(scratch / "csv.h5") == bytes_of(scratch / "time.h5")));
}
#endif

}  // namespace test_convert

// Reports and weights of a run: files that others can read, the same bytes always, kept whatever ends the run.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <iomanip>
#include <string>
#include <thread>

#include "io/h5/h5.hpp"
#include "tests/apps/command.hpp"
#include "tests/apps/small_network.hpp"

namespace test_records {

using namespace std::chrono_literals;

namespace {

fs::path experiment(const Scratch& scratch, double duration) {
  const fs::path file = scratch / "net.toml";
  std::ofstream(file) << "[simulation]\nseed = 3\nduration = " << std::setprecision(15) << duration << "\n"
                      << small_network() << R"([record.spikes]
[record.membrane]
population = ["E[0:50:7]", "I"]
variables = ["V_m", "I_syn_ex"]
every = 0.5
[record.exc]
projection = "excitation"
[record.inh]
projection = "inhibition"
)";
  return file;
}

const std::vector<std::string> recorded{"spikes.h5", "membrane_V_m.h5", "membrane_I_syn_ex.h5", "exc.h5", "inh.h5"};

}  // namespace

TEST_CASE("reports and weights: listed, the same bytes for any threads and lanes, accepted by another reader") {
  const Scratch scratch;
  const fs::path file = experiment(scratch, 200), one = scratch / "one", other = scratch / "other";
  Command command(scratch, {"run", file.string(), "--threads", "1", "--lanes", "1", "--out", one.string()});
  REQUIRE(command.end() == 0);
  for (const std::string& name : recorded) CHECK(command.out().find((one / name).string()) != std::string::npos);
  CHECK(report(one)["files"] == recorded);
  REQUIRE(code_of(scratch, {"run", file.string(), "--threads", "4", "--lanes", "9", "--out", other.string()}) == 0);
  std::vector<fs::path> files;
  for (const std::string& name : recorded) {
    CAPTURE(name);
    CHECK(bytes_of(one / name).size() > 1000);
    CHECK((bytes_of(one / name) == bytes_of(other / name)));
    files.push_back(one / name);
  }
  if (has_h5py()) {
    CHECK(sonata_accepts(files));
  } else {
    WARN("skipped: python3-h5py is not installed, nobody else reads the files");
  }
  // Without the reports the spikes are the same, and what the earlier run left of them is gone.
  std::string text = bytes_of(file);
  std::ofstream(file) << text.substr(0, text.find("[record.membrane]"));
  REQUIRE(code_of(scratch, {"run", file.string(), "--out", other.string(), "--overwrite"}) == 0);
  CHECK((bytes_of(other / "spikes.h5") == bytes_of(one / "spikes.h5")));
  CHECK_FALSE(fs::exists(other / "membrane_V_m.h5"));
  CHECK_FALSE(fs::exists(other / "exc.h5"));
}

TEST_CASE("Ctrl-C and kill -9 keep the rows of a report") {
  const Scratch scratch;
  const fs::path file = experiment(scratch, 1e7), out = scratch / "out";
  const bool kill = GENERATE(false, true);
  {
    Command command(scratch, {"run", file.string(), "--threads", "1", "--out", out.string()});
    const fs::path part = out / "membrane_V_m.h5.part";
    REQUIRE(comes_true([&] { return flushed_rows(part, "/report/I/data") > 200; }));
    // Rows are seen before the flush that brought them is over; they count when it is.
    const std::uint64_t flushes = flushed_rows(part, "/rows");
    REQUIRE(comes_true([&] { return flushed_rows(part, "/rows") > flushes + 1; }));
    command.send(kill ? SIGKILL : SIGINT);
    CHECK(command.end() == (kill ? -SIGKILL : 75));
  }
  if (kill) {
    CHECK(code_of(scratch, {"run", file.string(), "--out", out.string()}) == 2);
    Command command(scratch, {"recover", out.string()});
    CHECK(command.end() == 0);
    CHECK(command.out().find("membrane_V_m.h5: sealed") != std::string::npos);
    CHECK(code_of(scratch, {"recover", out.string()}) == 2);
  } else {
    CHECK(report(out)["files"] == recorded);
  }
  const auto cut = rheo::h5::File::open((out / "membrane_V_m.h5").string()).dataset("/report/I/data");
  const std::uint64_t rows = cut.rows();
  REQUIRE(rows > 100);
  if (has_h5py()) CHECK(sonata_accepts({out / "membrane_V_m.h5", out / "membrane_I_syn_ex.h5", out / "spikes.h5"}));

  // A beginning of the whole run.
  const fs::path whole = scratch / "whole";
  REQUIRE(code_of(scratch, {"run", experiment(scratch, 100).string(), "--out", whole.string()}) == 0);
  const auto expected = rheo::h5::File::open((whole / "membrane_V_m.h5").string()).dataset("/report/I/data");
  CHECK((cut.read<float>(0, 200) == expected.read<float>(0, 200)));
}

TEST_CASE("the independent reader refuses what is wrong") {
  if (!has_h5py()) {
    WARN("skipped: python3-h5py is not installed");
    return;
  }
  const Scratch scratch;
  const fs::path out = scratch / "out";
  REQUIRE(code_of(scratch, {"run", experiment(scratch, 50).string(), "--quiet", "--out", out.string()}) == 0);
  const std::vector<std::pair<std::string, std::string>> damages{
      {"spikes.h5", "f.attrs['magic'] = 7"},
      {"spikes.h5", "f['spikes/E/timestamps'][0] = 1e9"},
      {"spikes.h5", "del f['spikes/E/timestamps'].attrs['units']"},
      {"spikes.h5", "f['spikes/E'].attrs['sorting'] = 'by_time'"},
      {"spikes.h5", "del f['spikes/E/node_ids']"},
      {"membrane_V_m.h5", "f['report/E/mapping/index_pointers'][3] = 2"},
      {"membrane_V_m.h5", "f['report/E/mapping/node_ids'][0] = 1000"},
      {"membrane_V_m.h5", "f['report/E/mapping/time'][2] = 0.4"},
      {"membrane_V_m.h5", "f['report/I/data'][3, 4] = float('nan')"},
      {"exc.h5", "f['edges/excitation_E_E/target_node_id'][7] = 50000"},
      {"exc.h5", "f['edges/excitation_E_I/0/delay'][7] = 0"},
      {"exc.h5", "f['edges/excitation_E_I/edge_group_index'][7] = 8"},
      {"inh.h5", "f['edges/inhibition_I_E/indices/source_to_target/range_to_edge_id'][2, 1] += 1"},
      {"inh.h5", "del f['edges/inhibition_I_I/source_node_id'].attrs['node_population']"}};
  for (const auto& [name, damage] : damages) {
    CAPTURE(name, damage);
    const fs::path copy = scratch / "copy.h5";
    fs::copy_file(out / name, copy, fs::copy_options::overwrite_existing);
    std::ofstream(scratch / "damage.py") << "import h5py, sys\nf = h5py.File(sys.argv[1], 'r+')\n" << damage << "\n";
    REQUIRE(std::system(("/usr/bin/python3 " + (scratch / "damage.py").string() + " " + copy.string()).c_str()) == 0);
    CHECK(std::system(
              ("/usr/bin/python3 " RHEO_SOURCE_DIR "/tests/peers/sonata_check.py " + copy.string() + " >/dev/null 2>&1")
                  .c_str()) != 0);
  }
}

}  // namespace test_records

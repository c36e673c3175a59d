// Spikes between files: sorting with little memory, texts in, arrays out.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "io/spikes/convert.hpp"
#include "io/spikes/npz.hpp"
#include "io/spikes/nwb.hpp"
#include "io/spikes/sorter.hpp"
#include "tests/files.hpp"

namespace test_spike_convert {

using namespace rheo;

namespace {

// Whole ticks, many of them equal, and numbers that are hard on sorting.
std::vector<Spike> random_spikes(std::size_t count, std::uint64_t populations, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Spike> spikes(count);
  for (Spike& spike : spikes) {
    spike = {static_cast<double>(random() % 40) * 0.1, random() % 7, random() % populations};
    if (random() % 50 == 0) spike.time = random() % 2 == 0 ? 0.0 : -0.0;
    if (random() % 50 == 0) spike.node = ~std::uint64_t{0} - random() % 2;
  }
  return spikes;
}

bool same(const Spike& a, const Spike& b) {
  return a.time == b.time && std::signbit(a.time) == std::signbit(b.time) && a.node == b.node &&
         a.population == b.population;
}

void write_sonata(const fs::path& path, const std::vector<std::string>& names, const std::vector<Spike>& spikes) {
  auto file = h5::File::create(path.string());
  auto all = file.create_group("spikes");
  for (std::size_t p = 0; p < names.size(); ++p) {
    std::vector<double> times;
    std::vector<std::uint64_t> nodes;
    for (const Spike& spike : spikes) {
      if (spike.population != p) continue;
      times.push_back(spike.time);
      nodes.push_back(spike.node);
    }
    auto group = all.create_group(names[p]);
    group.create_dataset<double>("timestamps", times.size()).write<double>(0, times);
    group.create_dataset<std::uint64_t>("node_ids", nodes.size()).write<std::uint64_t>(0, nodes);
  }
}

Complaint complaint_of(const fs::path& from, const fs::path& to, const ConvertOptions& options) {
  try {
    convert_spikes(from, to, options);
  } catch (const RecordingError& error) {
    return error.complaint();
  }
  return {};
}

std::string sorting_of(const fs::path& file, const std::string& population) {
  return h5::File::open(file.string()).group("/spikes/" + population).text_attribute("sorting").value_or("");
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("spikes that do not fit into memory are sorted as those that do", "[spike_convert]") {
  const Scratch scratch;
  const auto order = GENERATE(SpikeOrder::none, SpikeOrder::by_id, SpikeOrder::by_time);
  const auto [rows, fan_in] = GENERATE(table<std::size_t, std::size_t>(
      {{1, 2}, {2, 2}, {3, 3}, {16, 2}, {16, 64}, {100, 3}, {999, 64}, {1000, 64}, {5000, 64}}));
  CAPTURE(static_cast<int>(order), rows, fan_in);
  for (const std::size_t count : {0, 1, 2, 999, 1000}) {
    std::vector<Spike> spikes = random_spikes(count, 3, count);
    SpikeSorter sorter(order, scratch / "out.h5", rows, fan_in);
    for (const Spike& spike : spikes) sorter.add(spike);
    std::vector<Spike> sorted;
    sorter.drain([&](std::span<const Spike> some) { sorted.insert(sorted.end(), some.begin(), some.end()); });
    // Written anew: std::stable_sort over a tuple that begins with the population.
    std::stable_sort(spikes.begin(), spikes.end(), [&](const Spike& a, const Spike& b) {
      if (a.population != b.population) return a.population < b.population;
      if (order == SpikeOrder::none) return false;
      const auto minus = [](double x) { return x == 0 && std::signbit(x) ? 0 : 1; };
      if (order == SpikeOrder::by_id && a.node != b.node) return a.node < b.node;
      if (a.time != b.time) return a.time < b.time;
      if (minus(a.time) != minus(b.time)) return minus(a.time) < minus(b.time);
      return a.node < b.node;
    });
    REQUIRE(sorted.size() == spikes.size());
    CHECK(std::equal(sorted.begin(), sorted.end(), spikes.begin(), same));
  }
  CHECK(files_in(scratch.path) == 0);
}

TEST_CASE("every order of SONATA goes into every other, and back to the same bytes", "[spike_convert]") {
  const Scratch scratch;
  const std::vector<std::string> names{"B", "A", "none", "\xC3\xA9"};
  std::vector<Spike> spikes = random_spikes(3000, 4, 5);
  std::erase_if(spikes, [](const Spike& spike) { return spike.population == 2; });
  write_sonata(scratch / "in.h5", names, spikes);
  const auto to = [&](const char* from, const char* name, SpikeOrder order, std::size_t rows = 64) {
    ConvertOptions options;
    options.order = order;
    options.rows = rows;
    const ConvertSummary summary = convert_spikes(scratch / from, scratch / name, options);
    CHECK(summary.populations.size() == 4);
    CHECK(summary.populations[0].name == "A");
    return bytes_of(scratch / name);
  };
  const std::string by_time = to("in.h5", "time.h5", SpikeOrder::by_time);
  const std::string by_id = to("time.h5", "id.h5", SpikeOrder::by_id);
  const std::string none = to("in.h5", "none.h5", SpikeOrder::none);
  CHECK(sorting_of(scratch / "time.h5", "A") == "by_time");
  CHECK(sorting_of(scratch / "id.h5", "A") == "by_id");
  CHECK(sorting_of(scratch / "none.h5", "none") == "none");
  CHECK((by_time != by_id && by_time != none));
  CHECK((to("id.h5", "again.h5", SpikeOrder::by_time) == by_time));
  CHECK((to("none.h5", "again.h5", SpikeOrder::by_time, 1 << 20) == by_time));
  CHECK((to("time.h5", "time.h5", SpikeOrder::by_time) == by_time));  // in place, and idempotent
  CHECK((to("id.h5", "id.h5", SpikeOrder::by_id, 1) == by_id));
  CHECK((to("none.h5", "again.h5", SpikeOrder::none) == none));
  CHECK((to("again.h5", "again.h5", SpikeOrder::by_id) == by_id));
  // Nothing was lost or made up.
  for (std::uint64_t p = 0; p < names.size(); ++p) {
    const RecordedSpikes in = read_spikes((scratch / "in.h5").string(), names[p]),
                         kept = read_spikes((scratch / "none.h5").string(), names[p]),
                         sorted = read_spikes((scratch / "id.h5").string(), names[p]);
    CHECK(kept.times == in.times);
    CHECK(kept.nodes == in.nodes);
    CHECK(sorted.times.size() == in.times.size());
    CHECK(std::is_sorted(sorted.nodes.begin(), sorted.nodes.end()));
  }
  ConvertOptions one;
  one.population = "B";
  convert_spikes(scratch / "in.h5", scratch / "b.h5", one);
  CHECK(spike_populations((scratch / "b.h5").string()) == std::vector<std::string>{"B"});
  one.population = "C";
  CHECK(complaint_of(scratch / "in.h5", scratch / "c.h5", one).problem == "is no population of the file");
  one.population = "a/b";
  CHECK(complaint_of(scratch / "in.h5", scratch / "c.h5", one).key == "--population");
  CHECK_FALSE(fs::exists(scratch / "c.h5"));
}

TEST_CASE("texts come in as they went out", "[spike_convert]") {
  const Scratch scratch;
  std::vector<Spike> spikes = random_spikes(2000, 2, 9);
  std::mt19937_64 random(3);
  for (Spike& spike : spikes) spike.time = std::ldexp(static_cast<double>(random() >> 11), -40 - int(random() % 9));
  write_sonata(scratch / "in.h5", {"E", "I"}, spikes);
  ConvertOptions options;
  options.rows = 100;
  convert_spikes(scratch / "in.h5", scratch / "in.h5", options);
  const std::string right = bytes_of(scratch / "in.h5");
  write_spike_text(scratch / "in.h5", SpikeText::csv, scratch / "s.csv");
  options.text = SpikeText::csv;
  convert_spikes(scratch / "s.csv", scratch / "s.h5", options);
  CHECK((bytes_of(scratch / "s.h5") == right));

  write_spike_text(scratch / "in.h5", SpikeText::gdf, scratch / "s.gdf");
  options.text = SpikeText::gdf;
  options.population = "E";
  convert_spikes(scratch / "s-E.gdf", scratch / "gdf.h5", options);
  options.text = SpikeText::csv;
  convert_spikes(scratch / "s.csv", scratch / "csv.h5", options);  // only E
  CHECK((bytes_of(scratch / "gdf.h5") == bytes_of(scratch / "csv.h5")));
  CHECK(read_spikes((scratch / "gdf.h5").string(), "E").times == read_spikes((scratch / "in.h5").string(), "E").times);

  // Read directly, as an experiment does.
  CHECK(spike_populations((scratch / "s.csv").string()) == std::vector<std::string>{"E", "I"});
  CHECK(spike_populations((scratch / "s-E.gdf").string()).empty());
  CHECK(read_spikes((scratch / "s.csv").string(), "I").times == read_spikes((scratch / "in.h5").string(), "I").times);
  CHECK(read_spikes((scratch / "s-E.gdf").string()).nodes == read_spikes((scratch / "in.h5").string(), "E").nodes);
  CHECK_THROWS_AS(read_spikes((scratch / "s.csv").string()), RecordingError);  // of which?
  CHECK_THROWS_AS(read_spikes((scratch / "s.csv").string(), "X"), RecordingError);
}

TEST_CASE("texts of other programs come in", "[spike_convert]") {
  const Scratch scratch;
  const auto come_in = [&](const std::string& text, SpikeText format, const std::string& population = "E",
                           std::uint64_t first_id = 0) {
    std::ofstream(scratch / "in", std::ios::binary) << text;
    ConvertOptions options;
    options.text = format;
    options.population = population;
    options.first_id = first_id;
    convert_spikes(scratch / "in", scratch / "out.h5", options);
    const RecordedSpikes spikes = read_spikes((scratch / "out.h5").string(), population.empty() ? "E" : population);
    return std::make_pair(spikes.times, spikes.nodes);
  };
  using Spikes = std::pair<std::vector<double>, std::vector<std::uint64_t>>;
  const Spikes right{{1, 1.5, 1.5}, {4, 0, 2}};
  // NEST 2, NEST 3, no last newline, Windows.
  CHECK(come_in("3\t1.500\t\n5\t1.000\t\n1\t1.500\t\n", SpikeText::gdf, "E", 1) == right);
  CHECK(come_in("# NEST version: 3.3\n# RecordBackendASCII version: 2\nsender\ttime_ms\n3\t1.5\n5\t1.0\n1\t1.5",
                SpikeText::gdf, "E", 1) == right);
  CHECK(come_in("  2 1.5\r\n4 1e0\r\n\r\n0 0.15e1\r\n", SpikeText::gdf) == right);
  CHECK(come_in("", SpikeText::gdf) == Spikes{});
  CHECK(come_in("timestamps population node_ids\n1.5 E 2\n1.0 E 4\n1.5 E 0\n9 I 1\n", SpikeText::csv) == right);
  CHECK(come_in("\xEF\xBB\xBFnode_ids, timestamps, population\n2, 1.5, E\n0,1.5,E\n4,1,E\n", SpikeText::csv, "") ==
        right);
  CHECK(come_in("node_ids timestamps\n2 1.5\n0 1.5\n4 1\n", SpikeText::csv, "X y") == right);
  CHECK(come_in("timestamps population node_ids\n", SpikeText::csv) == Spikes{});
  CHECK(come_in("18446744073709551615\t1.5\n", SpikeText::gdf).second[0] == 18446744073709551615u);
  // Lines across the pieces in which a file is read.
  std::string many;
  for (int i = 0; i < 200'000; ++i) many += std::to_string(i % 9) + "\t" + std::to_string(i + 1) + ".25\n";
  const Spikes all = come_in(many, SpikeText::gdf);
  REQUIRE(all.first.size() == 200'000);
  bool as_written = true;
  for (std::size_t i = 0; i < 200'000; ++i)
    as_written = as_written && all.first[i] == static_cast<double>(i) + 1.25 && all.second[i] == i % 9;
  CHECK(as_written);
}

TEST_CASE("a damaged line is refused with file, line, value and what would be right", "[spike_convert]") {
  const Scratch scratch;
  struct Case {
    std::string text;
    bool csv;
    int line;  // 0: none
    std::string key, value, problem;
  };
  const std::string header = "timestamps population node_ids\n";
  const std::vector<Case> cases{
      {"1\t2.0\n2\t1,5\n", false, 2, "time", "1,5", "is no time of a spike"},
      {"1\t2.0\n\n2\tnan\n", false, 3, "time", "nan", "is no time of a spike"},
      {"1\tinf\n", false, 1, "time", "inf", "is no time of a spike"},
      {"1\t1e999\n", false, 1, "time", "1e999", "is no time of a spike"},
      {"1\t-0.5\n", false, 1, "time", "-0.5", "is no time of a spike"},
      {"-1\t2.0\n", false, 1, "id", "-1", "is no neuron"},
      {"1.5\t2.0\n", false, 1, "id", "1.5", "is no neuron"},
      {"18446744073709551616\t2.0\n", false, 1, "id", "18446744073709551616", "is no neuron"},
      {"1\t2.0\n1\n", false, 2, "line", "1", "has 1 entries"},
      {"1\t2.0\t3\n", false, 1, "line", "1?2.0?3", "has 3 entries"},
      {"sender\ttime_step\ttime_offset\n", false, 1, "line", "sender?time_step?time_offset", "has 3 entries"},
      {"1\t2.0\nsender\ttime_ms\n", false, 2, "id", "sender", "is no neuron"},
      {std::string("1\t2.0\n1\0\t3\n", 11), false, 2, "", "", "holds a zero byte"},
      {"1\t" + std::string(5000, '1') + "\n", false, 1, "", "", "a line of more than 4096 characters"},
      {std::string(1'000'000, '1'), false, 1, "", "", "a line of more than 4096 characters"},
      {"", true, 0, "", "", "is empty"},
      {"1.0 E 2\n", true, 1, "column", "1.0", "is unknown"},
      {"timestamps node_ids timestamps\n", true, 1, "column", "timestamps", "stands there twice"},
      {"timestamps population\n1 E\n", true, 1, "node_ids", "", "is missing"},
      {header + "1.0 E\n", true, 2, "line", "1.0 E", "has 2 entries"},
      {header + "1.0 E 1\n1.0 E x\n", true, 3, "node_ids", "x", "is no neuron"},
      {header + "1.0 E 1\nx E 1\n", true, 3, "timestamps", "x", "is no time of a spike"},
      {header + "1.0 E/F 1\n", true, 2, "population", "E/F", "cannot be the name of a population"},
      {"timestamps,population,node_ids\n1.0,,1\n", true, 2, "population", "", "cannot be the name of a population"},
  };
  for (const Case& wrong : cases) {
    CAPTURE(wrong.text.substr(0, 100));
    const fs::path file = scratch / "in";
    std::ofstream(file, std::ios::binary) << wrong.text;
    ConvertOptions options;
    options.text = wrong.csv ? SpikeText::csv : SpikeText::gdf;
    options.population = "E";
    const Complaint said = complaint_of(file, scratch / "out.h5", options);
    CHECK(said.file == file.string() + (wrong.line == 0 ? "" : ":" + std::to_string(wrong.line)));
    CHECK(said.key == wrong.key);
    CHECK(said.value == wrong.value);
    CHECK(said.problem == wrong.problem);
    CHECK_FALSE(said.expected.empty());
    CHECK(files_in(scratch.path) == 1);
  }
  const auto refused = [&](const std::string& text, ConvertOptions options) {
    std::ofstream(scratch / "in", std::ios::binary) << text;
    return complaint_of(scratch / "in", scratch / "out.h5", options);
  };
  ConvertOptions options;
  options.text = SpikeText::gdf;
  CHECK(refused("1\t2\n", options).expected == "--population NAME");
  options.population = "E";
  options.first_id = 5;
  CHECK(refused("7\t2\n4\t2\n", options).file == (scratch / "in").string() + ":2");
  options.text = SpikeText::csv;
  options.first_id = 0;
  CHECK(refused(header + "1 EE 2\n1 I 2\n", options).suggestion == "EE");
  options.population.clear();
  CHECK(refused(header, options).problem == "holds no spikes");
  std::string names = header;
  for (int i = 0; i < 10'001; ++i) names += "1 p" + std::to_string(i) + " 1\n";
  CHECK_THAT(refused(names, options).problem, Catch::Contains("population number 10001"));
  CHECK_THAT(complaint_of(scratch / "no.gdf", scratch / "out.h5", options).problem, Catch::Contains("cannot be read"));
  CHECK(complaint_of(scratch.path, scratch / "out.h5", options).problem == "is a directory");
}

TEST_CASE("a SONATA file is refused for what a text is refused for", "[spike_convert]") {
  const Scratch scratch;
  const fs::path from = scratch / "in.h5", to = scratch / "out.h5";
  write_sonata(from, {"E"}, {{1.5, 0, 0}, {-2, 1, 0}});
  const Complaint negative = complaint_of(from, to, {});
  CHECK(negative.key == "/spikes/E/timestamps[1]");
  CHECK(negative.value == "-2");
  CHECK(negative.expected == "a number >= 0 (ms)");
  write_sonata(from, {"E", "\xff\xfe"}, {{1.5, 0, 0}});
  CHECK(complaint_of(from, to, {}).problem == "has a name that is no UTF-8");
  std::ofstream(scratch / "in.csv") << "timestamps,node_ids,population\n1,0,\xc3\n";
  CHECK(complaint_of(scratch / "in.csv", to, {.text = SpikeText::csv}).expected == "a name in UTF-8 without /");
  std::ofstream(scratch / "in.csv") << "timestamps,node_ids,population\n1,0,\xc3\xa4\n";
  CHECK(complaint_of(scratch / "in.csv", to, {.text = SpikeText::csv}).problem.empty());
  // A population whose link leads nowhere is not left out.
  write_sonata(from, {"E"}, {{1.5, 0, 0}});
  {
    const h5::Id file(H5Fopen(from.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
    REQUIRE(H5Lcreate_soft("/spikes/nobody", file.get(), "/spikes/I", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  }
  const Complaint dangling = complaint_of(from, to, {});
  CHECK(dangling.key == "/spikes/I");
  CHECK(dangling.problem == "is a link to /spikes/nobody, which is not in this file");
  CHECK(complaint_of(from, to, {.population = "E"}).key == "/spikes/I");
}

TEST_CASE("damaged texts are refused or read, whatever is in them", "[spike_convert]") {
  const Scratch scratch;
  std::mt19937 random(8);
  const std::vector<std::string> whole{"3\t1.500\t\n5\t1.000\t\n1\t1.500\t\n",
                                       "timestamps population node_ids\n1.5 E 2\n1.0 E 4\n",
                                       "timestamps,population,node_ids\r\n1.5,E,2\r\n1.0,E,4\r\n"};
  int readable = 0, refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = whole[random() % whole.size()];
    const bool csv = text[0] == 't';
    for (unsigned k = 0; k <= random() % 3; ++k) {
      const std::size_t at = random() % text.size();
      if (random() % 4 == 0)
        text.erase(at, 1 + random() % 3);
      else if (random() % 2 == 0)
        text.insert(at, 1, "0 1\t.,-e\n\r#E"[random() % 12]);
      else
        text[at] = static_cast<char>(random());
      if (text.empty()) break;
    }
    std::ofstream(scratch / "in", std::ios::binary) << text;
    try {
      read_spike_text(scratch / "in", csv ? SpikeText::csv : SpikeText::gdf,
                      [&](double time, std::uint64_t, std::string_view name, std::uint64_t line) {
                        if (!(time >= 0) || std::isinf(time) || line == 0 || (csv && !is_population_name(name)))
                          FAIL("took what is no spike: " << text);
                      });
      ++readable;
    } catch (const RecordingError&) {
      ++refused;
    }
  }
  CHECK(readable > 100);
  CHECK(refused > 100);
}

TEST_CASE("an npz is read by others, with 64-bit sizes too", "[spike_convert]") {
  if (!has_h5py()) {
    WARN("skipped: python3-h5py is not installed");
    return;
  }
  const Scratch scratch;
  const std::vector<Spike> spikes = random_spikes(1000, 2, 4);
  write_sonata(scratch / "in.h5", {"E", "none", "\xC3\xA9 e"}, spikes);
  write_sonata(scratch / "other.h5", {"E", "none", "\xC3\xA9 e"}, random_spikes(1000, 2, 6));
  const auto agrees = [&](const char* name, const char* with) {
    return std::system(("/usr/bin/python3 " RHEO_SOURCE_DIR "/tests/peers/spikes_check.py npz " +
                        (scratch / name).string() + " " + (scratch / with).string() + " 2>/dev/null")
                           .c_str()) == 0;
  };
  // Sizes and offsets that need 64 bits, as they would from 4 GiB on: none; some; all.
  for (const std::uint64_t large : {zip64_from, std::uint64_t{5000}, std::uint64_t{0}}) {
    CAPTURE(large);
    CHECK(write_npz(scratch / "in.h5", scratch / "s.npz", large) == 1000);
    CHECK(agrees("s.npz", "in.h5"));
    CHECK_FALSE(agrees("s.npz", "other.h5"));
    const std::string first = bytes_of(scratch / "s.npz");
    CHECK((first.find("PK\x06\x06") != std::string::npos) == (large != zip64_from));
    write_npz(scratch / "in.h5", scratch / "s.npz", large);
    CHECK((bytes_of(scratch / "s.npz") == first));
  }
}

TEST_CASE("the date of an NWB file must be one", "[spike_convert]") {
  const Scratch scratch;
  write_sonata(scratch / "in.h5", {"E"}, random_spikes(100, 1, 4));
  for (const char* right : {"2024-05-17T09:30:00Z", "2024-05-17T09:30:00.125+02:00", "2024-12-31T23:59:60-11:30"}) {
    CAPTURE(right);
    const NwbSummary summary = write_nwb(scratch / "in.h5", scratch / "s.nwb", {right});
    CHECK(summary.spikes == 100);
    CHECK_FALSE(summary.with_silent);
  }
  fs::remove(scratch / "s.nwb");
  for (const char* wrong :
       {"", "today", "2024-05-17", "2024-05-17T09:30:00", "2024-05-17T09:30:00z", "2024-13-17T09:30:00Z",
        "2024-05-17T09:30:00.Z", "2024-05-17T25:30:00Z", "2024-05-17T09:30:00Z ", "2024-05-17T09:30:00+2"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(write_nwb(scratch / "in.h5", scratch / "s.nwb", {wrong}), RecordingError);
  }
  for (const char* run : {"", "{}", "[]", "{\"started\": 3}", "{\"started\": \"2024\"}"}) {
    CAPTURE(run);
    std::ofstream(scratch / "run.json") << run;
    CHECK_THROWS_AS(write_nwb(scratch / "in.h5", scratch / "s.nwb", {}), RecordingError);
  }
  CHECK(files_in(scratch.path) == 2);
  // A run.json of something else: as many spikes, but not so many neurons.
  std::ofstream(scratch / "run.json") << R"({"started": "2024-05-17T09:30:00Z", "title": "", "experiment": "a.toml",
    "rheobase": "0.1.0", "seed": 1, "dt_ms": 0.1, "simulated_ms": 4.0, "status": "finished",
    "populations": {"E": {"size": 3, "spikes": 100}}})";
  try {
    write_nwb(scratch / "in.h5", scratch / "s.nwb", {});
    FAIL("took spikes of neurons that there are not");
  } catch (const RecordingError& error) {
    CHECK(error.complaint().file == (scratch / "in.h5").string());
    CHECK(error.complaint().expected == "0 to 2");
  }
  CHECK(files_in(scratch.path) == 2);
}

TEST_CASE("a csv refuses names that it could not give back", "[spike_convert]") {
  const Scratch scratch;
  write_sonata(scratch / "in.h5", {"E", "layer 4"}, random_spikes(10, 2, 4));
  CHECK_THROWS_AS(write_spike_text(scratch / "in.h5", SpikeText::csv, scratch / "s.csv"), RecordingError);
  CHECK(write_spike_text(scratch / "in.h5", SpikeText::gdf, scratch / "s.gdf").spikes == 10);
  CHECK(files_in(scratch.path) == 3);
}

}  // namespace test_spike_convert

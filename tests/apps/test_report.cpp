// rheo report: pages that hold all they need, with every spike in them, in a browser that opens and zooms them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <regex>
#include <set>

#include "apps/report/spikes.hpp"
#include "tests/apps/command.hpp"
#include "tests/apps/small_network.hpp"
#include "tests/sanitized.hpp"

namespace test_report {

using namespace rheo;

namespace {

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file) << text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Spike {
  Tick tick;
  std::uint64_t node;
  auto operator<=>(const Spike&) const = default;
};

// A recording of `neurons` neurons that spike one after the other, `spikes` in all, as a run of so many ms of 0.1 ms
// writes it.
std::vector<Spike> write_run(const fs::path& directory, std::uint64_t neurons, std::uint64_t spikes, double duration) {
  fs::create_directories(directory);
  const double ticks = duration * 10;
  std::vector<Spike> all;
  std::uint64_t random = 1;
  for (std::uint64_t i = 0; i < spikes; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const auto tick = 1 + static_cast<Tick>(static_cast<double>(i) / static_cast<double>(spikes) * ticks);
    all.push_back({tick, (random >> 33) % neurons});
  }
  std::sort(all.begin(), all.end());
  std::vector<double> times;
  std::vector<std::uint64_t> nodes;
  for (const Spike& spike : all) {
    times.push_back(static_cast<double>(spike.tick) * 0.1);
    nodes.push_back(spike.node);
  }
  h5::File file = h5::File::create((directory / "spikes.h5").string());
  h5::Group group = file.create_group("spikes").create_group("E");
  group.create_dataset<double>("timestamps", times.size()).write<double>(0, times);
  group.create_dataset<std::uint64_t>("node_ids", nodes.size()).write<std::uint64_t>(0, nodes);
  const double rate = static_cast<double>(spikes) / static_cast<double>(neurons) / duration * 1000;
  const nlohmann::json run{
      {"status", "finished"},
      {"rheobase", "0.1.0"},
      {"title", "spikes & <b>\"more\"</b>"},
      {"experiment", "a.toml"},
      {"dt_ms", 0.1},
      {"duration_ms", duration},
      {"simulated_ms", duration},
      {"files", {"spikes.h5"}},
      {"recorded_spikes", {{"neurons", {{"E", neurons}}}}},
      {"projections", nlohmann::json::object()},
      {"populations", {{"E", {{"size", neurons}, {"spikes", spikes}, {"rate_Hz", rate}, {"cv_isi", nullptr}}}}}};
  write(directory / "run.json", run.dump());
  return all;
}

std::string inside(const std::string& page, const std::string& begin, const std::string& end) {
  const std::size_t from = page.find(begin);
  if (from == std::string::npos) return "";
  return page.substr(from + begin.size(), page.find(end, from + begin.size()) - from - begin.size());
}

nlohmann::json raster_data(const std::string& page) {
  return nlohmann::json::parse(inside(page, "id=\"raster-data\">", "</script>"));
}

// The spikes of a population as the page holds them, read by other code than writes them.
std::vector<Spike> spikes_in(const std::string& page, int population) {
  const nlohmann::json data = raster_data(page);
  const std::string text = inside(page, "id=\"spikes-" + std::to_string(population) + "\">", "</script>");
  static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<unsigned> bytes;
  unsigned bits = 0, held = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(digits.find(c));
    if ((held += 6) >= 8) bytes.push_back(bits >> (held -= 8) & 255);
  }
  std::size_t at = 0;
  const auto number = [&] {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const unsigned byte = bytes.at(at++);
      value |= std::uint64_t{byte & 127} << shift;
      if (byte < 128) return value;
    }
  };
  std::vector<Spike> spikes;
  const std::uint64_t size = data["populations"][population]["size"], step = data["step"];
  for (std::uint64_t node = 0; node < size; node += step) {
    Tick tick = data["begin"];
    for (std::uint64_t n = number(); n > 0; --n) spikes.push_back({tick += static_cast<Tick>(number()), node});
  }
  CHECK(at == bytes.size());
  std::sort(spikes.begin(), spikes.end());
  return spikes;
}

std::vector<Spike> spikes_of(const fs::path& file, const std::string& population) {
  const h5::Group group = h5::File::open(file.string()).group("/spikes").group(population);
  const auto times = group.dataset("timestamps").read<double>();
  const auto nodes = group.dataset("node_ids").read<std::uint64_t>();
  std::vector<Spike> spikes;
  for (std::size_t i = 0; i < times.size(); ++i) spikes.push_back({std::llround(times[i] / 0.1), nodes[i]});
  return spikes;
}

// What a page must not do: fetch anything. "#..." are places in it.
void check_self_contained(const std::string& page) {
  const std::regex reference("(src|href|srcset|action)=\"([^\"]*)\"|url\\(|@import");
  for (std::sregex_iterator it(page.begin(), page.end(), reference), end; it != end; ++it) {
    CAPTURE(it->str());
    const std::string target = (*it)[2];
    CHECK((target.starts_with("#") || target == "data:,"));
  }
  CHECK(contains(page, "default-src 'none'"));
  for (const char* word : {"fetch(", "XMLHttpRequest", "import("}) CHECK_FALSE(contains(page, word));
}

bool has_chromium() {
  if (std::system("chromium --version >/dev/null 2>&1") == 0) return true;
  WARN("not looked at in a browser: chromium is not installed (Debian: chromium)");
  return false;
}

// What a browser makes of a page: its document, once scripts have run.
std::string document_of(const Scratch& scratch, const fs::path& page, const std::string& view) {
  const fs::path out = scratch / "document.html";
  const std::string command = "timeout 120 chromium --headless=new --no-sandbox --disable-gpu --user-data-dir='" +
                              (scratch / "profile").string() + "' --window-size=1200,1340 --dump-dom 'file://" +
                              page.string() + view + "' >'" + out.string() + "' 2>/dev/null";
  if (std::system(command.c_str()) != 0) return "";
  return bytes_of(out);
}

std::string screenshot_of(const Scratch& scratch, const fs::path& page, const std::string& view) {
  const fs::path out = scratch / "picture.png";
  fs::remove(out);
  const std::string command = "timeout 120 chromium --headless=new --no-sandbox --disable-gpu --user-data-dir='" +
                              (scratch / "profile").string() + "' --window-size=1200,1340 --screenshot='" +
                              out.string() + "' 'file://" + page.string() + view + "' >/dev/null 2>&1";
  return std::system(command.c_str()) == 0 ? bytes_of(out) : "";
}

long number_in(const std::string& document, const std::string& attribute) {
  const std::string text = inside(inside(document, "<figure id=\"raster\"", ">"), attribute + "=\"", "\"");
  return text.empty() ? -1 : std::stol(text);
}

const char* const recorded_run = R"(title = "A run <with> \"all\" & more"
[simulation]
duration = 400.0
seed = 3
[record.spikes]
populations = ["E", "I[0:20]"]
[record.membrane]
population = "E[0:10]"
variables = ["V_m"]
every = 0.5
[record.weights]
projection = "excitation"
every = 100.0
[record.synapses]
projection = "inhibition"
)";

}  // namespace

TEST_CASE("rheo report: a run on one page that fetches nothing and holds every spike", "[report]") {
  const Scratch scratch;
  const std::string plastic = "plasticity = { rule = \"stdp_pair\", params = { lambda = 0.05, w_max = 50.0 } }\n";
  write(scratch / "a.toml", recorded_run + small_network(plastic));
  const fs::path out = scratch / "a.out";
  Command run(scratch, {"run", (scratch / "a.toml").string(), "--profile", "--out", out.string()});
  const int ran = run.end();
  CAPTURE(run.err());
  REQUIRE(ran == 0);
  Command command(scratch, {"report", out.string(), "--svg", (scratch / "svg").string()});
  const int code = command.end();
  CAPTURE(command.err());
  REQUIRE(code == 0);
  const std::string page = bytes_of(out / "report.html");
  check_self_contained(page);
  CHECK(contains(page, "A run &lt;with&gt; &quot;all&quot; &amp; more"));
  CHECK(contains(page, "fixed_indegree"));  // the experiment's text
  CHECK(contains(page, "20 of 30 neurons of I"));
  CHECK_FALSE(contains(page, "Thinned"));

  const nlohmann::json said = ::report(out), data = raster_data(page);
  REQUIRE(data["populations"].size() == 2);
  for (int p = 0; p < 2; ++p) {
    const std::string name = data["populations"][p]["name"];
    CAPTURE(name);
    const std::vector<Spike> recorded = spikes_of(out / "spikes.h5", name);
    CHECK(recorded.size() > 100);
    CHECK(spikes_in(page, p) == recorded);
    double sum = 0;  // of rates in bins, back to spikes
    const double neurons = name == "E" ? 120 : 20, seconds = data["bin"].get<double>() * 0.1 / 1000;
    for (const double rate : data["rates"][p]) sum += rate * seconds * neurons;
    CHECK(sum == Approx(static_cast<double>(recorded.size())).epsilon(1e-4));
  }

  // The figures behind the page against those that were counted while the simulation ran.
  report::SpikeTimes times;
  times.end = 4000;
  times.sizes = {{"E", 120}, {"I", 30}};
  times.recorded = {{"I", 20}};
  const report::SpikeFigures figures = report::read_spike_figures(out / "spikes.h5", times);
  const report::PopulationSpikes& E = figures.populations[0];
  const nlohmann::json& counted = said["populations"]["E"];
  CHECK(E.spikes == counted["spikes"]);
  CHECK(E.cvs.size() == counted["cv_neurons"]);
  CHECK(std::accumulate(E.cvs.begin(), E.cvs.end(), 0.0) / static_cast<double>(E.cvs.size()) ==
        Approx(counted["cv_isi"].get<double>()));
  REQUIRE(E.neuron_rates.size() + E.silent == 120);
  CHECK(std::accumulate(E.neuron_rates.begin(), E.neuron_rates.end(), 0.0) / 120 ==
        Approx(counted["rate_Hz"].get<double>()));
  std::set<std::uint64_t> spiking;
  for (const Spike& spike : spikes_of(out / "spikes.h5", "E")) spiking.insert(spike.node);
  CHECK(std::accumulate(E.intervals.begin(), E.intervals.end(), 0.0) == static_cast<double>(E.spikes - spiking.size()));

  std::set<std::string> pictures;
  for (const auto& entry : fs::directory_iterator(scratch / "svg")) {
    pictures.insert(entry.path().filename().string());
    const std::string text = bytes_of(entry.path());
    CHECK(text.starts_with("<svg xmlns="));
    CHECK(text.ends_with("</svg>\n"));
  }
  for (const char* name : {"raster.svg", "rates.svg", "intervals.svg", "states-membrane_V_m-E.svg", "stages.svg"}) {
    CAPTURE(name);
    CHECK(pictures.contains(name));
  }
  const auto some = [&](const std::string& begin) {
    return std::any_of(pictures.begin(), pictures.end(),
                       [&](const std::string& one) { return one.starts_with(begin); });
  };
  CHECK(some("weights-weights-"));
  CHECK(some("synapses-synapses-"));
  CHECK(some("degrees-weights-"));
  CHECK(some("degrees-synapses-"));
  // A neuron of E sees its 12 inputs of E and I, and no other number.
  CHECK(contains(page, "in-degree"));

  // Again, over a page of its own; not over another's file.
  CHECK(code_of(scratch, {"report", out.string()}) == 0);
  write(scratch / "mine.html", "<p>mine</p>");
  Command other(scratch, {"report", out.string(), "--out", (scratch / "mine.html").string()});
  CHECK(other.end() == 2);
  CHECK(contains(other.err(), "was not written by rheo report"));
  CHECK(bytes_of(scratch / "mine.html") == "<p>mine</p>");
}

TEST_CASE("rheo report: intervals do not reach over what was not recorded", "[report]") {
  const Scratch scratch;
  h5::File file = h5::File::create((scratch / "spikes.h5").string());
  h5::Group group = file.create_group("spikes").create_group("E");
  const std::vector<double> ms{1.0, 2.0, 3.0, 101.0, 103.0};
  const std::vector<std::uint64_t> nodes{0, 0, 0, 0, 0};
  group.create_dataset<double>("timestamps", ms.size()).write<double>(0, ms);
  group.create_dataset<std::uint64_t>("node_ids", nodes.size()).write<std::uint64_t>(0, nodes);
  report::SpikeTimes times;
  times.end = 2000;
  times.sizes = {{"E", 2}};
  times.spans = {{0, 50}, {1000, 1050}};
  const report::SpikeFigures figures = report::read_spike_figures(scratch / "spikes.h5", times);
  const report::PopulationSpikes& E = figures.populations[0];
  CHECK(std::accumulate(E.intervals.begin(), E.intervals.end(), 0.0) == 3);  // 1, 1 and 2 ms, not 98
  REQUIRE(E.cvs.size() == 1);
  CHECK(E.cvs[0] == Approx(std::sqrt(2.0 / 9) / (4.0 / 3)));
  CHECK(E.neuron_rates == std::vector<float>{500.0f});  // 5 spikes in 10 ms
  CHECK(E.silent == 1);
  REQUIRE(figures.bin == 50);
  CHECK(E.rates[0] == Approx(300));  // three spikes of two neurons in 5 ms
  CHECK(std::isnan(E.rates[1]));
  CHECK(E.rates[20] == Approx(200));
}

TEST_CASE("rheo report: where a page would be too long, the raster is thinned and says so, and rates are not",
          "[report]") {
  if (sanitized) return;  // The next test reads a tenth of these spikes in the same way.
  const Scratch scratch;
  const std::vector<Spike> all = write_run(scratch / "many", 20'000, 2'500'000, 20'000);
  Command command(scratch, {"report", (scratch / "many").string()});
  const int code = command.end();
  CAPTURE(command.err());
  REQUIRE(code == 0);
  const std::string page = bytes_of(scratch / "many" / "report.html");
  CHECK(page.size() < 5'000'000);
  CHECK(page.size() > 2'000'000);  // and uses the room
  CHECK(contains(page, "Thinned, since the page would be too long: "));
  const nlohmann::json data = raster_data(page);
  const std::uint64_t step = data["step"];
  CHECK(step == 2);
  CHECK(contains(page, "of 2,500,000 recorded spikes, those of every 2nd neuron"));
  std::vector<Spike> kept;
  for (const Spike& spike : all)
    if (spike.node % step == 0) kept.push_back(spike);
  CHECK(spikes_in(page, 0) == kept);
  double sum = 0;
  for (const double rate : data["rates"][0]) sum += rate * data["bin"].get<double>() * 0.1 / 1000 * 20'000;
  CHECK(sum == Approx(2'500'000).epsilon(1e-4));
}

TEST_CASE("rheo report: where not even one neuron's spikes have room, not all of them are shown", "[report]") {
  const Scratch scratch;
  write_run(scratch / "many", 2000, 250'000, 20'000);
  report::SpikeTimes times;
  times.end = 200'000;
  times.sizes = {{"E", 2000}};
  const report::SpikeFigures figures = report::read_spike_figures(scratch / "many" / "spikes.h5", times);
  for (const std::size_t bytes : {100'000, 1000, 60}) {
    const report::Raster raster = report::read_raster(scratch / "many" / "spikes.h5", figures, bytes, 1'000'000);
    CAPTURE(bytes, raster.step, raster.every, raster.shown());
    CHECK(raster.populations[0].bytes.size() <= bytes);
    CHECK(raster.shown() > 0);
    CHECK(raster.shown() < 250'000);
    CHECK((raster.every > 1) == (bytes == 60));  // A neuron spikes 125 times, each in at least one byte.
  }
}

TEST_CASE("rheo report: a browser opens a run of a million spikes in less than two seconds, and a link zooms",
          "[report]") {
  if (sanitized) return;  // the browser is not; smaller pages are
  const Scratch scratch;
  const std::vector<Spike> all = write_run(scratch / "run", 10'000, 1'050'000, 3000);
  REQUIRE(code_of(scratch, {"report", (scratch / "run").string()}) == 0);
  const fs::path page = scratch / "run" / "report.html";
  CHECK(fs::file_size(page) < 5'000'000);
  CHECK_FALSE(contains(bytes_of(page), "Thinned"));
  CHECK(spikes_in(bytes_of(page), 0) == all);
  if (!has_chromium()) return;

  long ready = -1;
  for (int attempt = 0; attempt < 3 && (ready < 0 || ready >= 2000); ++attempt) {  // the machine may be busy
    const std::string document = document_of(scratch, page, "");
    ready = number_in(document, "data-ready-ms");
    CHECK(number_in(document, "data-shown") == 1'050'000);
    CHECK(number_in(document, "data-neurons") == 10'000);
  }
  CHECK(ready > 0);
  CHECK(ready < 2000);

  const auto in = [&](Tick from, Tick to, std::uint64_t first, std::uint64_t last) {
    return std::count_if(all.begin(), all.end(), [&](const Spike& spike) {
      return spike.tick >= from && spike.tick <= to && spike.node >= first && spike.node <= last;
    });
  };
  std::string document = document_of(scratch, page, "#t=100,200");
  CHECK(number_in(document, "data-shown") == in(1000, 2000, 0, 9999));
  document = document_of(scratch, page, "#t=1234.5,1300.7&n=E:100,199");
  CHECK(number_in(document, "data-shown") == in(12345, 13007, 100, 199));
  CHECK(number_in(document, "data-neurons") == 100);
  CHECK(contains(document, "1234.5 to 1300.7 ms"));
  for (const char* nonsense : {"#t=5,1", "#t=a,b", "#n=X:1,2", "#t=-100,1e9", "#t=%00&n=E:%ff,1"}) {
    CAPTURE(nonsense);
    CHECK(number_in(document_of(scratch, page, nonsense), "data-shown") == 1'050'000);
  }

  // Without a mouse: half of the time, a quarter of that later, and what a button does.
  const auto after = [&](const std::string& script) {
    std::string text = bytes_of(page);
    // Drawn at once: nobody waits for a next frame here.
    text.insert(text.find("<title>"),
                "<script>window.requestAnimationFrame = (draw) => { draw(); return 0; };</script>");
    text.insert(text.rfind("</body>"), "<script>" + script + "</script>\n");
    write(scratch / "pressed.html", text);
    return document_of(scratch, scratch / "pressed.html", "");
  };
  const std::string press =
      "const press = (key) => document.querySelector('#raster canvas').dispatchEvent("
      "new KeyboardEvent('keydown', { key, bubbles: true }));";
  CHECK(number_in(after(press + "press('+');"), "data-shown") == in(7500, 22500, 0, 9999));
  CHECK(number_in(after(press + "press('+'); press('ArrowRight');"), "data-shown") == in(11250, 26250, 0, 9999));
  CHECK(number_in(after(press + "press('+'); press('PageUp'); press('Home');"), "data-shown") == 1'050'000);
  document = after("document.querySelector('button[data-do=rows-in]').click();");
  CHECK(number_in(document, "data-neurons") == 5000);
  CHECK(number_in(document, "data-shown") == in(0, 30000, 2500, 7499));

  const std::string whole = screenshot_of(scratch, page, ""),
                    part = screenshot_of(scratch, page, "#t=1000,1050&n=E:0,99");
  CHECK(whole.starts_with("\x89PNG"));
  CHECK(part.starts_with("\x89PNG"));
  CHECK(whole.size() > 100'000);          // a raster full of noise does not compress
  CHECK(part.size() < whole.size() / 2);  // some hundred marks do
}

TEST_CASE("rheo report: a run that was killed, before and after its files were sealed", "[report]") {
  const Scratch scratch;
  write(scratch / "a.toml", "[simulation]\nduration = 1e7\n[record.spikes]\n" + small_network());
  const fs::path out = scratch / "a.out";
  {
    Command run(scratch, {"run", (scratch / "a.toml").string(), "--out", out.string(), "--quiet"});
    REQUIRE(comes_true([&] { return flushed_rows(out / "spikes.h5.part", "/spikes/E/timestamps") > 1000; }));
    // While it runs, too.
    Command command(scratch, {"report", out.string(), "--out", (scratch / "live.html").string()});
    const int code = command.end();
    CAPTURE(command.err());
    CHECK(code == 0);
    CHECK(spikes_in(bytes_of(scratch / "live.html"), 0).size() > 1000);
    run.send(SIGKILL);
    run.end();
  }
  REQUIRE(code_of(scratch, {"report", out.string()}) == 0);
  std::string page = bytes_of(out / "report.html");
  CHECK(contains(page, "The run is still at work, or was killed."));
  CHECK(contains(page, "rheo recover"));
  CHECK_FALSE(contains(page, "<dd>0</dd>"));  // nothing is said to be zero that is not known
  const std::size_t before = spikes_in(page, 0).size();
  CHECK(before > 1000);
  REQUIRE(code_of(scratch, {"recover", out.string()}) == 0);
  REQUIRE(code_of(scratch, {"report", out.string()}) == 0);
  page = bytes_of(out / "report.html");
  CHECK(contains(page, "How it went is not known"));
  CHECK_FALSE(contains(page, ".h5.part"));
  if (!contains(page, "Thinned")) CHECK(spikes_in(page, 0) == spikes_of(out / "spikes.h5", "E"));
}

TEST_CASE("rheo report: neurons that spiked once or twice have no intervals to be irregular", "[report]") {
  const Scratch scratch;
  const std::uint64_t spikes = GENERATE(std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{4});
  write_run(scratch / "run", 2, spikes, 100);
  Command command(scratch, {"report", (scratch / "run").string(), "--svg", (scratch / "svg").string()});
  const int code = command.end();
  CAPTURE(command.err());
  CHECK(code == 0);
  CHECK(spikes_in(bytes_of(scratch / "run" / "report.html"), 0).size() == spikes);
  // No picture has a place that is no number.
  for (const auto& picture : fs::directory_iterator(scratch / "svg"))
    for (const char* odd : {"nan", "inf"}) CHECK_FALSE(contains(bytes_of(picture.path()), std::string("=\"") + odd));
}

TEST_CASE("rheo report: the results of a task are named as such", "[report]") {
  const Scratch scratch;
  write(scratch / "results.json", "{}");
  Command command(scratch, {"report", scratch.path.string()});
  CHECK(command.end() == 2);
  CHECK(contains(command.err(), "holds the results of a task"));
  CHECK(contains(command.err(), (scratch / "results.svg").string()));
}

TEST_CASE("rheo report: what is no run, or holds what no run has had, is refused with its place", "[report]") {
  const Scratch scratch;
  const auto error_of = [&](const fs::path& directory) {
    Command command(scratch, {"report", directory.string()});
    const int code = command.end();
    CHECK(code == 2);
    CHECK_FALSE(fs::exists(directory / "report.html"));
    return command.err();
  };
  CHECK(contains(error_of(scratch / "nowhere"), "there is no such directory"));
  fs::create_directories(scratch / "empty");
  CHECK(contains(error_of(scratch / "empty"), "neither a run nor a sweep"));
  write(scratch / "file", "");
  CHECK(contains(error_of(scratch / "file"), "is no directory"));

  const fs::path run = scratch / "run";
  write_run(run, 10, 100, 1000);
  const std::string good = bytes_of(run / "run.json");
  const auto with = [&](const std::string& pointer, const nlohmann::json& value) {
    nlohmann::json json = nlohmann::json::parse(good);
    json[nlohmann::json::json_pointer(pointer)] = value;
    write(run / "run.json", json.dump());
    return error_of(run);
  };
  write(run / "run.json", "{");
  CHECK(contains(error_of(run), "was not written by rheo run"));
  CHECK(contains(with("/dt_ms", 0), "dt_ms"));
  CHECK(contains(with("/dt_ms", "0.1"), "\"0.1\""));
  CHECK(contains(with("/populations/E/size", -1), "populations.E.size"));
  CHECK(contains(with("/populations", 3), "populations"));
  CHECK(contains(with("/files", {"../secret.h5"}), "../secret.h5"));
  CHECK(contains(with("/files/0", 7), "files"));
  CHECK(contains(with("/projections", {{"p", {{"synapses", 1.5}}}}), "projections.p.synapses"));
  CHECK(contains(with("/recorded_spikes/spans_ms", {1}), "recorded_spikes.spans_ms"));
  CHECK(contains(with("/phases", {1}), "phases"));
  // The file disagrees with run.json.
  CHECK(contains(with("/populations/E/size", 9), "/spikes/E/node_ids"));
  CHECK(contains(with("/simulated_ms", 500), "outside of the run"));
  CHECK(contains(with("/recorded_spikes/neurons/E", 3), "3 were recorded"));
  write(run / "run.json", good);
  {
    h5::File file = h5::File::create((run / "spikes.h5").string());
    h5::Group group = file.create_group("spikes").create_group("E");
    const std::vector<double> times{3, 2};
    const std::vector<std::uint64_t> nodes{1, 1};
    group.create_dataset<double>("timestamps", 2).write<double>(0, times);
    group.create_dataset<std::uint64_t>("node_ids", 2).write<std::uint64_t>(0, nodes);
  }
  CHECK(contains(error_of(run), "value 1 is 2 ms, earlier than the one before it"));
  write(run / "spikes.h5", "no HDF5");
  CHECK(contains(error_of(run), "spikes.h5"));
  // One that is gone is no reason to show nothing.
  fs::remove(run / "spikes.h5");
  REQUIRE(code_of(scratch, {"report", run.string()}) == 0);
  CHECK(contains(bytes_of(run / "report.html"), "Missing in"));
}

TEST_CASE("rheo report: a damaged file is named, finished or not", "[report]") {
  const Scratch scratch;
  const fs::path run = scratch / "run";
  const std::string name = GENERATE("spikes.h5", "spikes.h5.part");
  const bool is_listed = GENERATE(true, false);
  CAPTURE(name, is_listed);
  write_run(run, 10, 100, 1000);
  if (name != "spikes.h5") fs::rename(run / "spikes.h5", run / name);
  if (!is_listed) {  // as run.json is when a run begins
    nlohmann::json json = nlohmann::json::parse(bytes_of(run / "run.json"));
    json["status"] = "interrupted";
    json.erase("files");
    write(run / "run.json", json.dump());
  }
  const auto command = [&](const std::string& begin, int code) {
    Command report(scratch, {"report", run.string()});
    CHECK(report.end() == code);
    CHECK(contains(report.err(), begin));
  };
  command("", 0);
  CHECK(spikes_in(bytes_of(run / "report.html"), 0).size() == 100);
  const std::string whole = bytes_of(run / name);
  haddr_t root = 0;
  {
    const h5::File file = h5::File::open((run / name).string());
    H5O_info_t info;
    REQUIRE(H5Oget_info2(file.id(), &info, H5O_INFO_BASIC) >= 0);
    root = info.addr;
  }
  // The superblock, and what says which groups there are.
  for (const std::size_t place :
       {std::size_t{0}, std::size_t{9}, std::size_t{16}, static_cast<std::size_t>(root) + 6}) {
    if (sanitized && place > root) continue;  // the library (1.10.8) leaks the header that it could not read
    CAPTURE(place);
    std::string bytes = whole;
    bytes.at(place) = static_cast<char>(~bytes[place]);
    write(run / name, bytes);
    command((run / name).string() + ": ", 2);
  }
  // An HDF5 file of something else: the page says that it leaves it out.
  h5::File::create((run / name).string()).create_group("else");
  command("", 0);
  CHECK(contains(bytes_of(run / "report.html"), "Not shown are files that hold no spikes"));
}

TEST_CASE("rheo report: a sweep as heat maps, marginals and a table", "[report]") {
  const Scratch scratch;
  write(scratch / "s.toml", "[simulation]\nduration = 100.0\n" + small_network() + R"([sweep]
repeats = 2
metrics = ["rate.E", "cv_isi.I"]
[sweep.axes]
"projections.inhibition.weight" = [-50.0, -200.0, -400.0]
"inputs.background.rate" = [8000.0, 12000.0]
"projections.excitation.connect" = [{ rule = "fixed_indegree", indegree = 12 }, { rule = "fixed_indegree", indegree = 3 }]
)");
  const fs::path out = scratch / "s.sweep", svg = scratch / "svg";
  REQUIRE(code_of(scratch, {"sweep", (scratch / "s.toml").string(), "--out", out.string(), "--quiet"}) == 0);
  Command command(scratch, {"report", out.string(), "--svg", svg.string()});
  const int code = command.end();
  CAPTURE(command.err());
  REQUIRE(code == 0);
  const std::string page = bytes_of(out / "report.html");
  check_self_contained(page);
  CHECK(contains(page, "All 24 points"));
  for (const char* name : {"heat-rate.E.svg", "heat-cv_isi.I.svg", "marginal-rate.E.svg", "marginal-cv_isi.I.svg"}) {
    CAPTURE(name);
    CHECK(contains(bytes_of(svg / name), "</svg>"));
  }
  // A cell of the heat map: the mean over seeds and connections, from the points themselves.
  std::map<std::pair<double, double>, std::vector<double>> rates;
  std::ifstream points(out / "points.jsonl");
  for (std::string line; std::getline(points, line);) {
    const nlohmann::json point = nlohmann::json::parse(line);
    const std::string name = point["point"];
    const nlohmann::json run = ::report(out / "points" / name.substr(0, 2) / name);
    rates[{point["parameters"][0], point["parameters"][1]}].push_back(run["populations"]["E"]["rate_Hz"]);
    CHECK(contains(page, name));
  }
  REQUIRE(rates.size() == 6);
  const std::string map = bytes_of(svg / "heat-rate.E.svg");
  double largest = 0;
  for (const auto& [cell, values] : rates) {
    REQUIRE(values.size() == 4);
    largest = std::max(largest, std::accumulate(values.begin(), values.end(), 0.0) / 4);
  }
  const int decimals = largest >= 100 ? 0 : largest >= 10 ? 1 : 2;
  for (const auto& [cell, values] : rates) {
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / 4;
    std::string text = std::to_string(std::round(mean * std::pow(10, decimals)) / std::pow(10, decimals));
    text.resize(text.find('.') + (decimals == 0 ? 0 : 1 + static_cast<std::size_t>(decimals)));
    CAPTURE(cell.first, cell.second, text);
    CHECK(contains(map, ">" + text + "</text>"));
  }

  // One that has not finished: as if a point had never begun.
  const fs::path rest = scratch / "rest.sweep";
  fs::create_directories(rest);
  for (const char* file : {"sweep.json", "points.jsonl"}) fs::copy(out / file, rest / file);
  REQUIRE(code_of(scratch, {"report", rest.string()}) == 0);
  CHECK(contains(bytes_of(rest / "report.html"), "0 of 24 points have finished"));
  write(rest / "sweep.json", "{}");
  CHECK(code_of(scratch, {"report", rest.string()}) == 2);
  if (!has_chromium()) return;
  // Heads become buttons that sort: the script has run.
  CHECK(contains(document_of(scratch, out / "report.html", ""), "<button>rate.E (Hz)</button>"));
}

}  // namespace test_report

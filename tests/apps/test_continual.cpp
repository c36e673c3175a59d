// rheo continual: a reduced form of the example, what survives a kill, what is said of wrong files.
#include <algorithm>
#include <catch2/catch.hpp>

#include "io/h5/h5.hpp"
#include "tests/apps/command.hpp"
#include "tests/sanitized.hpp"

namespace test_continual {

namespace {

const std::string example = std::string(RHEO_SOURCE_DIR) + "/examples/continual/glyphs.toml";

// Two tasks, small enough for sanitizers.
const char* const small = R"(
[simulation]
dt = 1.0
[populations.one]
model = "lif_discrete"
size = 60
[populations.two]
model = "lif_discrete"
size = 40
[task]
kind = "continual"
tasks = 3
seeds = [1, 2]
layers = ["one", "two"]
steps = 4
batch = 16
window = 5
subspace_samples = 50
[task.data]
kind = "glyphs"
size = 10
train = 400
test = 100
[task.lateral]
rows = [[12, 12, 10], [8, 8, 8]]
)";

std::string file_with(const Scratch& scratch, const std::string& text) {
  std::ofstream(scratch / "task.toml") << text;
  return (scratch / "task.toml").string();
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

nlohmann::json results_of(const Scratch& scratch, const std::string& file, const std::vector<std::string>& settings,
                          const char* out = "out") {
  std::vector<std::string> words{"continual", file, "--out", (scratch / out).string(), "--quiet"};
  for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
  Command command(scratch, words);
  const int code = command.end();
  INFO(command.err());
  REQUIRE(code == 0);
  return nlohmann::json::parse(bytes_of(scratch / out / "results.json"))["methods"];
}

const std::vector<std::string> result_files{"results.json", "results.h5", "results.svg"};

}  // namespace

TEST_CASE("lateral neurons keep what was learnt, plain learning forgets it") {
  if (sanitized) return;  // two minutes
  const Scratch scratch;
  const auto methods = results_of(scratch, example, {"task.seeds=[1]", "task.tasks=4", "task.data.train=1500"});
  const double kept = methods["hlop"]["acc"]["mean"], lost = methods["plain"]["acc"]["mean"],
               bound = methods["joint"]["acc"]["mean"];
  CHECK(kept > 95);
  CHECK(bound > kept);
  CHECK(lost < kept - 3);
  CHECK(methods["hlop"]["bwt"]["mean"] > -3.5);
  CHECK(methods["plain"]["bwt"]["mean"] < methods["hlop"]["bwt"]["mean"].get<double>() - 3);
  // Both see the same images in the same order with the same weights at first: before there is anything to keep,
  // they are the same.
  CHECK(methods["hlop"]["accuracy"][0][0] == methods["plain"]["accuracy"][0][0]);
  for (const auto& measure : methods["hlop"]["subspaces"][0]) {
    CHECK(measure["mean_angle"] < 0.8 * measure["chance_angle"].get<double>());
    CHECK(measure["share"] > 0.6 * measure["best_share"].get<double>());
    CHECK(measure["share"] <= measure["best_share"].get<double>() + 1e-9);
  }
  // What it took, as often as it is told.
  const auto resources = nlohmann::json::parse(bytes_of(scratch / "out" / "resources.json"));
  const auto columns = rheo::h5::File::open((scratch / "out" / "resources.h5").string());
  CHECK(resources["peak_memory_MiB"] > 10);
  for (const auto& run : resources["runs"]) {
    const std::string method = run["method"];
    CHECK(run["images_trained"] == 4 * 4 * 1500);
    CHECK(run["train_s"] > 0);
    CHECK((run["learn_lateral_s"] > 0) == (method == "hlop"));
    for (const char* name : {"train_s", "trained_per_s", "network_MiB"})
      CHECK(columns.dataset("/" + method + "/" + name).read<double>() == std::vector<double>{run[name]});
  }
  CHECK(bytes_of(scratch / "out" / "resources.svg").find("images/s") != std::string::npos);
  // Spikes of ten presentations of 6 + 2 ticks.
  const auto spikes = rheo::h5::File::open((scratch / "out" / "spikes.h5").string());
  for (const char* layer : {"hidden1", "hidden2"}) {
    const auto times = spikes.dataset(std::string("/spikes/") + layer + "/timestamps").read<double>();
    CHECK(times.size() > 100);
    for (const double t : times) {
      const int tick = static_cast<int>(t - 1) % 8;
      CHECK(tick >= (layer[6] == '2'));
      CHECK(tick < 6 + (layer[6] == '2'));
    }
  }
}

TEST_CASE("results do not depend on threads, nor on whether the work was interrupted") {
  const Scratch scratch;
  const std::string file = file_with(scratch, small);
  const char* const epochs = sanitized ? "task.epochs=2" : "task.epochs=12";
  const auto words = [&](const char* out, const char* threads, bool quiet = true) {
    std::vector<std::string> all{"continual", file, "--threads", threads, "--set", epochs, "--out", scratch / out};
    if (quiet) all.push_back("--quiet");
    return all;
  };
  REQUIRE(code_of(scratch, words("calm", "1")) == 0);
  REQUIRE(code_of(scratch, words("three", "3")) == 0);
  for (const std::string& name : result_files)
    CHECK(bytes_of(scratch / "calm" / name) == bytes_of(scratch / "three" / name));

  // Killed as soon as the first task is kept, then stopped in order again and again.
  const auto kept = [&] {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(scratch / "cut" / "runs", none))
      if (entry.path().extension() == ".h5") return true;
    return false;
  };
  {
    Command command(scratch, words("cut", "1"));
    REQUIRE(comes_true(kept));
    command.send(SIGKILL);
    CHECK(command.end() == -SIGKILL);
  }
  int stops = 0, code = 75;
  while (code == 75) {
    fs::remove(scratch / "stderr");  // of the one before
    Command command(scratch, words("cut", "2", false));
    if (stops < 5) {
      // Once it speaks it listens to signals.
      REQUIRE(comes_true([&] { return !command.err().empty() || command.has_ended(); }));
      ::usleep(60'000);
      command.send(SIGTERM);
    }
    code = command.end();
    stops += code == 75;
  }
  CHECK(code == 0);
  CHECK(stops > 0);
  for (const std::string& name : result_files)
    CHECK(bytes_of(scratch / "calm" / name) == bytes_of(scratch / "cut" / name));
  // What is there is not computed again; a damaged file is told.
  REQUIRE(code_of(scratch, words("cut", "2")) == 0);
  for (const auto& entry : fs::directory_iterator(scratch / "cut" / "runs")) {
    std::fstream damaged(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(static_cast<std::streamoff>(fs::file_size(entry.path()) / 2));
    damaged.put('\x55').put('\xaa');
  }
  Command command(scratch, words("cut", "2"));
  CHECK(command.end() == 2);
  CHECK(command.err().find("damaged") != std::string::npos);
}

TEST_CASE("every protocol, method and feedback runs") {
  const Scratch scratch;
  const std::string file = file_with(scratch, small);
  const auto run = [&](std::vector<std::string> settings) {
    settings.push_back("task.seeds=[1]");
    return results_of(scratch, file, settings);
  };
  const auto split = run({"task.protocol=\"split\"", "task.tasks=5", "task.scenario=\"task\"",
                          "task.methods=[\"plain\", \"joint\"]", "task.epochs=4"});
  CHECK(split["plain"]["accuracy"][0].size() == 5);
  CHECK(split["plain"]["learnt"]["mean"] > 80);  // of two classes
  CHECK(split["joint"]["accuracy"][0].size() == 1);
  const auto classes = run({"task.protocol=\"split\"", "task.tasks=5", "task.scenario=\"class\"", "task.epochs=20",
                            "task.lateral.rows=[[8, 8, 8]]", "task.methods=[\"plain\", \"hlop\", \"joint\"]"});
  CHECK(classes["plain"]["acc"]["mean"] < 45);  // the last classes alone
  CHECK(classes["joint"]["acc"]["mean"] > 60);
  const auto shift = run({"task.protocol=\"shift\"", "task.tasks=2", "task.methods=\"plain\"", "task.epochs=8"});
  CHECK(shift["plain"]["accuracy"][0][1][1] > 50);
  CHECK(shift["plain"]["accuracy"][0][1][0] < 40);  // its labels are others now
  for (const char* feedback : {"\"sign\"", "\"random\""}) {
    const auto other = run({std::string("task.feedback=") + feedback, "task.tasks=1", "task.epochs=8"});
    CHECK(other["hlop"]["acc"]["mean"] > 60);
  }
  const auto spiking = run({"task.lateral.levels=40", "task.epochs=8", "task.tasks=2"});
  CHECK(spiking["hlop"]["acc"]["mean"] > 60);
}

TEST_CASE("mistakes in a continual task are told, and other commands know the task") {
  const Scratch scratch;
  const auto complaint = [&](const std::string& text) {
    const std::string file = file_with(scratch, text);
    Command command(scratch, {"continual", file, "--quiet", "--out", scratch / "out"});
    CHECK(command.end() == 2);
    const std::string said = command.err();
    return said.substr(0, said.find('\n')).substr(std::string("rheo: " + scratch.path.string() + "/").size());
  };
  struct Case {
    std::string from, to, says;
  };
  for (const Case& c : std::vector<Case>{
           {"tasks = 3", "taskz = 3", "task.toml:12: task.taskz: unknown key; expected one of"},
           {"kind = \"continual\"", "kind = \"narma10\"",
            "task.toml:11: task.kind = \"narma10\": unknown task of this command; expected continual"},
           {"layers = [\"one\", \"two\"]", "layers = [\"one\", \"one\"]",
            "task.toml:14: task.layers = [\"one\", \"one\"]: names a population twice; expected each population once"},
           {"steps = 4", "steps = 0", "task.toml:15: task.steps = 0: is out of range"},
           {"rows = [[12, 12, 10], [8, 8, 8]]", "rows = [[12, 12]]",
            "task.toml:25: task.lateral.rows = [[12, 12]]: has a list among its entries; expected lists of "
            "3 whole numbers, one list for each task, the last for all that follow"},
           {"rows = [[12, 12, 10], [8, 8, 8]]", "momentum = 0.5", "task.toml:24: task.lateral.rows: is missing"},
           {"[task.lateral]\nrows = [[12, 12, 10], [8, 8, 8]]", "",
            "task.toml:10: task.lateral: is missing; expected a table with the rows of lateral neurons"},
           {"steps = 4", "steps = 4\nscenario = \"class\"",
            "task.toml:16: task.scenario = \"class\": belongs to protocol \"split\""},
           {"steps = 4", "steps = 4\nmethods = [\"ewc\"]",
            "task.toml:16: task.methods = [\"ewc\"]: has \"ewc\" among its entries; expected plain, hlop, joint"},
           {"kind = \"glyphs\"\nsize = 10", "kind = \"idx\"\nfolder = \"nothing\"",
            "task.toml:21: task.data.folder = \"nothing\": has no file train-images-idx3-ubyte, compressed or not"}})
    CHECK_THAT(complaint(changed(small, c.from, c.to)), Catch::StartsWith(c.says));
  CHECK_THAT(complaint(changed(small, "seeds = [1, 2]", "seeds = [2, 1, 2]")),
             Catch::StartsWith("task.toml:13: task.seeds = [2, 1, 2]: has 2 twice; expected each seed once"));
  // More rows than a layer has inputs.
  CHECK_THAT(complaint(changed(small, "[12, 12, 10]", "[120, 12, 10]")), Catch::Contains("task.lateral.rows"));

  const std::string file = file_with(scratch, small);
  for (const auto& [setting, says] : std::vector<std::pair<std::string, std::string>>{
           {"task.learning_rate=1e38", "not finite"},
           {"task.lateral.learning_rate=1e30", "lateral weights are not finite after learning"}}) {
    Command diverging(scratch, {"continual", file, "--set", setting, "--quiet", "--out", scratch / "out"});
    CHECK(diverging.end() == 2);
    CHECK_THAT(diverging.err(), Catch::Contains(says) && Catch::Contains("learning_rate"));
  }
  Command validate(scratch, {"validate", file});
  CHECK(validate.end() == 0);
  CHECK(validate.out().find("3 tasks of protocol permuted, 2 seeds, 400 images of 10 classes, 100 for tests") !=
        std::string::npos);
  Command run(scratch, {"run", file});
  CHECK(run.end() == 2);
  CHECK(run.err().find("expected rheo continual " + file) != std::string::npos);
  Command reservoir(scratch, {"reservoir", file});
  CHECK(reservoir.end() == 2);
}

TEST_CASE("labels that are no classes are refused by the command") {
  const Scratch scratch;
  const auto word = [](unsigned x) { return std::string{0, 0, static_cast<char>(x >> 8), static_cast<char>(x)}; };
  const std::string images = word(0x803) + word(20) + word(8) + word(8) + std::string(20 * 64, '\x50');
  const auto label_file = [&](char label) { return word(0x801) + word(20) + std::string(20, label); };
  for (const char* name : {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"})
    std::ofstream(scratch / name, std::ios::binary) << images;
  std::ofstream(scratch / "train-labels-idx1-ubyte", std::ios::binary) << label_file('\xff');
  std::ofstream(scratch / "t10k-labels-idx1-ubyte", std::ios::binary) << label_file('\xff');
  const std::string file = file_with(scratch, changed(small, "kind = \"glyphs\"\nsize = 10\ntrain = 400\ntest = 100",
                                                      "kind = \"idx\"\nfolder = \".\""));
  Command command(scratch, {"continual", file, "--quiet", "--out", scratch / "out"});
  CHECK(command.end() == 2);
  CHECK_THAT(command.err(), Catch::Contains("train-labels-idx1-ubyte: label 0 = 255: is beyond the classes"));
}

TEST_CASE("transfer and forgetting are not told of one task, and their definitions stand in the results") {
  const Scratch scratch;
  const std::string file = file_with(scratch, small);
  const std::vector<std::string> words{"continual",      file,    "--out",          scratch / "out", "--set",
                                       "task.seeds=[1]", "--set", "task.batches=2", "--set"};
  const auto run = [&](const char* tasks) {
    std::vector<std::string> all = words;
    all.emplace_back(tasks);
    Command command(scratch, all);
    CHECK(command.end() == 0);
    return command.out();
  };
  const std::string alone = run("task.tasks=1");
  CHECK(std::count(alone.begin(), alone.end(), '-') >= 4);  // two scores of two methods
  const auto results = nlohmann::json::parse(bytes_of(scratch / "out" / "results.json"));
  for (const char* method : {"hlop", "plain"}) {
    CHECK_FALSE(results["methods"][method].contains("bwt"));
    CHECK_FALSE(results["methods"][method].contains("forgetting"));
    CHECK(results["methods"][method].contains("acc"));
    CHECK(results["methods"][method].contains("learnt"));
  }
  CHECK_THAT(results["definitions"]["forgetting"].get<std::string>(), Catch::Contains("Chaudhry"));
  run("task.tasks=2");
  const auto two = nlohmann::json::parse(bytes_of(scratch / "out" / "results.json"));
  CHECK(two["methods"]["plain"].contains("bwt"));
}

TEST_CASE("images that are not there are refused, not counted as wrong answers") {
  const Scratch scratch;
  // Four images of classes 0, 0, 1, 2 for training; the first three of them, without class 2, for tests.
  const auto idx = [&](const char* name, const std::string& header, const std::string& bytes) {
    std::ofstream(scratch / name, std::ios::binary) << header << bytes;
  };
  const auto count = [](char n) { return std::string("\0\0\0", 3) + n; };
  for (const auto& [part, labels] : std::vector<std::pair<std::string, std::string>>{
           {"train", std::string("\0\0\1\2", 4)}, {"t10k", std::string("\0\0\1", 3)}}) {
    const char n = static_cast<char>(labels.size());
    idx((part + "-images-idx3-ubyte").c_str(), std::string("\0\0\x08\3", 4) + count(n) + count(10) + count(10),
        std::string(labels.size() * 100, '\x40'));
    idx((part + "-labels-idx1-ubyte").c_str(), std::string("\0\0\x08\1", 4) + count(n), labels);
  }
  std::string text =
      changed(small, "kind = \"glyphs\"\nsize = 10\ntrain = 400\ntest = 100", "kind = \"idx\"\nfolder = \".\"");
  text = changed(text, "kind = \"continual\"", "kind = \"continual\"\nprotocol = \"split\"\nmethods = [\"plain\"]");
  const std::string file = file_with(scratch, text);
  const auto complaint = [&](const std::vector<std::string>& settings) {
    std::vector<std::string> words{"validate", file};
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
    Command command(scratch, words);
    CHECK(command.end() == 2);
    return command.err();
  };
  CHECK_THAT(complaint({}), Catch::Contains("task.data.test: there is no image of the classes of task 3 for tests"));
  CHECK_THAT(complaint({"task.data.train=5"}),
             Catch::Contains("task.data.train = 5: more images than the 4 of") && Catch::Contains("at most 4, or 0"));
  Command fewer(scratch, {"validate", file, "--set", "task.tasks=2"});
  CHECK(fewer.end() == 0);
}

TEST_CASE("two tasks of real digits, reduced") {
  const fs::path data = fs::path(RHEO_SOURCE_DIR).parent_path() / "shared" / "data" / "mnist";
  if (!fs::exists(data)) {
    WARN("skipped: no MNIST in " << data.string());
    return;
  }
  if (sanitized) return;
  const Scratch scratch;
  const auto methods = results_of(scratch, std::string(RHEO_SOURCE_DIR) + "/examples/continual/permuted_mnist.toml",
                                  {"task.data.folder=\"" + data.string() + "\"", "task.data.train=6000",
                                   "task.data.test=1000", "task.tasks=2", "task.seeds=[1]", "task.methods=[\"hlop\"]",
                                   "task.subspace_samples=0", "task.lateral.rows=[[40, 40, 40], [20, 20, 20]]"});
  CHECK(methods["hlop"]["acc"]["mean"] > 85);
}

}  // namespace test_continual

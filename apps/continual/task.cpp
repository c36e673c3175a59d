#include "apps/continual/task.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "apps/learning/task_fields.hpp"

namespace rheo {

namespace {

using experiment_file::Field;
using experiment_file::Names;
using experiment_file::positive;
using experiment_file::Range;
using experiment_file::zero_or_more;
using Method = ContinualTask::Method;
using Protocol = ContinualTask::Protocol;

const std::vector<std::pair<const char*, Method>> methods = {
    {"plain", Method::plain}, {"hlop", Method::hlop}, {"joint", Method::joint}};
const std::vector<std::pair<const char*, Protocol>> protocols = {
    {"permuted", Protocol::permuted}, {"split", Protocol::split}, {"shift", Protocol::shift}};

void read_data(const Field& table, ImageData& data) {
  table.need_table();
  data.kind = choose<ImageData::Kind>(table.need("kind", "one of idx, glyphs"),
                                      {{"idx", ImageData::Kind::idx}, {"glyphs", ImageData::Kind::glyphs}}, "data");
  Names known{"kind", "train", "test", "mean", "deviation"};
  if (data.kind == ImageData::Kind::idx) {
    known.insert(known.end(), {"folder", "train_images", "train_labels", "test_images", "test_labels", "classes"});
    table.only(known);
    read(table, "classes", data.classes, 1, 256);
    const auto folder = table.find("folder");
    const auto file = [&](const char* key, const char* usual) {
      if (folder && !table.find(key)) {
        const std::string name = folder->path() + '/' + usual;
        if (std::filesystem::exists(name)) return name;
        if (!std::filesystem::exists(name + ".gz"))
          folder->reject(fmt::format("has no file {}, compressed or not", usual),
                         "a folder with the four files of MNIST");
        return name + ".gz";
      }
      return table.need(key, "an IDX file, compressed with gzip or not; or folder, with files of the usual names")
          .path();
    };
    data.train_images = file("train_images", "train-images-idx3-ubyte");
    data.train_labels = file("train_labels", "train-labels-idx1-ubyte");
    data.test_images = file("test_images", "t10k-images-idx3-ubyte");
    data.test_labels = file("test_labels", "t10k-labels-idx1-ubyte");
    data.train = data.test = 0;
  } else {
    known.insert(known.end(), {"size", "seed"});
    table.only(known);
    read(table, "size", data.size, 8, 256);
    read(table, "seed", data.seed, 0, std::uint64_t{1} << 53);
  }
  const std::uint64_t fewest = data.kind == ImageData::Kind::idx ? 0 : 10;
  read(table, "train", data.train, fewest, 10'000'000);
  read(table, "test", data.test, fewest, 10'000'000);
  read(table, "mean", data.mean);
  read(table, "deviation", data.deviation, positive);
}

// One number for all projections, or a list with one for each.
std::vector<double> for_each_projection(const Field& field, std::size_t projections, const Range& range) {
  if (!field.is_list()) return std::vector<double>(projections, field.number(range));
  const std::string expected = fmt::format("a number, or {}: one for each projection", projections);
  const std::vector<double>& given = field.numbers(expected);
  if (given.size() != projections) field.reject(fmt::format("has {} numbers", given.size()), expected);
  for (const double x : given)
    if (!range.holds(x)) field.reject(fmt::format("has {} among its entries", x), range.text());
  return given;
}

void read_lateral(const Field& table, ContinualTask& task) {
  table.need_table();
  table.only({"rows", "learning_rate", "iterations", "momentum", "clip", "levels", "range"});
  const std::size_t projections = task.network.layers.size() + 1;
  LateralSubspace::Settings settings;
  read(table, "iterations", settings.iterations, 1, 10'000);
  read(table, "momentum", settings.momentum, Range{.low = 0, .high = 1, .unit = {}});
  read(table, "clip", settings.clip, positive);
  read(table, "levels", settings.levels, 0, 1'000'000);
  read(table, "range", settings.range, positive);
  task.lateral.settings.assign(projections, settings);
  if (const auto rate = table.find("learning_rate")) {
    const auto rates = for_each_projection(*rate, projections, zero_or_more);
    for (std::size_t p = 0; p < projections; ++p) task.lateral.settings[p].learning_rate = rates[p];
  }
  const std::string expected =
      fmt::format("lists of {} whole numbers, one list for each task, the last for all that follow", projections);
  const Field rows = table.need("rows", expected);
  if (!rows.is(TomlNode::Kind::list) || rows.node().items.empty()) rows.reject_kind(expected);
  for (const TomlNode& item : rows.node().items) {
    if (item.kind != TomlNode::Kind::numbers || item.numbers.size() != projections)
      rows.reject(fmt::format("has {} among its entries", item.what()), expected);
    auto& appended = task.lateral.rows.emplace_back();
    for (const double x : item.numbers) {
      if (!(x >= 0 && x <= 1e6 && x == std::floor(x)))
        rows.reject(fmt::format("has {} among its entries", x), expected);
      appended.push_back(static_cast<std::size_t>(x));
    }
  }
}

ContinualTask read_task(const std::string& file, const std::vector<std::string>& overrides) {
  const TomlDocument document = read_toml_document(file, overrides);
  const Field root(document.root, "");
  const Field table = root.need("task", "a table [task] with kind = \"continual\"");
  table.need_table();
  ContinualTask task;
  read(root, "title", task.title, "a string");
  table.need("kind", "\"continual\"").word({"continual"}, {}, "task of this command");
  table.only({"kind", "seeds", "methods", "protocol", "scenario", "tasks", "epochs", "batches", "window", "layers",
              "steps", "batch", "slope", "learning_rate", "feedback", "data", "lateral", "subspace_samples",
              "recorded"});
  if (const auto seeds = table.find("seeds")) task.seeds = read_seeds(*seeds);
  if (const auto field = table.find("methods")) {
    task.methods.clear();
    for (const std::string& name : read_names(*field, "a list of methods")) {
      const auto known = std::find_if(methods.begin(), methods.end(), [&](const auto& m) { return name == m.first; });
      if (known == methods.end())
        field->reject(fmt::format("has \"{}\" among its entries", name), "plain, hlop, joint");
      if (std::find(task.methods.begin(), task.methods.end(), known->second) != task.methods.end())
        field->reject(fmt::format("has \"{}\" twice", name), "each method once");
      task.methods.push_back(known->second);
    }
    if (task.methods.empty()) field->reject("is empty", "plain, hlop, joint");
  }
  if (const auto field = table.find("protocol")) task.protocol = choose(*field, protocols, "protocol");
  if (const auto field = table.find("scenario")) {
    task.scenario = choose<ContinualTask::Scenario>(
        *field, {{"task", ContinualTask::Scenario::task}, {"class", ContinualTask::Scenario::classes}}, "scenario");
    if (task.protocol != Protocol::split) field->reject("belongs to protocol \"split\"");
  }
  task.tasks = task.protocol == Protocol::split ? 5 : 10;
  read(table, "tasks", task.tasks, 1, 10'000);
  read(table, "epochs", task.epochs, 1, 100'000);
  read(table, "batches", task.batches, 0);
  read(table, "window", task.window, 1);
  const Field layers = table.need("layers", "a list of populations, from input to output");
  task.network.layers = read_names(layers, "a list of populations, from input to output");
  if (task.network.layers.empty()) layers.reject("is empty", "at least one population");
  if (std::set<std::string>(task.network.layers.begin(), task.network.layers.end()).size() !=
      task.network.layers.size())
    layers.reject("names a population twice", "each population once");
  read(table, "steps", task.network.steps, 1, 10'000);
  read(table, "batch", task.network.batch, 1, 100'000);
  read(table, "slope", task.network.slope, positive);
  read(table, "learning_rate", task.learning.learning_rate, zero_or_more);
  if (const auto field = table.find("feedback"))
    task.learning.feedback = choose<Feedback>(
        *field, {{"symmetric", Feedback::symmetric}, {"sign", Feedback::sign}, {"random", Feedback::random}},
        "feedback");
  if (const auto data = table.find("data")) read_data(*data, task.data);
  const bool needs_lateral = std::find(task.methods.begin(), task.methods.end(), Method::hlop) != task.methods.end();
  if (const auto lateral = table.find("lateral"))
    read_lateral(*lateral, task);
  else if (needs_lateral)
    table.need("lateral", "a table with the rows of lateral neurons, for method \"hlop\"");
  read(table, "subspace_samples", task.subspace_samples, 0, 1'000'000);
  read(table, "recorded", task.recorded, 0, 100'000);
  return task;
}

}  // namespace

const char* name_of(Method method) {
  for (const auto& [name, known] : methods)
    if (known == method) return name;
  return "";
}
const char* name_of(Protocol protocol) {
  for (const auto& [name, known] : protocols)
    if (known == protocol) return name;
  return "";
}

ContinualExperiment read_continual_experiment(const std::string& file, const std::vector<std::string>& overrides) {
  ContinualExperiment made{read_task(file, overrides), parse_experiment(file, overrides), 0};
  const ImageData& data = made.task.data;
  std::vector<std::string> files = made.experiment.files;
  for (const std::string& name : {data.train_images, data.train_labels, data.test_images, data.test_labels})
    if (!name.empty()) files.push_back(name);
  made.identity = experiment_file::identity_of(file, overrides, {"seeds", "methods", "recorded"}, files);
  return made;
}

}  // namespace rheo

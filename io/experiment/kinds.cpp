// The fields of kinds, as the experiment file has them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "io/experiment/field.hpp"
#include "io/experiment/number_file.hpp"
#include "networks/description/profiles.hpp"

namespace rheo::experiment_file {

namespace {

std::uint32_t read_whole(const Field& at, const KindField& field) {
  const double most = std::min(field.range.high, static_cast<double>(std::numeric_limits<std::uint32_t>::max()));
  return static_cast<std::uint32_t>(
      at.whole(static_cast<std::uint64_t>(std::max(0.0, field.range.low)), static_cast<std::uint64_t>(most)));
}

NumberTable listed_table(const Field& at, const KindField& field) {
  if (!at.is(TomlNode::Kind::list) || at.node().items.empty()) at.reject_kind(field.allowed);
  NumberTable table;
  const std::string expected = "a list of numbers";
  for (std::size_t r = 0; r < at.node().items.size(); ++r) {
    const Field row{at.node().items[r], fmt::format("{}[{}]", at.key(), r)};
    const std::vector<double>& numbers = row.numbers(expected);
    if (numbers.empty() || (r > 0 && numbers.size() != table.columns))
      row.reject(fmt::format("has {} entr{}", numbers.size(), numbers.size() == 1 ? "y" : "ies"),
                 "rows of equal length");
    table.columns = static_cast<std::uint32_t>(numbers.size());
    table.values.insert(table.values.end(), numbers.begin(), numbers.end());
  }
  table.rows = static_cast<std::uint32_t>(at.node().items.size());
  return table;
}

// { file = "w.npy" }, { file = "w.h5", dataset = "/w" }
NumberTable stored_table(const Field& at) {
  at.only({"file", "dataset"});
  const Field file = at.need("file", "the path of a file");
  const auto dataset = at.find("dataset");
  NumberTable table;
  try {
    table = read_number_file(file.path(), dataset ? dataset->text("the path of a dataset") : "");
  } catch (const UserError& error) {
    const Complaint& c = error.complaint();
    if (c.file == file.node().place()) throw;
    at.reject_table(fmt::format("{}{}: {}", c.file, c.key.empty() ? "" : ":" + c.key, c.problem), c.expected);
  }
  return table;
}

std::shared_ptr<const NumberTable> read_table(const Field& at, const KindField& field) {
  const bool is_stored = at.is(TomlNode::Kind::table);
  return std::make_shared<const NumberTable>(is_stored ? stored_table(at) : listed_table(at, field));
}

// A list of numbers, or { file, dataset }.
std::vector<double> read_list(const Field& at, const std::string& expected,
                              std::vector<std::uint64_t>* shape = nullptr) {
  if (!at.is(TomlNode::Kind::table)) return at.numbers(expected);
  at.only({"file", "dataset"});
  return read_dataset(at, {}, shape);
}

// A number for each time, a list of them, or a dataset of either.
TimedValues read_timed_values(const Field& at, const std::string& expected) {
  TimedValues timed;
  if (!at.is(TomlNode::Kind::list) || at.node().items.empty()) {
    std::vector<std::uint64_t> shape;
    timed.values = read_list(at, expected, &shape);
    if (shape.size() > 1)
      timed.width = static_cast<std::uint32_t>(timed.values.size() / std::max<std::uint64_t>(1, shape[0]));
    return timed;
  }
  timed.width = 0;
  for (const TomlNode& item : at.node().items) {
    const std::vector<double>& row = at.at("", item).numbers("a list of numbers");
    if (timed.width == 0) timed.width = static_cast<std::uint32_t>(row.size());
    if (row.empty() || row.size() != timed.width)
      at.reject("has lists of different lengths", "one list per time, with one value per neuron each");
    timed.values.insert(timed.values.end(), row.begin(), row.end());
  }
  return timed;
}

Profile read_profile(const Field& at) {
  at.need_table("{ times = [..], values = [..] } or { amplitude = .., frequency = .. }");
  Profile profile{.kind = Profile::Kind::steps, .offset = 1};
  if (at.node().find("frequency") != nullptr) profile.kind = Profile::Kind::sine;
  const std::vector<KindField> fields = fields_of_profile(profile);
  at.only(keys_of(fields));
  read_fields(at, fields, {});
  return profile;
}

// One text, or a list of texts.
std::vector<std::string> read_texts(const Field& at, const std::string& expected) {
  if (at.is(TomlNode::Kind::text)) return {at.node().text};
  if (!at.is(TomlNode::Kind::list)) at.reject_kind(expected);
  if (at.node().items.empty()) at.reject("is empty", expected);
  std::vector<std::string> texts;
  for (const TomlNode& item : at.node().items) texts.push_back(Field(item, at.key()).text(expected));
  return texts;
}

struct Read {
  const Field& at;
  const KindField& field;
  const Count& each;

  void operator()(bool* flag) const { *flag = at.flag(); }
  void operator()(std::optional<bool>* flag) const { *flag = at.flag(); }
  void operator()(OnlyFalse*) const {
    if (at.flag()) at.reject(std::string(field.meaning), "false, or leave it out");
  }
  void operator()(double* x) const { *x = at.number(expected_text(field)); }
  void operator()(std::optional<double>* x) const { *x = at.number(expected_text(field)); }
  void operator()(std::uint32_t* n) const { *n = read_whole(at, field); }
  void operator()(std::optional<std::uint32_t>* n) const { *n = read_whole(at, field); }
  void operator()(std::uint64_t* n) const { *n = at.whole(0, std::numeric_limits<std::int64_t>::max()); }
  void operator()(Value* value) const { *value = read_value(at, expected_text(field), each); }
  void operator()(const ChoiceMember& choice) const {
    const Names names(choice.names.begin(), choice.names.end());
    const std::string& word = at.word(names, {}, field.name.c_str());
    choice.set(choice.member, static_cast<std::size_t>(std::find(names.begin(), names.end(), word) - names.begin()));
  }
  void operator()(std::string* text) const { *text = at.text(expected_text(field)); }
  void operator()(std::vector<std::string>* names) const { *names = read_texts(at, expected_text(field)); }
  void operator()(AllOrNamed* some) const {
    if (!at.is(TomlNode::Kind::boolean) && !at.is_list()) at.reject_kind(expected_text(field));
    some->all = !at.is_list() && at.flag();
    if (at.is_list()) some->names = read_texts(at, expected_text(field));
  }
  void operator()(std::vector<Selection>* selections) const {
    for (const std::string& text : read_texts(at, expected_text(field)))
      selections->push_back(within(at.key(), [&] { return parse_selection(text); }));
  }
  void operator()(std::shared_ptr<const NumberTable>* table) const { *table = read_table(at, field); }
  void operator()(std::vector<double>* list) const { *list = read_list(at, expected_text(field)); }
  void operator()(Profile* profile) const { *profile = read_profile(at); }
  void operator()(TimedValues* timed) const { *timed = read_timed_values(at, field.allowed); }
  // Read by those who know how many neurons there are.
  void operator()(KeyOfEdges*) const {}
  void operator()(std::shared_ptr<const SpikeTrains>*) const {}
  void operator()(KeyOfTrains*) const {}
};

}  // namespace

Names keys_of(std::span<const KindField> fields) {
  return names_in(fields);
}

void read_fields(const Field& table, std::span<const KindField> fields, const Count& each) {
  for (const KindField& field : fields) {
    if (field.needed)
      std::visit(Read{table.need(field.name, expected_text(field)), field, each}, field.member);
    else if (const auto found = table.find(field.name))
      std::visit(Read{*found, field, each}, field.member);
  }
}

}  // namespace rheo::experiment_file

// A task: what an experiment file says in [data.NAME], [trials], [readouts.NAME] and [scores.NAME], with the data
// loaded. The network hears the data row by row; readouts learn from its states; scores say how well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/tasks/data_kind.hpp"
#include "apps/tasks/dataset.hpp"
#include "core/types.hpp"
#include "io/experiment/experiment.hpp"
#include "networks/description/described.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

// How columns of a row become numbers of a signal of kind "task".
struct Encoding {
  enum class Kind { direct, population, latency, events };
  Kind as = Kind::direct;
  std::vector<std::string> columns = {};  // empty: all inputs
  std::string to = {};                    // the signal; empty: the only one that is left
  double scale = 1, offset = 0, low = -1, high = 1, width = 0;
  std::uint32_t channels = 1;

  static constexpr auto described();
};
// What a readout answers of an item: the last row counts, the mean of the states of all, or each row votes.
enum class Answer { last, mean, vote };
inline std::span<const std::string_view> names_of(Answer) {
  static constexpr std::string_view names[] = {"last", "mean", "vote"};
  return names;
}
inline std::span<const std::string_view> names_of(Encoding::Kind) {
  static constexpr std::string_view names[] = {"direct", "population", "latency", "events"};
  return names;
}
constexpr auto Encoding::described() {
  return rheo::fields(
      in_words(field("columns", &Encoding::columns, "", "which columns"), "all inputs", "names of inputs of the data"),
      in_words(field("to", &Encoding::to, "", "the signal of kind task that carries them"), "the only one there is",
               "the name of a signal of kind task"),
      in_words(
          field(
              "as", &Encoding::as, "",
              "direct: scale x + offset; population: channel i has scale exp(-(x - c_i)^2/(2 width^2)), c_i "
              "evenly over [low, high]; latency: these as one pulse each, the earlier the stronger; events: a pulse of "
              "height scale for each spike"),
          "direct; events of data that are spikes", {}),
      field("scale", &Encoding::scale, "", "factor"), field("offset", &Encoding::offset, "", "added"),
      field("low", &Encoding::low, "", "the first centre"), field("high", &Encoding::high, "", "the last one"),
      in_words(field("width", &Encoding::width, "", "of a channel", non_negative), "the distance of two centres", {}),
      field("channels", &Encoding::channels, "", "of each column, not of direct", Range{1, 1e6}));
}

// What all readouts have in common.
struct ReadoutCommon {
  std::vector<std::string> targets = {};  // columns; empty: all
  std::vector<Selection> states = {};     // empty: all populations but sources
  std::string of = "spikes";
  double tau = 20;  // ms
  std::uint32_t samples = 1, input_rows = 0, skip = 0;
  Answer answer = Answer::last;
  std::string feedback = {}, from = {};
};
template <class K>
constexpr auto state_fields() {
  return rheo::fields(
      in_words(field("states", &K::states, "", "whose states it sees"), "all populations but sources", {}),
      in_words(
          field("of", &K::of, "", "which states: spikes, filtered with `tau`; a state by its name; or the input alone"),
          {}, "\"spikes\", a state such as \"V_m\", or \"input\""),
      field("tau", &K::tau, "ms", "time constant of the filter of spikes", positive),
      field("samples", &K::samples, "", "looks at states in each row, evenly, the last one at its end", Range{1, 1000}),
      field("input_rows", &K::input_rows, "rows", "how many of the last rows of input it sees beside states",
            Range{0, 100'000}),
      in_words(
          field("answer", &K::answer, "", "of labelled data: which states of an item it is fitted to and answers by"),
          {}, {}),
      field("skip", &K::skip, "rows", "of labelled data: at the begin of an item, that mean and vote leave out",
            Range{0, 1e6}));
}
template <class K>
constexpr auto readout_fields() {
  return std::tuple_cat(
      rheo::fields(in_words(field("targets", &K::targets, "", "columns of the data that it is to say"), "all",
                            "names of targets")),
      state_fields<K>(),
      rheo::fields(in_words(field("feedback", &K::feedback, "", "the signal of kind task that carries its output back"),
                            {}, "the name of a signal of kind task"),
                   in_words(field("from", &K::from, "", "a task.h5 whose readout of this name is taken as it is"), {},
                            "the path of a file")));
}

struct RidgeReadout : ReadoutCommon {
  std::vector<double> lambda = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1e3, 1e4};
  static constexpr const char* name = "ridge";
  static constexpr const char* summary =
      "Ridge regression with a constant, fitted to the part train; lambda is chosen by the part validate.";
  static constexpr const char* source = "Hoerl & Kennard, Technometrics 12 (1970)";
  static constexpr auto fields =
      std::tuple_cat(readout_fields<RidgeReadout>(),
                     rheo::fields(in_words(field("lambda", &RidgeReadout::lambda, "", "to choose from", non_negative),
                                           "1e-8, 1e-7, .. 1e4", "numbers >= 0")));
};
struct RlsReadout : ReadoutCommon {
  double alpha = 1, forgetting = 1;
  std::uint32_t every = 1;
  static constexpr const char* name = "rls";
  static constexpr const char* summary = "Recursive least squares with a constant (FORCE), learnt in the part train.";
  static constexpr const char* source = "Sussillo & Abbott, Neuron 63 (2009)";
  static constexpr auto fields = std::tuple_cat(
      readout_fields<RlsReadout>(),
      rheo::fields(
          field("alpha", &RlsReadout::alpha, "", "P = I/alpha at first", positive),
          field("forgetting", &RlsReadout::forgetting, "", "an observation counts forgetting^age", Range{1e-30, 1}),
          field("every", &RlsReadout::every, "rows", "between updates", Range{1, 1e6})));
};
struct LmsReadout : ReadoutCommon {
  double eta = 0.1;
  std::uint32_t every = 1;
  static constexpr const char* name = "lms";
  static constexpr const char* summary = "The delta rule with a constant, normalised, learnt in the part train.";
  static constexpr const char* source = "Widrow & Hoff (1960)";
  static constexpr auto fields =
      std::tuple_cat(readout_fields<LmsReadout>(),
                     rheo::fields(field("eta", &LmsReadout::eta, "", "rate, below 2", positive),
                                  field("every", &LmsReadout::every, "rows", "between updates", Range{1, 1e6})));
};

struct StatesReadout : ReadoutCommon {
  static constexpr const char* name = "states";
  static constexpr const char* summary = "Says nothing: keeps the states that it sees in train, validate and test.";
  static constexpr const char* source = "";
  static constexpr auto fields = state_fields<StatesReadout>();
};

class ReadoutKind : public Described {
 public:
  template <class K>
  class Of;
  virtual std::unique_ptr<ReadoutKind> clone() const = 0;
  virtual const ReadoutCommon& common() const = 0;
};
template <class K>
class ReadoutKind::Of final : public DescribedAs<ReadoutKind, K> {
 public:
  using DescribedAs<ReadoutKind, K>::DescribedAs;
  const ReadoutCommon& common() const override { return this->numbers(); }
};
const std::vector<std::unique_ptr<const ReadoutKind>>& readout_kinds();

struct NamedReadout {
  std::string name;
  Chosen<ReadoutKind> kind;
  std::vector<std::size_t> targets;  // columns of the data
};

struct ScoreSpec {
  enum class Measure {
    nrmse,
    nrmse_range,
    smape,
    correlation,
    memory_capacity,
    participation_ratio,
    valid_rows,
    accuracy,
    kernel_rank,
    generalisation_rank,
    separation
  };
  std::string name = {}, readout = {}, part = "test";
  Measure measure = Measure::nrmse;

  static constexpr auto described();
};
inline std::span<const std::string_view> names_of(ScoreSpec::Measure) {
  static constexpr std::string_view names[] = {"nrmse",           "nrmse_range",         "smape",      "correlation",
                                               "memory_capacity", "participation_ratio", "valid_rows", "accuracy",
                                               "kernel_rank",     "generalisation_rank", "separation"};
  return names;
}
inline bool is_of_states(ScoreSpec::Measure measure) {
  return measure == ScoreSpec::Measure::participation_ratio || measure >= ScoreSpec::Measure::kernel_rank;
}
constexpr auto ScoreSpec::described() {
  return rheo::fields(
      in_words(field("readout", &ScoreSpec::readout, "", "whose outputs are scored"), "the only one",
               "the name of a readout"),
      in_words(field("measure", &ScoreSpec::measure, "", "by which measure"), "nrmse", {}),
      in_words(field("part", &ScoreSpec::part, "", "in which part"), "test", "train, validate, test or free"));
}

struct Task {
  Dataset data;
  std::string data_kind;
  Tick row_ticks = 1, pause_ticks = 0;  // of a row; after each show
  bool reset = false;                   // of states, before each show
  std::vector<Encoding> encodings;
  std::map<DataPart, std::vector<std::string>> learning;  // projections
  std::vector<NamedReadout> readouts;
  std::vector<ScoreSpec> scores;

  Tick ticks() const;
  // The rows of a part by which a readout is fitted and answers, in the order in which they are shown.
  std::vector<std::size_t> kept_rows(const ReadoutCommon& readout, DataPart part) const;
};

// Nothing where the experiment has no trials. Reads and judges what it says of them, loads the data, and sets how long
// the experiment lasts. Throws UserError.
std::optional<Task> read_task(Experiment& experiment);

}  // namespace rheo

// The [sweep] of an experiment file: which points there are, what each of them sets, and the number that names its
// folder (docs/sweeps.md). A point is worked out from its number alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "io/experiment/experiment.hpp"
#include "io/sweep/ranges.hpp"
#include "io/text/toml_document.hpp"

namespace rheo {

// What a point sets a key to.
struct SweepValue {
  std::string text;                                                              // as TOML
  std::variant<std::monostate, std::int64_t, double, std::string> content = {};  // nothing: a list, a table, a boolean
  std::uint64_t hash = 0;                                                        // its part of Sweep::hash
};

// One entry of [sweep.axes].
struct SweepAxis {
  std::vector<std::string> keys;                 // one, or several that move together
  std::string place;                             // file and line
  const SweepRange* range = nullptr;             // none: entries
  std::vector<double> numbers;                   // of the range
  std::vector<std::vector<SweepValue>> entries;  // [entry][key]
  bool is_choice = false;                        // one of the entries is drawn
  bool round = false;                            // to whole numbers

  bool is_drawn() const { return range != nullptr ? range->is_drawn : is_choice; }
  std::uint64_t size() const {  // of one that is not drawn
    return range != nullptr ? static_cast<std::uint64_t>(numbers.back()) : entries.size();
  }
  // The value of an entry, or at the quantile x, in (0, 1), of an axis that is drawn.
  SweepValue at(double x, std::size_t key) const;
  double number(double x) const;  // the same of a range
};

struct SweepMetric {
  enum class Kind { rate, cv_isi, synchrony, spikes, score };
  Kind kind = Kind::rate;
  std::string population;  // or the name of a score
  std::string name = {};   // "rate.E", "score.nrmse"
  std::string place = {};  // for messages, "sweep.toml:9"
};

// By which of its points a sweep is a search, and what is done with the best one.
struct SweepObjective {
  std::string metric;      // empty: it is no search
  std::string place = {};  // for messages
  bool maximise = false;
  std::vector<std::uint64_t> report_seeds = {};  // on which the best point is run: none by which it was chosen
};

// What an experiment with trials says of itself: its scores, and the parts of its data that they are of.
using TaskScores = std::vector<std::pair<std::string, std::string>>;

class Sweep {
 public:
  // Reads the file and checks all of [sweep] that can be checked without the experiment (see check). overrides and
  // plugins as for parse_experiment. Throws ExperimentError.
  explicit Sweep(const std::string& path, const std::vector<std::string>& overrides = {},
                 const std::vector<std::string>& plugins = {});

  const std::string& path() const { return path_; }
  const std::vector<std::string>& given_overrides() const { return overrides_; }  // for all points
  const std::vector<std::string>& plugins() const { return plugins_; }
  const std::string& design() const { return design_; }
  // What points set: the keys of the axes, and simulation.seed behind them where it is no axis.
  const std::vector<std::string>& keys() const { return keys_; }
  const std::vector<SweepMetric>& metrics() const { return metrics_; }
  const SweepObjective& objective() const { return objective_; }
  // judge: reads and judges the trials of an experiment that has some, which this floor does not know. Metrics that are
  // not given are then all scores. Throws ExperimentError.
  void know_tasks(std::function<TaskScores(Experiment&)> judge);
  // Overrides that make a sweep of this file over the seeds of the report, at one of its points.
  std::vector<std::string> report_overrides(std::uint64_t point) const;

  // Points that satisfy the conditions. The last axis changes fastest, and repeats faster still.
  std::uint64_t size() const { return (kept_ ? kept_->size() : rows_) * repeats_; }
  std::uint32_t repeats() const { return repeats_; }
  std::uint32_t repeat(std::uint64_t point) const { return static_cast<std::uint32_t>(point % repeats_); }
  std::vector<SweepValue> values(std::uint64_t point) const;      // by keys()
  std::vector<std::string> overrides(std::uint64_t point) const;  // for parse_experiment

  // The sum modulo 2^64 of random_key(0, key, value) over all settings of the point's experiment, the order in which
  // populations, inputs, projections, signals and recordings stand, and the bytes of the data files and plug-ins that
  // it names. Neither title nor [sweep] count, nor where a setting was written.
  std::uint64_t hash(std::uint64_t point) const;

  // A complaint about a point, with the place of the axis in place of "--set".
  Complaint locate(Complaint complaint) const;

  // As parse_experiment reads and checks it, with complaints located.
  Experiment experiment(std::uint64_t point) const;
  // Throws what is wrong with an entry of an axis that no point can run with. Looks at up to 64 entries of each axis,
  // for about so many seconds. An entry of a grid has two chances, with the first entries of all other axes and with
  // the last; of a drawn design one in 16 points must pass.
  void check(double seconds) const;

  // What the experiments are read from: TOML, data, plug-ins.
  const std::vector<std::string>& files() const { return files_; }

 private:
  friend class SweepReader;

  struct Operand {
    bool is_constant = true;
    SweepValue constant;
    std::size_t axis = 0, key = 0;
  };
  struct Condition {
    Operand left, right;
    std::string relation;
  };

  std::uint64_t row_of(std::uint64_t point) const;
  bool satisfies(std::uint64_t row) const;
  SweepValue value(std::uint64_t row, std::size_t axis, std::size_t key) const;
  std::vector<SweepValue> values(std::uint64_t row, std::uint32_t repeat) const;
  std::vector<std::string> overrides(const std::vector<SweepValue>& values) const;
  Experiment experiment(const std::vector<std::string>& overrides) const;

  std::string path_;
  std::vector<std::string> overrides_, plugins_;
  std::string design_ = "grid";
  std::vector<SweepAxis> axes_;
  std::vector<std::string> keys_;
  std::vector<SweepMetric> metrics_;
  bool metrics_are_given_ = false, has_trials_ = false;
  SweepObjective objective_;
  std::function<TaskScores(Experiment&)> judge_;
  std::vector<Condition> conditions_;
  std::uint64_t rows_ = 1;                          // before the conditions, without repeats
  std::optional<std::vector<std::uint32_t>> kept_;  // those that satisfy the conditions, where there are any
  std::vector<RandomKey> draws_;                    // of a drawn design, by axis
  std::vector<std::vector<std::uint32_t>> strata_;  // of a Latin hypercube: [axis][row]
  std::uint32_t repeats_ = 1;
  std::uint64_t seed_ = 0;  // of the first repeat
  bool seed_is_axis_ = false;
  std::uint64_t base_hash_ = 0;  // of all that points do not set
  std::vector<std::string> files_;
};

bool has_sweep(const std::string& path, const std::vector<std::string>& overrides = {});

}  // namespace rheo

// Signals for reservoirs: generated from a seed, or read from a file. Called by the reservoir workbench before a run.
//
// Generated ones are functions of (seed, name, parameters) with the same bits everywhere; signals of two names are
// independent. Differential equations are solved by the classical Runge-Kutta method of fourth order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/learning/matrix.hpp"

namespace rheo {

// Independent values, uniform in [lo, hi].
Eigen::VectorXd uniform_series(std::uint64_t seed, std::string_view name, std::size_t count, double lo, double hi);

// NARMA-10, Atiya & Parlos, IEEE Transactions on Neural Networks 11:697 (2000):
//   y(t+1) = 0.3 y(t) + 0.05 y(t) sum_{i=0..9} y(t-i) + 1.5 u(t-9) u(t) + 0.1,   u uniform in [0, 0.5]
// target[t] is y(t+1), the value that input[t] = u(t) makes; y and u are 0 before the series begins.
//
// The recursion is not stable for every input: once y is large enough the square term carries it off. A series with
// |y| > 1 is therefore drawn again from the next stream, as a whole; `redrawn` counts how often (about one series of
// 10,000 steps in six). What is left is conditioned on staying below 1, which whoever reports a result should say.
struct Narma {
  Eigen::VectorXd input, target;
  std::size_t redrawn = 0;
};
// Throws ExperimentError where 100 series left the bound: a long one may have no chance.
Narma narma10(std::uint64_t seed, std::string_view name, std::size_t count);
// y(t+1) of any input; may diverge.
Eigen::VectorXd narma10_target(const SignalView& input);

// Mackey & Glass, Science 197:287 (1977): dx/dt = 0.2 x(t-tau) / (1 + x(t-tau)^10) - 0.1 x, chaotic from tau = 17 on.
// Sampled once per unit of time. The history on [-tau, 0] is linear between values at whole units of time, each uniform
// in [1.1, 1.3], so that it does not depend on the step and its corners lie on steps. Delayed values between steps come
// from the cubic through values and slopes at both ends, of the same order as the method.
struct MackeyGlassOptions {
  std::size_t tau = 17;       // units of time, >= 1
  std::size_t washout = 500;  // units of time that are left out
  std::size_t steps = 10;     // per unit of time, >= 1
};
Eigen::VectorXd mackey_glass(std::uint64_t seed, std::string_view name, std::size_t count,
                             const MackeyGlassOptions& options = {});

// Lorenz, Journal of the Atmospheric Sciences 20:130 (1963): x' = 10 (y - x), y' = x (28 - z) - y, z' = x y - 8/3 z.
// Columns x, y, z, sampled every 0.02. Begins at (1, 1, 20), each coordinate off by up to 0.5.
struct LorenzOptions {
  std::size_t washout = 1000;  // samples that are left out
  std::size_t steps = 10;      // per sample, >= 1
};
Matrix lorenz(std::uint64_t seed, std::string_view name, std::size_t count, const LorenzOptions& options = {});

// Column k-1 is the signal k steps ago, k = 1..delays; 0 before it begins.
Matrix delayed_copies(const SignalView& signal, std::size_t delays);

// What a file holds: a row for each time step and a column for each channel.
struct SeriesFile {
  Matrix values;
  std::vector<std::string> names;  // of the columns; empty where the file names none
  std::size_t first_line = 0;      // of a text, where row 0 stands
  // "x", or "column 2" where it has no name.
  std::string name(Eigen::Index column) const;
};

// Reads an HDF5 file or an array of NumPy, which are known by their signatures, or else a text; dataset: of an HDF5
// file. table: whose settings these are, for messages. Throws ExperimentError.
SeriesFile read_series(const std::string& file, const std::string& dataset, const std::string& table);
// A text with one line per time step and one column per channel, separated by commas. The first line may name the
// columns (none of them is a number then). Throws ExperimentError with file and line.
SeriesFile read_csv_series(const std::string& file);
// A dataset of numbers in an HDF5 file: steps, or steps x channels. Throws ExperimentError with file and dataset.
SeriesFile read_h5_series(const std::string& file, const std::string& dataset);

struct UnevenStep {
  Eigen::Index row = 0;  // where the step ends
  double usual = 0;      // the median of all steps
};
// The first step from a row to the next that differs from the others; nothing where all rows rise in equal steps.
// Steps may differ by the last digit that the times are written with, and by the rounding of single precision, but by
// less than half a step: a sample that is missing counts whatever the digits are.
std::optional<UnevenStep> first_uneven_step(const SignalView& times);
// Removes the column `name`, which holds times. Throws ExperimentError where there is no such column, where no other is
// left, and where its steps are not equal.
void remove_times(SeriesFile& series, const std::string& file, const std::string& name, const std::string& table);
// What should be said of a first column that rises from row to row as times do while others stand beside it; empty: it
// does not.
std::string remark_on_times(const SeriesFile& series, const std::string& file, const std::string& table);

}  // namespace rheo

// The kinds of data: what the experiment file may say in [data.NAME]. A kind is a described struct with
//   static constexpr const char *name, *summary, *source;
//   static constexpr auto fields = rheo::fields(...);
//   Dataset make(const DataEnds&) const;       // throws ExperimentError
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/tasks/dataset.hpp"
#include "networks/description/described.hpp"

namespace rheo {

// How many rows each part has; numbers below 1 are shares of the rows that the others leave. Of labelled data: how many
// items of each class.
struct Split {
  std::optional<double> adapt = {}, washout = {}, train = {}, validate = {}, test = {};
  static constexpr Range rows{0, 1e9};
  static constexpr auto fields =
      rheo::fields(field("adapt", &Split::adapt, "rows", "shown before all others, while rules learn", rows),
                   field("washout", &Split::washout, "rows", "shown before those that count", rows),
                   field("train", &Split::train, "rows", "that readouts are fitted to", rows),
                   field("validate", &Split::validate, "rows", "by which a readout is chosen", rows),
                   field("test", &Split::test, "rows", "by which it is judged", rows));
  std::array<double, 5> or_else(const std::array<double, 5>& otherwise) const {
    return {adapt.value_or(otherwise[0]), washout.value_or(otherwise[1]), train.value_or(otherwise[2]),
            validate.value_or(otherwise[3]), test.value_or(otherwise[4])};
  }
};

// What a kind has to know of its task.
struct DataEnds {
  std::string key;  // "data.NAME"
  std::uint64_t seed = 0;
  double step = 1, dt = 1;  // ms of a row and of a tick
  Split split = {};
  std::size_t free = 0;  // rows in which the network hears its own readout

  // Consecutive parts of a series. available: rows that there are; nothing: as many as one likes, of so many columns.
  // Throws ExperimentError.
  struct Rows {
    std::size_t adapt, washout, train, validate, test, end;  // the first row of each part
    std::size_t count;                                       // rows that are needed
  };
  Rows rows(std::optional<std::size_t> available, double columns = 8) const;
  // The parts in the order in which they are shown: free running begins where the test does, behind which rows of the
  // washout are shown again.
  std::vector<Show> shows(const Rows& rows) const;
};

class DataKind : public Described {
 public:
  template <class K>
  class Of;
  virtual std::unique_ptr<DataKind> clone() const = 0;
  virtual Dataset make(const DataEnds& ends) const = 0;
};

template <class K>
class DataKind::Of final : public DescribedAs<DataKind, K> {
 public:
  using DescribedAs<DataKind, K>::DescribedAs;
  Dataset make(const DataEnds& ends) const override { return this->numbers().make(ends); }
};

// One of each, with the defaults of their fields, in the order of the manual.
const std::vector<std::unique_ptr<const DataKind>>& data_kinds();

}  // namespace rheo

// The data of a task as they are shown to a network: rows of numbers, cut into parts for training, choice and test.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/learning/matrix.hpp"
#include "core/types.hpp"

namespace rheo {

// What rows are for. In `free` the network hears its own readout in place of the data.
enum class DataPart { adapt, washout, train, validate, test, free };
inline constexpr std::array<std::string_view, 6> part_names{"adapt", "washout", "train", "validate", "test", "free"};
inline std::string_view name_of(DataPart part) {
  return part_names[static_cast<std::size_t>(part)];
}

// Rows first, first + 1, ... < end, shown one after the other.
struct Show {
  DataPart part = DataPart::train;
  std::size_t first = 0, end = 0;
  std::uint32_t label = 0;  // its class, where data have classes
  std::size_t rows() const { return end - first; }
};

// A column is stored as (value - mean) / deviation.
struct ColumnScale {
  double mean = 0, deviation = 1;
};

std::string rows_text(std::size_t rows);  // "1 row", "20 rows"

struct Dataset {
  std::vector<std::string> input_names, target_names;  // of columns
  Matrix inputs, targets;                              // [row][column]; a target belongs to the row that is shown
  std::vector<ColumnScale> target_scales;              // [target]
  std::vector<Show> shows;                             // in the order in which they are shown
  std::vector<std::size_t> counted;  // targets that are scored: they vary in each part that is fitted or scored
  std::vector<std::string> classes;  // of labelled data, whose targets they are: 1 for the class of a row, 0 for others
  // Of spikes: how many channels, and the spikes of each row, by tick within it and channel.
  std::uint32_t channels = 0;
  struct Event {
    Tick tick = 0;
    std::uint32_t channel = 0;
  };
  std::vector<std::vector<Event>> events;
  double row = 0;                // ms; 0: the trials say how long a row is
  bool names_matter = false;     // targets have scores of their own
  bool is_memory = false;        // target k is the input k + 1 rows before
  bool predicts_itself = false;  // targets are the inputs of the next row
  std::size_t streams = 0;       // of data of kind streams: how many
  std::vector<std::string> remarks;

  // Rows of a part, in the order in which they are shown.
  std::vector<std::size_t> rows_of(DataPart part) const;
};

}  // namespace rheo

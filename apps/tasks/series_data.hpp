// Series: columns of a file, and what is generated, told row by row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "apps/tasks/data_kind.hpp"

namespace rheo {

constexpr auto ahead_field(auto member) {
  return field("ahead", member, "rows", "how far ahead the target is", Range{1, 1e6});
}

struct TableData {
  std::string file = {}, dataset = {}, time = {};
  std::vector<std::string> inputs = {}, targets = {};
  std::optional<std::uint32_t> ahead = {};
  bool standardise = true;

  static constexpr const char* name = "table";
  static constexpr const char* summary =
      "Columns of a file: CSV, an array of NumPy, or a dataset of HDF5, whichever its content is.";
  static constexpr const char* source = "";
  static constexpr auto fields = rheo::fields(
      needed(in_words(field("file", &TableData::file, "", "the file"), {}, "the path of a file")),
      in_words(field("dataset", &TableData::dataset, "", "the dataset, where it is an HDF5 file"), {}, "a path in it"),
      in_words(field("inputs", &TableData::inputs, "", "columns that are shown"), "all but `time`",
               "names of columns, or their numbers as texts, from \"1\" on"),
      in_words(field("targets", &TableData::targets, "", "columns that are to be said"), "all but `time`",
               "names of columns, or their numbers as texts, from \"1\" on"),
      in_words(field("ahead", &TableData::ahead, "rows", "how far ahead targets are", Range{0, 1e6}),
               "1; 0 where no target is an input", {}),
      in_words(field("time", &TableData::time, "", "a column of times, which must rise in equal steps and is neither"),
               {}, "the name of a column"),
      field("standardise", &TableData::standardise, "",
            "columns are shown less their mean and by their deviation in the part for training"));

  Dataset make(const DataEnds& ends) const;
};

struct MemoryData {
  std::uint32_t delays = 100;

  static constexpr const char* name = "memory";
  static constexpr const char* summary = "Numbers drawn from [-1, 1]; what they were 1, 2, ... `delays` rows before.";
  static constexpr const char* source = "Jaeger, GMD report 152 (2002)";
  static constexpr auto fields =
      rheo::fields(field("delays", &MemoryData::delays, "", "how many targets", Range{1, 100'000}));
  Dataset make(const DataEnds& ends) const;
};

struct NarmaData {
  static constexpr const char* name = "narma10";
  static constexpr const char* summary =
      "Numbers u drawn from [0, 0.5]; y of y(t+1) = 0.3 y(t) + 0.05 y(t) (y(t) + .. + y(t-9)) + 1.5 u(t-9) u(t) + 0.1.";
  static constexpr const char* source = "Atiya & Parlos, IEEE Transactions on Neural Networks 11 (2000)";
  static constexpr std::tuple<> fields{};
  Dataset make(const DataEnds& ends) const;
};

struct MackeyGlassData {
  std::uint32_t ahead = 1;

  static constexpr const char* name = "mackey_glass";
  static constexpr const char* summary =
      "The series of dx/dt = 0.2 x(t-17)/(1 + x(t-17)^10) - 0.1 x, standardised; itself `ahead` rows later.";
  static constexpr const char* source = "Mackey & Glass, Science 197 (1977)";
  static constexpr auto fields = rheo::fields(ahead_field(&MackeyGlassData::ahead));
  Dataset make(const DataEnds& ends) const;
};

struct LorenzData {
  std::uint32_t ahead = 1;

  static constexpr const char* name = "lorenz";
  static constexpr const char* summary =
      "The three coordinates of Lorenz's equations each 0.02, standardised; themselves `ahead` rows later.";
  static constexpr const char* source = "Lorenz, Journal of the Atmospheric Sciences 20 (1963)";
  static constexpr auto fields = rheo::fields(ahead_field(&LorenzData::ahead));
  Dataset make(const DataEnds& ends) const;
};

struct SinesData {
  std::vector<double> frequencies = {};

  static constexpr const char* name = "sines";
  static constexpr const char* summary = "No input; a sum of sines, which a network has to keep up by itself.";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(needed(in_words(field("frequencies", &SinesData::frequencies, "Hz", "of the sines", positive), {},
                                   "a list of frequencies (Hz)")));
  Dataset make(const DataEnds& ends) const;
};

}  // namespace rheo

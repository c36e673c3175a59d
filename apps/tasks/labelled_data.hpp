// Items with a class each: sequences of a file, and spike patterns that are generated. Items of a part are shown in an
// order that is drawn, all classes mixed: an order that could be guessed would let a network score that hears nothing
// but what came before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/tasks/data_kind.hpp"

namespace rheo {

struct SequencesData {
  std::string file = {}, dataset = {}, sequence = "sequence", labels = {};
  std::vector<std::string> inputs = {};
  bool standardise = true;

  static constexpr const char* name = "sequences";
  static constexpr const char* summary =
      "Sequences of different lengths in one table, with a column that numbers them, and a class for each.";
  static constexpr const char* source = "";
  static constexpr auto fields = rheo::fields(
      needed(in_words(field("file", &SequencesData::file, "", "the table"), {}, "the path of a file")),
      in_words(field("dataset", &SequencesData::dataset, "", "the dataset, where it is an HDF5 file"), {},
               "a path in it"),
      in_words(field("sequence", &SequencesData::sequence, "", "the column that numbers the sequences"), {},
               "the name of a column"),
      needed(in_words(field("labels", &SequencesData::labels, "",
                            "a CSV file with columns sequence and label, and maybe part: train, validate or test"),
                      {}, "the path of a file")),
      in_words(field("inputs", &SequencesData::inputs, "", "columns that are shown"), "all others", "names of columns"),
      field("standardise", &SequencesData::standardise, "",
            "columns are shown less their mean and by their deviation in the part for training"));
  Dataset make(const DataEnds& ends) const;
};

struct PatternsData {
  std::uint32_t classes = 10, channels = 20, samples = 50;
  double length = 100, rate = 20, jitter = 2, deletion = 0.1, noise_rate = 1;

  static constexpr const char* name = "patterns";
  static constexpr const char* summary =
      "Spike patterns: Poisson trains for each class, of which each item is a copy with spikes moved, left out and "
      "added.";
  static constexpr const char* source = "Maass, Natschlaeger & Markram, Neural Computation 14 (2002)";
  static constexpr auto fields = rheo::fields(
      field("classes", &PatternsData::classes, "", "how many", Range{2, 10'000}),
      field("channels", &PatternsData::channels, "", "trains of a pattern", Range{1, 1e6}),
      field("samples", &PatternsData::samples, "", "items of each class", Range{4, 1e6}),
      field("length", &PatternsData::length, "ms", "of an item", positive),
      field("rate", &PatternsData::rate, "Hz", "of each channel", non_negative),
      field("jitter", &PatternsData::jitter, "ms", "standard deviation by which spikes are moved", non_negative),
      field("deletion", &PatternsData::deletion, "", "probability that a spike is left out", Range{0, 1}),
      field("noise_rate", &PatternsData::noise_rate, "Hz", "of spikes that are added to each channel", non_negative));
  Dataset make(const DataEnds& ends) const;
};

// Items are those of the part test: each stream once, as many noisy repetitions of the first one, and of the nine after
// it `repetitions` each. The label of an item is its stream.
struct StreamsData {
  std::uint32_t streams = 50, length = 50, repetitions = 5;
  double noise = 0.1, low = -1, high = 1;

  static constexpr const char* name = "streams";
  static constexpr const char* summary =
      "Streams of numbers drawn from [low, high], and noisy repetitions of some: what kernel_rank, generalisation_rank "
      "and separation are measured on.";
  static constexpr const char* source = "Legenstein & Maass, Neural Networks 20 (2007)";
  static constexpr auto fields = rheo::fields(
      field("streams", &StreamsData::streams, "", "how many", Range{2, 10'000}),
      field("length", &StreamsData::length, "rows", "of a stream", Range{1, 1e6}),
      field("repetitions", &StreamsData::repetitions, "", "of each of the first ten streams, for separation",
            Range{2, 1000}),
      field("noise", &StreamsData::noise, "", "standard deviation of what is added to each number of a repetition",
            non_negative),
      field("low", &StreamsData::low, "", "the smallest number"), field("high", &StreamsData::high, "", "the largest"));
  Dataset make(const DataEnds& ends) const;
};

}  // namespace rheo

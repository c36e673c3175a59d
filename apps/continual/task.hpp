// The table [task] of kind "continual": tasks in sequence over a layered spiking network. docs/continual.md explains
// every key; those that are missing have the values that stand here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "networks/layers/layered_learning.hpp"
#include "networks/layers/layered_network.hpp"

namespace rheo {

struct ImageData {
  enum class Kind { idx, glyphs };
  Kind kind = Kind::glyphs;
  std::string train_images, train_labels, test_images, test_labels;  // idx
  std::size_t classes = 0;                                           // idx; 0: as many as the labels say
  std::size_t size = 16;                                             // glyphs: pixels along a side
  std::size_t train = 2000, test = 500;                              // images that are used; idx: 0 for all
  std::uint64_t seed = 1;                                            // glyphs
  double mean = 0.1307, deviation = 0.3081;                          // a pixel counts (byte / 255 - mean) / deviation
};

struct LateralSpec {
  std::vector<std::vector<std::size_t>> rows;       // [task][projection] that are appended; the last entry repeats
  std::vector<LateralSubspace::Settings> settings;  // [projection]
};

struct ContinualTask {
  enum class Protocol {
    permuted,  // task k shows all images with their pixels in the k-th order; the first is that of the file
    split,     // task k shows the images of its classes alone
    shift      // from task to task the same images get other labels
  };
  // What is told apart in task k of a split, and among which classes an answer is chosen.
  enum class Scenario {
    task,    // those of the task: which one it is, is known
    classes  // all seen so far
  };
  enum class Method { plain, hlop, joint };

  std::string title;
  std::vector<std::uint64_t> seeds{1};
  std::vector<Method> methods{Method::hlop, Method::plain};
  Protocol protocol = Protocol::permuted;
  Scenario scenario = Scenario::task;
  std::size_t tasks = 10;
  std::size_t epochs = 1;
  std::size_t batches = 0;  // of each epoch; 0: all
  std::size_t window = 50;  // batches of one point of the learning curve
  LayeredSpec network;      // layers, steps, batch, slope; the rest follows from the data
  LayeredLearning::Settings learning;
  ImageData data;
  LateralSpec lateral;
  std::size_t subspace_samples = 0;  // of each task, for the angles between learnt subspaces and PCA; 0: none
  std::size_t recorded = 0;          // test images of the last task whose spikes are recorded at the end
};

struct ContinualExperiment {
  ContinualTask task;
  Experiment experiment;
  // A hash of what a run depends on beside its method and seed.
  std::uint64_t identity = 0;
};

// Throws UserError.
ContinualExperiment read_continual_experiment(const std::string& file, const std::vector<std::string>& overrides);

const char* name_of(ContinualTask::Method method);
const char* name_of(ContinualTask::Protocol protocol);

}  // namespace rheo

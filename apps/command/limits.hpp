// What this machine can do, by small loops that do nothing else: the bounds that benchmarks are measured against.
#pragma once

#include <cstddef>
#include <string>

#include "core/parallel.hpp"

namespace rheo {

// The rows of one thread. Targets are drawn at random and ascend within what is added at once.
struct Rows {
  bool weighted = false;        // each synapse has a weight of 32 bits
  std::size_t targets = 10000;  // sums
  std::size_t length = 1000;    // synapses of a row
  std::size_t count = 10000;
  std::size_t delays = 1;   // of as many synapses each
  std::size_t columns = 1;  // plastic rows: of 32 bits for a synapse, its weight first
};

// Units per second of all threads of the team together. Every thread works on data of its own.
class Limits {
 public:
  explicit Limits(const Threads& threads) : threads_(threads) {}

  double stream() const;                          // bytes read and written, a = b + s c on 64 MB arrays
  double random_update(std::size_t bytes) const;  // x[random] += 1 on floats
  // Synaptic events: weights of rows, which come in random order, added to sums of neurons.
  double rows(const Rows& rows, std::size_t window) const;  // what arrives in so many ticks at once
  double best_rows(const Rows& rows) const;                 // of windows, and of 1 to 4 lanes one after the other
  double dense_rows(const Rows& rows) const;                // a weight, or a bit, for each target; one delay
  double plastic_rows(const Rows& rows) const;              // a weight and other columns change with each event
  double neurons(std::size_t count) const;  // ticks of iaf_psc_delta in single precision, `count` per thread
  double poisson() const;                   // draws with mean 2, added to an input row
  double noise() const;                     // normal draws in single precision, added to an input row

  std::string table() const;

 private:
  template <class Body>
  double measure(double units, const Body& make) const;
  const Threads& threads_;
};

}  // namespace rheo

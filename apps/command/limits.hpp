// What this machine can do, by small loops that do nothing else: the bounds that benchmarks are measured against.
#pragma once

#include <cstddef>
#include <string>

#include "core/parallel.hpp"

namespace rheo {

// Units per second of all threads of the team together. Every thread works on data of its own.
class Limits {
 public:
  explicit Limits(const Threads& threads) : threads_(threads) {}

  double stream() const;                          // bytes read and written, a = b + s c on 64 MB arrays
  double random_update(std::size_t bytes) const;  // x[random] += 1 on floats
  // Rows of 1000 synapses in random order of rows, added to the input of 10,000 neurons.
  enum class Row { u16, u16_f32, u32_f32 };                  // what is stored per synapse: 2, 6 or 8 bytes
  double rows(Row row) const;                                // one delay: into one input row
  double rows_by_ring(Row row, std::size_t delays) const;    // into rows of a ring, each synapse with its delay
  double rows_by_slices(Row row, std::size_t delays) const;  // runs of equal delay, into one input row
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

// Storage and bookkeeping of a population that advances in every tick, whatever its model: one contiguous column per
// state member, one set of coefficients for all or a column for each coefficient that differs, and the loop of the
// chosen instruction set. The state may be in double precision where the simulation, and so the input, is in single
// precision: factory.cpp decides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/aligned.hpp"
#include "core/loop/simulation.hpp"
#include "neurons/kernels/kernels.hpp"
#include "neurons/state.hpp"

namespace rheo {

// Appends first_id + begin + i for every i with fired[i] != 0.
void collect(const std::uint8_t* fired, std::size_t n, NeuronId first, std::vector<NeuronId>& to);

class Population final : public TickBlock {
 public:
  Population(std::string name, const PopulationParts& parts, const AdvanceLoops& loops);

  const std::string& name() const override { return name_; }
  Precision precision() const override { return columns_.precision(); }
  std::uint32_t size() const override { return size_; }
  std::uint32_t ports() const override { return ports_; }
  // [size()] of the precision.
  const void* column(std::size_t index) const { return state_[index].data(); }
  std::optional<std::size_t> find_column(std::string_view column) const override { return columns_.find(column); }
  std::optional<std::size_t> value_column() const override { return columns_.value(); }
  void copy(std::size_t column, std::uint32_t begin, std::uint32_t end, float* to) const override;
  void copy(std::size_t column, std::uint32_t begin, std::uint32_t end, double* to) const override;
  void read(std::size_t column, Tick, std::span<const std::uint32_t> neurons, double* to) const override;
  void write(std::size_t column, Tick, std::span<const std::uint32_t> neurons, const double* from) override;
  std::span<const float> view(std::size_t column) const override;

  void advance(Tick, std::uint32_t begin, std::uint32_t end, const void* input, NeuronId first_id,
               SpikeList& spikes) override;
  // The same, where spikes are marked: fired[i - begin] = 1 for every neuron i that spiked, else 0.
  void advance(std::uint32_t begin, std::uint32_t end, const void* input, std::uint8_t* fired);

  std::uint32_t first_non_finite(std::uint32_t begin, std::uint32_t end) const override;
  void save(ByteWriter& to) const override;
  void load(ByteReader& from) override;
  std::size_t bytes() const override;

 private:
  template <class Real>
  void store_initial(const PopulationParts& parts);
  template <class Real>
  void store_coefficients(const PopulationParts& parts);
  template <class To>
  void copy_to(std::size_t column, std::uint32_t begin, std::uint32_t end, To* to) const;
  void advance_widened(const AdvanceArgs& args) const;

  std::string name_;
  std::uint32_t size_, ports_;
  bool per_neuron_;  // coefficients are columns
  bool widens_;      // the input from single to double precision
  bool with_current_;
  Advance advance_;
  StateColumns columns_;
  std::vector<AlignedColumn<std::byte>> state_;  // [column]
  // One column of all coefficients; or one for each, of size_ numbers or of at_once equal ones.
  std::vector<AlignedColumn<std::byte>> coefficients_;
  // The same, as loops read them.
  std::vector<void*> state_of_;
  std::vector<const void*> step_of_;
  std::vector<std::uint8_t> differs_;
  AlignedColumn<std::uint8_t> fired_;
};

}  // namespace rheo

// A population that is updated by events (docs/semantics.md 13), whatever its model: the records of its neurons, which
// share their parameters, and the propagators by which they jump over ticks without arrivals.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/aligned.hpp"
#include "core/loop/simulation.hpp"
#include "neurons/state.hpp"

namespace rheo {

class EventPopulation final : public EventBlock {
 public:
  // Of a linear model.
  EventPopulation(std::string name, const PopulationParts& parts);

  const std::string& name() const override { return name_; }
  Precision precision() const override { return columns_.precision(); }
  std::uint32_t size() const override { return size_; }
  std::uint32_t ports() const override { return ports_; }
  std::optional<std::size_t> find_column(std::string_view column) const override { return columns_.find(column); }
  void read(std::size_t column, Tick now, std::span<const std::uint32_t> neurons, double* to) const override;

  void write(std::size_t column, Tick now, std::span<const std::uint32_t> neurons, const double* from) override;

  void wake(Tick now, const Piece& piece, EventPiece& events) const override;
  void visit(Tick t, const Piece& piece, void* input, NeuronId first_id, TouchedSlots& touched, EventPiece& events,
             SpikeList& spikes) override;

  void save(ByteWriter& to) const override;
  void load(ByteReader& from) override;
  void belongs_to(Tick now) override;
  std::size_t bytes() const override { return neurons_.bytes() + over_.bytes(); }

 private:
  template <class Real>
  void find_peaks(const PopulationParts& parts);
  std::vector<std::uint32_t>& choose(const Piece& piece, TouchedSlots& touched, EventPiece& events) const;
  std::byte* record(std::size_t neuron) { return neurons_.data() + neuron * functions_.record_bytes; }
  const std::byte* record(std::size_t neuron) const { return neurons_.data() + neuron * functions_.record_bytes; }
  Tick last(std::size_t neuron) const;  // the tick that the state belongs to
  void set_last(std::size_t neuron, Tick last);

  std::string name_;
  std::uint32_t size_, ports_, input_bytes_;
  const EventFunctions& functions_;
  StateColumns columns_;
  AlignedColumn<std::byte> step_, over_, peaks_;  // coefficients, as in Jumps
  Jumps jumps_;
  AlignedColumn<std::byte> neurons_;  // records
};

}  // namespace rheo

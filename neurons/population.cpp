#include "neurons/population.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace rheo {

namespace {

// Neurons of one call of the loop where parameters differ or input is converted: a column of equal numbers need not be
// longer, and stays in the first-level cache.
constexpr std::uint32_t at_once = 512;
// A row of zeros in either precision, for loops that read a current where there is none.
alignas(64) constexpr std::byte no_current[at_once * sizeof(double)]{};

template <class Real>
std::uint32_t first_non_finite_of(const Real* column, std::uint32_t begin, std::uint32_t end) {
  // Bits of the exponent, all of which are set in what is not finite. (A sum of x - x would add one after the other;
  // of whole numbers the compiler looks at many at once.)
  using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
  constexpr auto exponent = std::bit_cast<Bits>(std::numeric_limits<Real>::infinity());
  Bits broken = 0;
  for (std::uint32_t i = begin; i < end; ++i) broken |= (std::bit_cast<Bits>(column[i]) & exponent) == exponent ? 1 : 0;
  if (broken == 0) return end;
  return static_cast<std::uint32_t>(
      std::find_if(column + begin, column + end, [](Real x) { return !std::isfinite(x); }) - column);
}

}  // namespace

void collect(const std::uint8_t* fired, std::size_t n, NeuronId first, std::vector<NeuronId>& to) {
  const auto take = [&](std::size_t at, std::uint64_t eight) {
    for (; eight != 0; eight &= eight - 1)
      to.push_back(first + static_cast<NeuronId>(at + static_cast<std::size_t>(std::countr_zero(eight)) / 8));
  };
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    std::uint64_t words[8];
    std::memcpy(words, fired + i, sizeof words);
    if ((words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7]) == 0) continue;
    for (std::size_t w = 0; w < 8; ++w) take(i + 8 * w, words[w]);
  }
  for (; i < n; ++i)
    if (fired[i] != 0) to.push_back(first + static_cast<NeuronId>(i));
}

Population::Population(std::string name, const PopulationParts& parts, const AdvanceLoops& loops)
    : name_(std::move(name)),
      size_(parts.size()),
      ports_(parts.ports()),
      per_neuron_(parts.params.sets() > 1),
      widens_(parts.input_precision != parts.precision),
      with_current_(parts.with_current),
      advance_(per_neuron_     ? loops.per_neuron
               : with_current_ ? loops.uniform_with_current
                               : loops.uniform),
      columns_(parts),
      fired_(size_) {
  if (parts.precision == Precision::single_) {
    store_initial<float>(parts);
    store_coefficients<float>(parts);
  } else {
    store_initial<double>(parts);
    store_coefficients<double>(parts);
  }
  for (AlignedColumn<std::byte>& column : state_) state_of_.push_back(column.data());
  for (const AlignedColumn<std::byte>& column : coefficients_) {
    step_of_.push_back(column.data());
    differs_.push_back(column.size() == size_ * columns_.width());
  }
}

template <class Real>
void Population::store_initial(const PopulationParts& parts) {
  const Real* const initial = reinterpret_cast<const Real*>(parts.initial.data());
  for (std::size_t c = 0; c < columns_.count(); ++c) {
    state_.emplace_back(std::size_t{size_} * sizeof(Real));
    Real* const column = reinterpret_cast<Real*>(state_.back().data());
    for (std::size_t i = 0; i < size_; ++i) column[i] = initial[i * columns_.count() + c];
  }
}

template <class Real>
void Population::store_coefficients(const PopulationParts& parts) {
  using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
  using Column = AlignedColumn<std::byte>;
  const std::size_t count = parts.model.coefficients;
  const auto numbers = [](Column& column) { return reinterpret_cast<Real*>(column.data()); };
  if (!per_neuron_) {
    coefficients_.emplace_back(count * sizeof(Real));
    parts.functions().prepare(parts.params.of(0), parts.dt, coefficients_[0].data());
    return;
  }
  // Columns start as those of numbers that are all equal, and become longer with the first that differs.
  const std::size_t shared = std::min(size_, at_once) * sizeof(Real), all = size_ * sizeof(Real);
  std::vector<Real> own(count);
  for (std::uint32_t i = 0; i < size_; ++i) {
    parts.functions().prepare(parts.params.of(i), parts.dt, own.data());
    for (std::size_t c = 0; c < count; ++c) {
      if (i == 0) {
        coefficients_.emplace_back(shared);
        std::fill_n(numbers(coefficients_[c]), std::min(size_, at_once), own[c]);
      }
      Column& column = coefficients_[c];
      const Real common = *numbers(column);
      if (column.size() < all && std::bit_cast<Bits>(common) != std::bit_cast<Bits>(own[c])) {
        column = Column(all);
        std::fill_n(numbers(column), i, common);
      }
      if (column.size() == all) numbers(column)[i] = own[c];
    }
  }
}

void Population::read(std::size_t column, Tick, std::span<const std::uint32_t> neurons, double* to) const {
  const void* const values = state_[column].data();
  const bool single = precision() == Precision::single_;
  for (std::size_t i = 0; i < neurons.size(); ++i)
    to[i] = (single ? static_cast<double>(static_cast<const float*>(values)[neurons[i]])
                    : static_cast<const double*>(values)[neurons[i]]) +
            columns_.origin(column, neurons[i]);
}

void Population::write(std::size_t column, Tick, std::span<const std::uint32_t> neurons, const double* from) {
  void* const values = state_[column].data();
  for (std::size_t i = 0; i < neurons.size(); ++i) columns_.put(column, values, neurons[i], from[i], neurons[i]);
}

template <class To>
void Population::copy_to(std::size_t column, std::uint32_t begin, std::uint32_t end, To* to) const {
  const auto from = [&]<class Real>(const Real* values) {
    for (std::uint32_t i = begin; i < end; ++i) to[i - begin] = static_cast<To>(values[i]);
  };
  if (precision() == Precision::single_)
    from(reinterpret_cast<const float*>(state_[column].data()));
  else
    from(reinterpret_cast<const double*>(state_[column].data()));
  if (columns_.has_origin(column))
    for (std::uint32_t i = begin; i < end; ++i) to[i - begin] += static_cast<To>(columns_.origin(column, i));
}

void Population::copy(std::size_t column, std::uint32_t begin, std::uint32_t end, float* to) const {
  copy_to(column, begin, end, to);
}
void Population::copy(std::size_t column, std::uint32_t begin, std::uint32_t end, double* to) const {
  copy_to(column, begin, end, to);
}

std::span<const float> Population::view(std::size_t column) const {
  if (precision() == Precision::double_) return {};
  return {reinterpret_cast<const float*>(state_[column].data()), size_};
}

void Population::advance(Tick, std::uint32_t begin, std::uint32_t end, const void* input, NeuronId first_id,
                         SpikeList& spikes) {
  advance(begin, end, input, fired_.data() + begin);
  collect(fired_.data() + begin, end - begin, first_id + begin, spikes.neurons);
}

void Population::advance(std::uint32_t begin, std::uint32_t end, const void* input, std::uint8_t* fired) {
  const std::size_t width = columns_.width(), input_width = widens_ ? sizeof(float) : width;
  for (std::uint32_t at = begin; at < end;) {
    const std::uint32_t n = per_neuron_ || widens_ ? std::min(end - at, at_once) : end - begin;
    const std::byte* const row = static_cast<const std::byte*>(input) + (at - begin) * input_width;
    const std::size_t stride = end - begin;
    const void* const current = with_current_ ? row + (ports_ - 1) * stride * input_width : no_current;
    const AdvanceArgs args{state_of_.data(), step_of_.data(), differs_.data(), at, row, stride, fired + (at - begin), n,
                           current};
    if (widens_)
      advance_widened(args);
    else
      advance_(args);
    at += n;
  }
}

// args: with input in single precision, of at most at_once neurons.
void Population::advance_widened(const AdvanceArgs& args) const {
  alignas(64) double rows[most_ports * at_once];
  const float* const input = static_cast<const float*>(args.input);
  for (std::size_t p = 0; p < ports_; ++p) std::copy_n(input + p * args.stride, args.n, rows + p * at_once);
  const void* const current = with_current_ ? static_cast<const void*>(rows + (ports_ - 1) * at_once) : no_current;
  advance_({args.state, args.step, args.differs, args.first, rows, at_once, args.fired, args.n, current});
}

std::uint32_t Population::first_non_finite(std::uint32_t begin, std::uint32_t end) const {
  for (const AlignedColumn<std::byte>& column : state_) {
    const std::uint32_t found = precision() == Precision::single_
                                    ? first_non_finite_of(reinterpret_cast<const float*>(column.data()), begin, end)
                                    : first_non_finite_of(reinterpret_cast<const double*>(column.data()), begin, end);
    if (found < end) return found;
  }
  return end;
}

void Population::save(ByteWriter& to) const {
  for (std::size_t c = 0; c < state_.size(); ++c) columns_.save(c, state_[c].data(), size_, to);
}
void Population::load(ByteReader& from) {
  for (std::size_t c = 0; c < state_.size(); ++c) columns_.load(c, state_[c].data(), size_, from);
}

std::size_t Population::bytes() const {
  std::size_t sum = fired_.bytes();
  for (const auto& column : state_) sum += column.bytes();
  for (const auto& column : coefficients_) sum += column.bytes();
  return sum;
}

}  // namespace rheo

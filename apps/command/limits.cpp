#include "apps/command/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <random>
#include <tuple>
#include <type_traits>
#include <vector>

#include "core/aligned.hpp"
#include "core/isa.hpp"
#include "core/random.hpp"
#include "neurons/kernels/kernels.hpp"
#include "neurons/models/models.hpp"

namespace rheo {

namespace {

constexpr std::size_t row_length = 1000, row_count = 10'000, targets = 10'000;

// Keeps a result from being optimised away.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

std::vector<std::uint32_t> shuffled(std::size_t n, std::mt19937& random) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

// Rows of synapses: targets ascend within a row, or within a delay where there are several.
template <class Address, bool Weights>
struct Rows {
  explicit Rows(std::size_t delays, bool ring, std::size_t ring_ticks)
      : address(row_count * row_length), weight(Weights ? row_count * row_length : 0), input(targets * ring_ticks) {
    std::mt19937 random(1);
    std::vector<std::uint32_t> row(row_length);
    for (std::size_t r = 0; r < row_count; ++r) {
      for (std::uint32_t& target : row) target = static_cast<std::uint32_t>(random() % targets);
      const std::size_t run = row_length / delays;
      for (std::size_t d = 0; d < (ring ? 1 : delays); ++d)
        std::sort(row.begin() + static_cast<std::ptrdiff_t>(d * run),
                  ring ? row.end() : row.begin() + static_cast<std::ptrdiff_t>((d + 1) * run));
      for (std::size_t k = 0; k < row_length; ++k)
        address[r * row_length + k] = static_cast<Address>(row[k] + (ring ? (1 + random() % delays) * targets : 0));
    }
    for (float& w : weight) w = 0.5f;
    order = shuffled(row_count, random);
  }
  AlignedColumn<Address> address;
  AlignedColumn<float> weight, input;
  std::vector<std::uint32_t> order;
};

template <class Address, bool Weights>
void add(const Rows<Address, Weights>& rows, float* input, std::size_t begin, std::size_t count) {
  const Address* const address = rows.address.data() + begin;
  for (std::size_t k = 0; k < count; ++k) {
    if constexpr (Weights)
      input[address[k]] += rows.weight.data()[begin + k];
    else
      input[address[k]] += 0.5f;
  }
}

template <class Address, bool Weights>
void fetch(const Rows<Address, Weights>& rows, std::size_t begin, std::size_t count) {
  for (std::size_t k = 0; k < count; k += 64 / sizeof(Address)) __builtin_prefetch(rows.address.data() + begin + k);
  if constexpr (Weights)
    for (std::size_t k = 0; k < count; k += 16) __builtin_prefetch(rows.weight.data() + begin + k);
}

}  // namespace

// `make` gives each thread a loop over its own data; it is run until 0.15 s are over, and counts `units` each time.
template <class Body>
double Limits::measure(double units, const Body& make) const {
  std::vector<double> rate(threads_.count());
  threads_.for_each(rate.size(), [&](std::size_t thread) {
    auto loop = make(thread);
    loop();
    std::size_t rounds = 0;
    const auto begin = std::chrono::steady_clock::now();
    double seconds = 0;
    while (seconds < 0.15) {
      loop();
      ++rounds;
      seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    rate[thread] = units * static_cast<double>(rounds) / seconds;
  });
  return std::accumulate(rate.begin(), rate.end(), 0.0);
}

double Limits::stream() const {
  constexpr std::size_t n = std::size_t{16} << 20;
  return measure(12.0 * n, [](std::size_t) {
    return [a = AlignedColumn<float>(n), b = AlignedColumn<float>(n), c = AlignedColumn<float>(n)]() mutable {
      float *const to = a.data(), *const x = b.data(), *const y = c.data();
      for (std::size_t i = 0; i < n; ++i) to[i] = x[i] + 3.0f * y[i];
      keep(*to);
    };
  });
}

double Limits::random_update(std::size_t bytes) const {
  constexpr std::size_t updates = std::size_t{1} << 20;
  return measure(updates, [bytes](std::size_t thread) {
    return [x = AlignedColumn<float>(bytes / sizeof(float)), state = static_cast<std::uint32_t>(thread)]() mutable {
      float* const to = x.data();
      const std::uint64_t n = x.size();
      for (std::size_t i = 0; i < updates; ++i) {
        state = state * 1664525u + 1013904223u;
        to[(state * n) >> 32] += 1.0f;
      }
      keep(*to);
    };
  });
}

namespace {

template <class Use>
double with_row_type(Limits::Row row, bool wide, const Use& use) {
  switch (row) {
    case Limits::Row::u16:
      return wide ? use.template operator()<std::uint32_t, false>() : use.template operator()<std::uint16_t, false>();
    case Limits::Row::u16_f32:
      return wide ? use.template operator()<std::uint32_t, true>() : use.template operator()<std::uint16_t, true>();
    default:
      return use.template operator()<std::uint32_t, true>();
  }
}

constexpr double synapses_per_round = 1000.0 * row_length;

}  // namespace

double Limits::rows(Row row) const {
  return rows_by_slices(row, 1);
}

double Limits::rows_by_ring(Row row, std::size_t delays) const {
  return with_row_type(row, true, [&]<class Address, bool Weights>() {
    return measure(synapses_per_round, [&](std::size_t) {
      return [rows = Rows<Address, Weights>(delays, true, 64), at = std::size_t{0}]() mutable {
        for (std::size_t i = 0; i < 1000; ++i, ++at) {
          fetch(rows, rows.order[(at + 1) % row_count] * row_length, row_length);
          // Every row is emitted in a tick of its own.
          const std::size_t begin = rows.order[at % row_count] * row_length;
          const auto base = static_cast<std::uint32_t>(at % 64 * targets),
                     end = static_cast<std::uint32_t>(64 * targets);
          for (std::size_t k = begin; k < begin + row_length; ++k) {
            auto place = static_cast<std::uint32_t>(rows.address[k] + base);
            if (place >= end) place -= end;
            rows.input[place] += Weights ? rows.weight[k] : 0.5f;
          }
        }
        keep(rows.input[0]);
      };
    });
  });
}

double Limits::rows_by_slices(Row row, std::size_t delays) const {
  return with_row_type(row, false, [&]<class Address, bool Weights>() {
    return measure(synapses_per_round, [&](std::size_t) {
      return [rows = Rows<Address, Weights>(delays, false, 1), at = std::size_t{0}, delays]() mutable {
        // Slices arrive in random order of rows.
        const std::size_t run = row_length / delays;
        for (std::size_t i = 0; i < 1000 * delays; ++i, ++at) {
          const auto begin_of = [&](std::size_t k) {
            return rows.order[k % row_count] * row_length + k / row_count % delays * run;
          };
          fetch(rows, begin_of(at + (delays == 1 ? 1 : 6)), run);
          add(rows, rows.input.data(), begin_of(at), run);
        }
        keep(rows.input[0]);
      };
    });
  });
}

double Limits::neurons(std::size_t count) const {
  using Model = IafPscDelta<float>;
  static_assert(std::is_same_v<std::tuple_element_t<0, NeuronModels<float>>, Model>);
  const Advance advance = kernels(chosen_isa()).advance[0][0].uniform;
  return measure(static_cast<double>(count), [&](std::size_t) {
    return
        [V = AlignedColumn<float>(count), refractory = AlignedColumn<float>(count), input = AlignedColumn<float>(count),
         fired = AlignedColumn<std::uint8_t>(count), step = Model::prepare({}, 0.1), advance, count]() mutable {
          std::array<void*, 2> state{V.data(), refractory.data()};
          std::array<const void*, 1> steps{&step};
          advance({state.data(), steps.data(), nullptr, 0, input.data(), count, fired.data(), count, nullptr});
          keep(V[0]);
        };
  });
}

double Limits::poisson() const {
  const PoissonTable table(2.0);
  const PoissonTableView view{table.thresholds().data(), table.thresholds().size(), table.high().data(),
                              table.high().size(), table.first()};
  return measure(targets, [&](std::size_t) {
    return [row = AlignedColumn<float>(targets), weight = 0.1f, view, tick = std::uint64_t{0}]() mutable {
      PoissonArgs args{};
      args.key_lo = 1;
      args.tick = ++tick;
      args.end = targets;
      args.table = &view;
      args.keep = PoissonArgs::keep_all;
      args.weight = &weight;
      args.row = row.data();
      kernels(chosen_isa()).poisson[0](args);
    };
  });
}

double Limits::noise() const {
  return measure(targets, [&](std::size_t) {
    return [row = AlignedColumn<float>(targets), mean = 0.0f, deviation = 5.0f, tick = std::uint64_t{0}]() mutable {
      NoiseArgs args{};
      args.key_lo = 1;
      args.interval = ++tick;
      args.end = targets;
      args.mean = &mean;
      args.deviation = &deviation;
      args.row = row.data();
      args.step = 1;
      kernels(chosen_isa()).noise[0](args);
    };
  });
}

std::string Limits::table() const {
  std::string text;
  const auto line = [&](const std::string& what, double rate, double unit, const char* name) {
    text += fmt::format("{:<66} {:>8.3g} {}\n", what, rate / unit, name);
  };
  line("stream, a = b + s c", stream(), 1e9, "GB/s");
  for (const std::size_t kb : {32, 256, 1024, 4096, 20480, 65536})
    line(fmt::format("random update of a float in {} KB", kb), random_update(kb * 1024), 1e6, "M/s");
  const std::pair<Row, const char*> kinds[] = {{Row::u16, "u16 target, one weight"},
                                               {Row::u16_f32, "u16 target, f32 weight"},
                                               {Row::u32_f32, "u32 target, f32 weight"}};
  for (const auto& [row, name] : kinds) line(fmt::format("rows of 1000, {}", name), rows(row), 1e9, "G synapses/s");
  for (const std::size_t delays : {16, 46}) {
    line(fmt::format("the same, {} delays, ring, u32 place", delays), rows_by_ring(Row::u16, delays), 1e9,
         "G synapses/s");
    for (const auto& [row, name] : kinds)
      line(fmt::format("the same, {} delays, slices, {}", delays, name), rows_by_slices(row, delays), 1e9,
           "G synapses/s");
  }
  line("iaf_psc_delta, single precision, 10,000 neurons", neurons(10'000), 1e9, "G neuron ticks/s");
  line("the same, 1,000,000 neurons", neurons(1'000'000), 1e9, "G neuron ticks/s");
  line("Poisson draws of mean 2, added to a row", poisson(), 1e9, "G draws/s");
  line("normal draws, single precision, added to a row", noise(), 1e9, "G draws/s");
  return text;
}

}  // namespace rheo

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
#include "networks/delivery/dense.hpp"
#include "neurons/kernels/kernels.hpp"
#include "neurons/models/models.hpp"

namespace rheo {

namespace {

constexpr std::size_t draw_row = 10'000;  // neurons of a row of draws
// Synapses for which a loop runs before it looks at the clock.
constexpr std::size_t at_once = 1'000'000;

// Keeps a result from being optimised away.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

std::vector<std::uint32_t> shuffled(std::size_t n) {
  std::mt19937 random(1);
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

// Runs that windows cut a row into.
std::size_t runs_of_row(const Rows& rows, std::size_t window) {
  return std::clamp<std::size_t>((rows.delays + window - 1) / window, 1, rows.length);
}

// Runs of synapses that are added at once, in random order of rows.
template <class Address, bool weighted>
struct Runs {
  Runs(const Rows& rows, std::size_t window)
      : of_row(runs_of_row(rows, window)),
        length(rows.length / of_row),
        order(shuffled(rows.count)),
        address(rows.count * of_row * length),
        weight(weighted ? address.size() : 0),
        sums(rows.targets * std::min(window, rows.delays)) {
    std::mt19937 random(1);
    const double apart = static_cast<double>(sums.size()) / static_cast<double>(length);
    for (std::size_t s = 0; s < address.size(); ++s) {
      const double place = (static_cast<double>(s % length) + static_cast<double>(random()) * 0x1p-32) * apart;
      address[s] = static_cast<Address>(place);
    }
    for (float& w : weight) w = 0.5f;
  }
  // Synapses of the k-th run: those of all rows that arrive in one window, then those of the next.
  std::size_t begin(std::size_t k) const {
    return (order[k % order.size()] * of_row + k / order.size() % of_row) * length;
  }
  // Always inline: gcc takes a function that only fetches for one without effects, and drops its calls.
  [[gnu::always_inline]] void fetch(std::size_t k) const {
    const std::size_t first = begin(k);
    for (std::size_t s = first; s < first + length; s += 64 / sizeof(Address)) __builtin_prefetch(&address[s]);
    if constexpr (weighted)
      for (std::size_t s = first; s < first + length; s += 16) __builtin_prefetch(&weight[s], 1);
  }
  void add(std::size_t k) {
    const std::size_t first = begin(k);
    float* const to = sums.data();
    const Address* const at = address.data() + first;
    const float* const w = weight.data() + first;
    for (std::size_t s = 0; s < length; ++s) {
      if constexpr (weighted)
        to[at[s]] += w[s];
      else
        to[at[s]] += 0.5f;
    }
  }
  std::size_t of_row, length;  // runs; synapses of one
  std::vector<std::uint32_t> order;
  AlignedColumn<Address> address;
  AlignedColumn<float> weight, sums;
  std::size_t next = 0;
};

// Calls use(runs) with those that have the shortest addresses.
template <class Use>
double with_runs(const Rows& rows, std::size_t window, const Use& use) {
  // Where windows begin changes from spike to spike: addresses within them have all of the delay.
  const bool narrow = rows.targets * (window == 1 ? 1 : rows.delays) <= 65536;
  const auto with_address = [&]<class Address>(Address) {
    return rows.weighted ? use([=] { return Runs<Address, true>(rows, window); })
                         : use([=] { return Runs<Address, false>(rows, window); });
  };
  return narrow ? with_address(std::uint16_t{}) : with_address(std::uint32_t{});
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

double Limits::rows(const Rows& rows, std::size_t window) const {
  return with_runs(rows, window, [&](const auto& make) {
    const std::size_t length = rows.length / runs_of_row(rows, window), n = std::max<std::size_t>(1, at_once / length);
    // Runs are fetched while several others are added.
    const std::size_t ahead = 1 + 4096 / length;
    return measure(static_cast<double>(n * length), [&](std::size_t) {
      return [runs = make(), n, ahead]() mutable {
        for (const std::size_t end = runs.next + n; runs.next < end; ++runs.next) {
          runs.fetch(runs.next + ahead);
          runs.add(runs.next);
        }
        keep(runs.sums[0]);
      };
    });
  });
}

double Limits::best_rows(const Rows& all) const {
  double best = 0;
  for (std::size_t lanes = 1; lanes <= 4; lanes *= 2) {
    Rows rows = all;
    rows.targets = std::max<std::size_t>(1, all.targets / lanes);
    rows.length = std::max<std::size_t>(1, all.length / lanes);
    rows.count = all.count * lanes;  // as many synapses are cycled through
    for (std::size_t window = 1; window < 2 * all.delays; window *= 4) best = std::max(best, this->rows(rows, window));
  }
  return best;
}

double Limits::dense_rows(const Rows& rows) const {
  const DenseKernels<float>& kernels = dense_kernels(chosen_isa(), float{});
  const std::size_t width = (rows.targets + 15) / 16 * 16, n = dense_rows_at_once * 16;
  return measure(static_cast<double>(n * rows.length), [&](std::size_t) {
    return [&kernels, &rows, width, n, sums = AlignedColumn<float>(width), order = shuffled(rows.count),
            weights = AlignedColumn<float>(rows.weighted ? rows.count * width : 0),
            bits = AlignedColumn<std::uint16_t>(rows.weighted ? 0 : rows.count * width / 16),
            next = std::size_t{0}]() mutable {
      for (const std::size_t end = next + n; next < end; next += dense_rows_at_once) {
        std::array<const float*, dense_rows_at_once> weighted;
        std::array<const std::uint16_t*, dense_rows_at_once> bare;
        for (std::size_t k = 0; k < dense_rows_at_once; ++k) {
          const std::size_t row = order[(next + k) % order.size()];
          weighted[k] = weights.data() + (rows.weighted ? row * width : 0);
          bare[k] = bits.data() + (rows.weighted ? 0 : row * width / 16);
        }
        if (rows.weighted)
          kernels.add_weights(sums.data(), weighted.data(), dense_rows_at_once, width);
        else
          kernels.add_bits(sums.data(), bare.data(), dense_rows_at_once, width, 0.5f);
      }
      keep(sums[0]);
    };
  });
}

double Limits::plastic_rows(const Rows& all) const {
  Rows rows = all;
  rows.weighted = true;
  rows.delays = 1;  // those of a slice have one
  return with_runs(rows, 1, [&](const auto& make) {
    const std::size_t n = std::max<std::size_t>(1, at_once / rows.length);
    return measure(static_cast<double>(n * rows.length), [&](std::size_t) {
      return [runs = make(), n, other = AlignedColumn<float>((rows.columns - 1) * rows.count * rows.length),
              columns = rows.columns]() mutable {
        for (const std::size_t end = runs.next + n; runs.next < end; ++runs.next) {
          runs.fetch(runs.next + 1);
          runs.add(runs.next);
          const std::size_t first = runs.begin(runs.next);
          for (std::size_t c = 0; c < columns; ++c) {
            float* const x = (c == 0 ? runs.weight.data() : other.data() + (c - 1) * runs.weight.size()) + first;
            for (std::size_t s = 0; s < runs.length; ++s) x[s] = std::min(x[s] * 0.999f + 0.001f, 1.0f);
          }
        }
        keep(runs.sums[0]);
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
  return measure(draw_row, [&](std::size_t) {
    return [row = AlignedColumn<float>(draw_row), weight = 0.1f, view, tick = std::uint64_t{0}]() mutable {
      PoissonArgs args{};
      args.key_lo = 1;
      args.tick = ++tick;
      args.end = draw_row;
      args.table = &view;
      args.keep = PoissonArgs::keep_all;
      args.weight = &weight;
      args.row = row.data();
      kernels(chosen_isa()).poisson[0](args);
    };
  });
}

double Limits::noise() const {
  return measure(draw_row, [&](std::size_t) {
    return [row = AlignedColumn<float>(draw_row), mean = 0.0f, deviation = 5.0f, tick = std::uint64_t{0}]() mutable {
      NoiseArgs args{};
      args.key_lo = 1;
      args.interval = ++tick;
      args.end = draw_row;
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
  for (const bool weighted : {false, true}) {
    const char* const weights = weighted ? "weights" : "one weight";
    line(fmt::format("rows of 1000 onto 10,000, {}", weights), rows({.weighted = weighted}, 1), 1e9, "G synapses/s");
    for (const std::size_t window : {1, 4, 16, 64})
      line(fmt::format("the same, 46 delays, windows of {} tick{}", window, window == 1 ? "" : "s"),
           rows({.weighted = weighted, .delays = 46}, window), 1e9, "G synapses/s");
    line(fmt::format("rows without addresses, 1000 of 1000, {}", weights),
         dense_rows({.weighted = weighted, .targets = 1000, .count = 1000}), 1e9, "G synapses/s");
  }
  for (const std::size_t columns : {1, 2})
    line(fmt::format("plastic rows of 1000 onto 10,000, {} column{}", columns, columns == 1 ? "" : "s"),
         plastic_rows({.columns = columns}), 1e9, "G synapses/s");
  line("iaf_psc_delta, single precision, 10,000 neurons", neurons(10'000), 1e9, "G neuron ticks/s");
  line("the same, 1,000,000 neurons", neurons(1'000'000), 1e9, "G neuron ticks/s");
  line("Poisson draws of mean 2, added to a row", poisson(), 1e9, "G draws/s");
  line("normal draws, single precision, added to a row", noise(), 1e9, "G draws/s");
  return text;
}

}  // namespace rheo

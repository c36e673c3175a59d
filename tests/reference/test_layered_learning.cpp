// Learning in layers against plain loops in double precision without delays: every layer sees the spikes of the same
// step, errors come back at once.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "apps/continual/glyphs.hpp"
#include "core/random.hpp"
#include "networks/layers/layered_learning.hpp"

namespace test_layered_learning {

namespace {

using Numbers = std::vector<double>;
using Rows = std::vector<Numbers>;

constexpr std::size_t steps = 6, batch_size = 16;
constexpr double rate = 0.1, slope = 4;
const std::vector<std::size_t> sizes{100, 40, 30, 10};

// y_i += scale * sum_j w_ij x_j
Numbers product(const Rows& w, const Numbers& x) {
  Numbers y(w.size());
  for (std::size_t i = 0; i < w.size(); ++i) y[i] = std::inner_product(x.begin(), x.end(), w[i].begin(), 0.0);
  return y;
}
Numbers product_back(const Rows& w, const Numbers& y) {
  Numbers x(w.empty() ? 0 : w[0].size());
  for (std::size_t i = 0; i < w.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j) x[j] += w[i][j] * y[i];
  return x;
}

// Lateral neurons of one projection.
struct Lateral {
  double rate = 0.01;
  Rows frozen, learns, momentum;

  Numbers project(const Numbers& x) const {
    Numbers left = x;
    const Numbers back = product_back(frozen, product(frozen, x));
    for (std::size_t i = 0; i < back.size(); ++i) left[i] -= back[i];
    return left;
  }
  // x: all samples of the batch.
  void learn(const Rows& x) {
    for (int iteration = 0; iteration < 5; ++iteration) {
      Rows change(learns.size(), Numbers(x[0].size()));
      for (const Numbers& sample : x) {
        const Numbers y = product(learns, sample);
        Numbers residual = project(sample);
        const Numbers back = product_back(learns, y);
        for (std::size_t i = 0; i < back.size(); ++i) residual[i] -= back[i];
        for (std::size_t r = 0; r < learns.size(); ++r)
          for (std::size_t i = 0; i < residual.size(); ++i)
            change[r][i] += y[r] * residual[i] / static_cast<double>(x.size());
      }
      for (std::size_t r = 0; r < learns.size(); ++r)
        for (std::size_t i = 0; i < change[r].size(); ++i) {
          momentum[r][i] = 0.9 * momentum[r][i] + 0.1 * std::clamp(change[r][i], -10.0, 10.0);
          learns[r][i] += rate * momentum[r][i];
        }
    }
  }
};

struct Reference {
  std::vector<Rows> w;  // [projection][target][source]
  std::vector<Lateral> lateral;

  // One mini-batch; returns the mean loss.
  double learn(const Rows& samples, const std::vector<std::uint8_t>& labels) {
    const std::size_t layers = w.size() - 1;
    std::vector<Rows> change(w.size()), seen(w.size());
    for (std::size_t p = 0; p < w.size(); ++p) change[p].assign(w[p].size(), Numbers(w[p][0].size()));
    double loss = 0;
    for (std::size_t n = 0; n < samples.size(); ++n) {
      std::vector<Numbers> V(layers), trace(layers);
      for (std::size_t l = 0; l < layers; ++l) V[l].assign(sizes[l + 1], 0), trace[l].assign(sizes[l + 1], 0);
      seen[0].push_back(samples[n]);
      for (std::size_t step = 0; step < steps; ++step) {
        Numbers x = samples[n];
        std::vector<Numbers> post(layers);
        for (std::size_t l = 0; l < layers; ++l) {
          const Numbers I = product(w[l], x);
          x.assign(I.size(), 0);
          for (std::size_t i = 0; i < I.size(); ++i) {
            V[l][i] = 0.5 * V[l][i] + I[i];
            const double s = 1 / (1 + std::exp(-slope * (V[l][i] - 1)));
            post[l].push_back(slope * s * (1 - s));
            if (V[l][i] >= 1) {
              x[i] = 1;
              V[l][i] -= 1;
            }
            trace[l][i] = 0.5 * trace[l][i] + x[i];
          }
          seen[l + 1].push_back(trace[l]);
        }
        Numbers error = product(w[layers], x);
        const double most = *std::max_element(error.begin(), error.end());
        double sum = 0;
        for (double& o : error) sum += o = std::exp(o - most);
        loss -= std::log(error[labels[n]] / sum);
        for (double& o : error) o /= sum * static_cast<double>(steps);
        error[labels[n]] -= 1.0 / static_cast<double>(steps);
        for (std::size_t p = w.size(); p-- > 0;) {
          const Numbers factor = lateral[p].project(p == 0 ? samples[n] : trace[p - 1]);
          for (std::size_t i = 0; i < error.size(); ++i)
            for (std::size_t j = 0; j < factor.size(); ++j) change[p][i][j] += error[i] * factor[j];
          if (p == 0) break;
          error = product_back(w[p], error);
          for (std::size_t i = 0; i < error.size(); ++i) error[i] *= post[p - 1][i];
        }
      }
    }
    for (std::size_t p = 0; p < w.size(); ++p) {
      for (std::size_t i = 0; i < w[p].size(); ++i)
        for (std::size_t j = 0; j < w[p][i].size(); ++j)
          w[p][i][j] -= rate / static_cast<double>(samples.size()) * change[p][i][j];
      if (!lateral[p].learns.empty()) lateral[p].learn(seen[p]);
    }
    return loss / static_cast<double>(samples.size() * steps);
  }
};

}  // namespace

TEST_CASE("learning in layers is that of plain loops without delays") {
  rheo::NetworkSpec spec;
  spec.dt = 1;
  spec.seed = 11;
  for (const auto& [name, size] : {std::pair{"first", sizes[1]}, std::pair{"second", sizes[2]}}) {
    rheo::PopulationSpec population;
    population.name = name;
    population.model = "lif_discrete";
    population.size = static_cast<std::uint32_t>(size);
    spec.populations.push_back(population);
  }
  rheo::LayeredSpec layers;
  layers.layers = {"first", "second"};
  layers.inputs = sizes[0];
  layers.outputs = sizes[3];
  layers.batch = batch_size;
  rheo::LayeredNetwork network(spec, layers, rheo::Threads(2));
  rheo::LayeredLearning learning(network, {.learning_rate = rate}, 1);
  learning.add_lateral(std::vector<rheo::LateralSubspace::Settings>(3));

  Reference reference;
  const auto rows = [](std::span<const float> values, std::size_t from, std::size_t to, std::size_t columns) {
    Rows made;
    for (std::size_t r = from; r < to; ++r)
      made.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(r * columns),
                        values.begin() + static_cast<std::ptrdiff_t>((r + 1) * columns));
    return made;
  };
  for (std::size_t p = 0; p < 3; ++p) {
    const auto weights = std::as_const(network).weights(p);
    auto& w = reference.w.emplace_back(network.targets(p), Numbers(network.sources(p)));
    for (std::size_t j = 0; j < network.sources(p); ++j)
      for (std::size_t i = 0; i < network.targets(p); ++i)
        w[i][j] = static_cast<double>(weights[j * network.targets(p) + i]);
  }
  reference.lateral.resize(3);

  const rheo::LabelledImages images = rheo::draw_glyphs(100 * batch_size, 10, 5);
  std::vector<float> samples(batch_size * sizes[0]);
  double first_loss = 0, last_loss = 0;
  for (std::size_t batch = 0; batch < 100; ++batch) {
    // Two tasks: in the second one pixels stand the other way round and what the first one learnt is projected out.
    if (batch == 0 || batch == 50) {
      for (std::size_t p = 0; p < 3; ++p) {
        rheo::LateralSubspace& lateral = learning.lateral()[p];
        lateral.append(8, 3, "reference");
        const std::size_t n = network.sources(p);
        Lateral& plain = reference.lateral[p];
        plain.frozen.insert(plain.frozen.end(), plain.learns.begin(), plain.learns.end());
        plain.learns = rows(lateral.H(), lateral.frozen(), lateral.rows(), n);
        plain.momentum.assign(8, Numbers(n));
      }
    }
    Rows plain_samples;
    std::vector<std::uint8_t> labels;
    for (std::size_t i = 0; i < batch_size; ++i) {
      const std::uint8_t* const pixels = images.pixels.data() + (batch * batch_size + i) * sizes[0];
      Numbers& sample = plain_samples.emplace_back();
      for (std::size_t k = 0; k < sizes[0]; ++k) {
        const std::size_t pixel = batch < 50 ? k : sizes[0] - 1 - k;
        samples[i * sizes[0] + k] = (static_cast<float>(pixels[pixel]) / 255.0f - 0.2f) / 0.4f;
        sample.push_back(static_cast<double>(samples[i * sizes[0] + k]));
      }
      labels.push_back(images.labels[batch * batch_size + i]);
    }
    network.present(samples, batch_size, true);
    const double loss = learning.learn(samples, labels, std::vector<std::uint8_t>(10, 1));
    const double wanted = reference.learn(plain_samples, labels);
    CHECK(loss == Approx(wanted).margin(1e-3));
    if (batch == 0) first_loss = loss;
    last_loss = loss;
  }
  CHECK(last_loss < first_loss);
  double error = 0, change = 0;
  for (std::size_t p = 0; p < 3; ++p) {
    const auto weights = std::as_const(network).weights(p);
    for (std::size_t j = 0; j < network.sources(p); ++j)
      for (std::size_t i = 0; i < network.targets(p); ++i)
        error =
            std::max(error, std::abs(static_cast<double>(weights[j * network.targets(p) + i]) - reference.w[p][i][j]));
    const Rows H = rows(learning.lateral()[p].H(), 8, 16, network.sources(p));
    for (std::size_t r = 0; r < 8; ++r)
      for (std::size_t j = 0; j < H[r].size(); ++j)
        change = std::max(change, std::abs(H[r][j] - reference.lateral[p].learns[r][j]));
  }
  WARN("largest difference after 100 mini-batches: weights " << error << ", lateral weights " << change);
  CHECK(error < 1e-4);
  CHECK(change < 1e-4);
}

}  // namespace test_layered_learning

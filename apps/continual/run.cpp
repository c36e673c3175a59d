#include "apps/continual/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "apps/continual/glyphs.hpp"
#include "apps/continual/subspaces.hpp"
#include "core/random.hpp"
#include "core/stopwatch.hpp"
#include "io/files/recording.hpp"
#include "io/record/checkpoint.hpp"
#include "io/record/spike_recorder.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;
using Method = ContinualTask::Method;
using Protocol = ContinualTask::Protocol;

constexpr std::string_view format = "rheobase continual";
constexpr std::uint32_t format_version = 2;  // 2: products are sums of fused multiply-adds

// `items` in an order that is a function of (seed, what, index).
template <class T>
void shuffle(std::vector<T>& items, std::uint64_t seed, const char* what, std::size_t index) {
  RandomStream stream(random_key(seed, "continual", what), static_cast<std::uint32_t>(index));
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[stream.below(static_cast<std::uint32_t>(i))]);
}

template <class T>
std::vector<T> ascending(std::size_t n) {
  std::vector<T> all(n);
  std::iota(all.begin(), all.end(), T(0));
  return all;
}

// What a task makes of the images.
struct View {
  std::vector<std::uint32_t> pixels;         // [pixel of the sample]: pixel of the image
  std::vector<std::uint8_t> label_of;        // [class of the image]: what is to be answered
  std::vector<std::uint32_t> train, test;    // images
  std::vector<std::uint8_t> trained, asked;  // [class]: whether it counts while training, in a test right after
};

std::vector<View> views_of(const ContinualTask& task, const ImageSets& images, std::uint64_t seed) {
  std::vector<View> views(task.tasks);
  for (std::size_t k = 0; k < task.tasks; ++k) {
    View& view = views[k];
    view.pixels = ascending<std::uint32_t>(images.train.image_size());
    view.label_of = ascending<std::uint8_t>(images.classes);
    view.trained.assign(images.classes, 1);
    view.asked.assign(images.classes, 1);
    if (task.protocol == Protocol::permuted && k > 0) shuffle(view.pixels, seed, "pixels", k);
    if (task.protocol == Protocol::shift && k > 0) shuffle(view.label_of, seed, "labels", k);
    std::vector<std::uint8_t> shown(images.classes, 1);
    if (task.protocol == Protocol::split) {
      // Classes in turn, as evenly as they go.
      const std::size_t first = k * images.classes / task.tasks, end = (k + 1) * images.classes / task.tasks;
      for (std::size_t c = 0; c < images.classes; ++c) {
        shown[c] = c >= first && c < end;
        view.trained[c] = view.asked[c] = task.scenario == ContinualTask::Scenario::task ? shown[c] : c < end;
      }
    }
    for (std::uint32_t i = 0; i < images.train.size(); ++i)
      if (shown[images.train.labels[i]] != 0) view.train.push_back(i);
    for (std::uint32_t i = 0; i < images.test.size(); ++i)
      if (shown[images.test.labels[i]] != 0) view.test.push_back(i);
  }
  return views;
}

LayeredSpec layered(const ContinualTask& task, const ImageSets& images) {
  LayeredSpec spec = task.network;
  spec.inputs = images.train.image_size();
  spec.outputs = images.classes;
  return spec;
}

const std::string& name_of_projection(const ContinualTask& task, std::size_t p) {
  static const std::string output = "output";
  return p < task.network.layers.size() ? task.network.layers[p] : output;
}

class Run {
 public:
  Run(const ContinualExperiment& work, const ImageSets& images, Method method, std::uint64_t seed,
      const Threads& threads, const fs::path& file)
      : task_(work.task),
        images_(images),
        identity_(work.identity),
        seed_(seed),
        file_(file),
        views_(views_of(work.task, images, seed)),
        network_(seeded(work.experiment.network, seed), layered(work.task, images), threads),
        learning_(network_, work.task.learning, seed) {
    result_.method = method;
    result_.seed = seed;
    if (method == Method::hlop) learning_.add_lateral(task_.lateral.settings);
    for (std::size_t byte = 0; byte < shade_.size(); ++byte)
      shade_[byte] = static_cast<float>((static_cast<double>(byte) / 255 - task_.data.mean) / task_.data.deviation);
    samples_.resize(task_.network.batch * images.train.image_size());
    labels_.resize(task_.network.batch);
    all_.assign(images.classes, 1);
  }

  // False where it was stopped; what was done is kept then.
  bool operator()(double keep_every, const std::function<bool()>& stop,
                  const std::function<void(const ContinualProgress&)>& show) {
    bool done = false;
    network_.product().threads().enter([&] { done = work(keep_every, stop, show); });
    return done;
  }

  const ContinualResult& result() const { return result_; }
  bool finished() const { return stage_ == stages(); }

  // Goes on with what the file keeps, if it is there and of this run. Throws RecordingError where it is damaged.
  void go_on() {
    if (!fs::exists(file_)) return;
    recording_step(file_, [&] {
      const h5::File from = h5::File::open(file_.string());
      if (from.text_attribute("format") != format) from.fail("keeps no run of this command");
      const auto version = from.numbers_attribute<std::uint32_t>("version");
      const auto identity = from.numbers_attribute<std::uint64_t>("identity");
      if (!version || version->front() != format_version || !identity || identity->front() != identity_) return;
      const std::vector<std::byte> state = get_checked(from, "state");
      ByteReader reader(state);
      load(reader);
    });
  }

  // Presents test images of the last task one after the other.
  void record(const fs::path& directory, double dt) {
    const LayeredSpec& spec = network_.spec();
    std::vector<PopulationInfo> populations;
    std::vector<Selection> recorded;
    NeuronId first = 0;
    for (std::size_t l = 0; l < network_.layers(); ++l) {
      const auto size = static_cast<std::uint32_t>(network_.size(l));
      populations.push_back({spec.layers[l], first, size});
      recorded.push_back({.population = spec.layers[l], .end = std::nullopt});
      first += size;
    }
    SpikeRecorder recorder(directory, populations, recorded, dt, {.discard_unfinished = true});
    const View& view = views_.back();
    const Tick length = spec.steps + network_.layers();
    for (std::size_t begin = 0; begin < std::min(task_.recorded, view.test.size()); begin += spec.batch) {
      const std::size_t count = std::min<std::size_t>(spec.batch, std::min(task_.recorded, view.test.size()) - begin);
      for (std::size_t i = 0; i < count; ++i) fill(i, views_.size() - 1, images_.test, view.test[begin + i]);
      network_.present(samples(count), count, false);
      for (std::size_t sample = 0; sample < count; ++sample) {
        SpikeBatch batch;
        batch.first = static_cast<Tick>(begin + sample) * length + 1;
        batch.tick_begin.push_back(0);
        for (Tick tick = 1; tick <= length; ++tick) {
          for (std::size_t l = 0; l < network_.layers(); ++l) {
            const Tick step = tick - 1 - static_cast<Tick>(l);
            if (step < 0 || step >= static_cast<Tick>(spec.steps)) continue;
            const GroupedOnes spikes = network_.spikes(l);
            for (std::size_t e = 0; e < spikes.entries[sample]; ++e)
              if (spikes.has(sample, e, static_cast<std::size_t>(step)))
                batch.neurons.push_back(populations[l].first + spikes.columns[sample * spikes.stride + e]);
          }
          batch.tick_begin.push_back(static_cast<std::uint32_t>(batch.neurons.size()));
        }
        recorder.take(batch);
      }
    }
    recorder.finish();
  }

 private:
  struct Item {
    std::uint32_t view, image;
  };
  struct Window {
    std::uint64_t batches = 0, images = 0, right = 0, rows = 0;
    double loss = 0;
    std::vector<std::uint64_t> spikes;
  };

  bool work(double keep_every, const std::function<bool()>& stop,
            const std::function<void(const ContinualProgress&)>& show) {
    const Stopwatch watch;
    Stopwatch kept;
    ContinualProgress progress{.tasks = stages(), .all_images = all_images(), .images_before = result_.images_trained};
    const auto tell = [&](bool testing) {
      progress.task = stage_;
      progress.images = result_.images_trained;
      progress.seconds = watch.seconds();
      progress.testing = testing;
      show(progress);
    };
    while (stage_ < stages()) {
      if (!begun_) begin_stage();
      for (; epoch_ < task_.epochs; ++epoch_, batch_ = 0) {
        const std::vector<Item> items = items_of(stage_, epoch_);
        const std::size_t batches = batches_of(items.size());
        while (batch_ < batches) {
          train(items);
          ++batch_;
          tell(false);
          const bool stopped = stop();
          if (!stopped && kept.seconds() < keep_every) continue;
          keep();
          kept = Stopwatch();
          if (stopped) return false;
        }
      }
      end_window();
      tell(true);
      end_stage();
      keep();
      kept = Stopwatch();
      if (stage_ < stages() && stop()) return false;
    }
    return true;
  }

  static NetworkSpec seeded(NetworkSpec network, std::uint64_t seed) {
    network.seed = seed;
    return network;
  }
  bool joint() const { return result_.method == Method::joint; }
  std::size_t stages() const { return joint() ? 1 : views_.size(); }
  std::size_t batches_of(std::size_t images) const {
    const std::size_t all = (images + task_.network.batch - 1) / task_.network.batch;
    return task_.batches == 0 ? all : std::min(all, task_.batches * (joint() ? views_.size() : 1));
  }
  double all_images() const {
    double sum = 0;
    std::size_t together = 0;
    for (const View& view : views_) {
      together += view.train.size();
      if (!joint())
        sum += static_cast<double>(std::min(view.train.size(), batches_of(view.train.size()) * task_.network.batch));
    }
    if (joint()) sum = static_cast<double>(std::min(together, batches_of(together) * task_.network.batch));
    return sum * static_cast<double>(task_.epochs);
  }

  std::vector<Item> items_of(std::size_t stage, std::size_t epoch) const {
    std::vector<Item> items;
    for (std::uint32_t v = 0; v < views_.size(); ++v) {
      if (!joint() && v != stage) continue;
      for (const std::uint32_t image : views_[v].train) items.push_back({v, image});
    }
    shuffle(items, seed_, "order", stage * task_.epochs + epoch);
    return items;
  }

  void fill(std::size_t i, std::size_t view, const LabelledImages& from, std::uint32_t image) {
    const std::uint8_t* const pixels = from.pixels.data() + image * from.image_size();
    const std::vector<std::uint32_t>& order = views_[view].pixels;
    float* const to = samples_.data() + i * order.size();
    for (std::size_t p = 0; p < order.size(); ++p) to[p] = shade_[pixels[order[p]]];
    labels_[i] = views_[view].label_of[from.labels[image]];
  }
  std::span<const float> samples(std::size_t count) const {
    return {samples_.data(), count * images_.train.image_size()};
  }
  std::span<const std::uint8_t> labels(std::size_t count) const { return {labels_.data(), count}; }

  void begin_stage() {
    begun_ = true;
    if (learning_.lateral().empty()) return;
    const auto& rows = task_.lateral.rows[std::min(stage_, task_.lateral.rows.size() - 1)];
    for (std::size_t p = 0; p < network_.projections(); ++p)
      learning_.lateral()[p].append(rows[p], seed_, name_of_projection(task_, p));
  }

  void train(const std::vector<Item>& items) {
    const Stopwatch watch;
    const std::size_t first = batch_ * task_.network.batch;
    const std::size_t count = std::min<std::size_t>(task_.network.batch, items.size() - first);
    for (std::size_t i = 0; i < count; ++i) fill(i, items[first + i].view, images_.train, items[first + i].image);
    network_.present(samples(count), count, true);
    // Joint training is the bound: it tells apart what the last test does.
    const View& view = views_[joint() ? views_.size() - 1 : stage_];
    const std::vector<std::uint8_t>& counts =
        joint() && task_.scenario == ContinualTask::Scenario::task && task_.protocol == Protocol::split ? all_
                                                                                                        : view.trained;
    window_.right += right_answers(network_, labels(count), counts);
    const double projecting = learning_.projecting(), adapting = learning_.adapting();
    window_.loss += learning_.learn(samples(count), labels(count), counts) * static_cast<double>(count);
    result_.project_seconds += learning_.projecting() - projecting;
    result_.adapt_seconds += learning_.adapting() - adapting;
    window_.spikes.resize(network_.layers());
    for (std::size_t l = 0; l < network_.layers(); ++l) window_.spikes[l] += network_.spike_count(l);
    window_.rows += network_.rows();
    window_.images += count;
    result_.images_trained += static_cast<double>(count);
    result_.train_seconds += watch.seconds();
    if (++window_.batches == task_.window) end_window();
  }

  void end_window() {
    if (window_.batches == 0) return;
    const auto images = static_cast<double>(window_.images);
    result_.seen.push_back(result_.images_trained);
    result_.loss.push_back(window_.loss / images);
    result_.online.push_back(100 * static_cast<double>(window_.right) / images);
    result_.rates.clear();
    for (std::size_t l = 0; l < network_.layers(); ++l)
      result_.rates.push_back(static_cast<double>(window_.spikes[l]) /
                              static_cast<double>(window_.rows * network_.size(l)));
    window_ = {};
  }

  void end_stage() {
    learning_.check();
    const Stopwatch watch;
    const std::size_t last = joint() ? views_.size() - 1 : stage_;
    std::vector<double>& row = result_.accuracy.emplace_back();
    for (std::size_t v = 0; v <= last; ++v) row.push_back(accuracy(v, last));
    result_.test_seconds += watch.seconds();
    if (!learning_.lateral().empty()) {
      if (task_.subspace_samples > 0) measure_subspaces();
      for (LateralSubspace& lateral : learning_.lateral()) lateral.merge();
    }
    result_.bytes = static_cast<double>(network_.bytes());
    for (const LateralSubspace& lateral : learning_.lateral())
      result_.bytes += static_cast<double>(lateral.H().size_bytes() + lateral.momentum().size_bytes());
    ++stage_;
    epoch_ = 0;
    begun_ = false;
  }

  // Of test images, %.
  double accuracy(std::size_t v, std::size_t last) {
    const View& view = views_[v];
    const bool seen_so_far = task_.scenario == ContinualTask::Scenario::classes;
    const std::vector<std::uint8_t>& counts = seen_so_far ? views_[last].asked : view.asked;
    std::uint64_t right = 0;
    for (std::size_t first = 0; first < view.test.size(); first += task_.network.batch) {
      const std::size_t count = std::min<std::size_t>(task_.network.batch, view.test.size() - first);
      for (std::size_t i = 0; i < count; ++i) fill(i, v, images_.test, view.test[first + i]);
      network_.present(samples(count), count, false);
      right += right_answers(network_, labels(count), counts);
    }
    result_.images_tested += static_cast<double>(view.test.size());
    return view.test.empty() ? 0 : 100 * static_cast<double>(right) / static_cast<double>(view.test.size());
  }

  void measure_subspaces() {
    std::vector<TraceCovariance> covariances;
    for (const LateralSubspace& lateral : learning_.lateral()) covariances.emplace_back(lateral);
    const View& view = views_[stage_];
    const std::size_t samples_of_task = std::min(task_.subspace_samples, view.train.size());
    for (std::size_t first = 0; first < samples_of_task; first += task_.network.batch) {
      const std::size_t count = std::min<std::size_t>(task_.network.batch, samples_of_task - first);
      for (std::size_t i = 0; i < count; ++i) fill(i, stage_, images_.train, view.train[first + i]);
      network_.present(samples(count), count, true);
      for (std::size_t p = 0; p < covariances.size(); ++p)
        covariances[p].add(p == 0 ? samples(count) : network_.traces(p - 1));
    }
    for (std::size_t p = 0; p < covariances.size(); ++p) {
      SubspaceMeasure measure = covariances[p].compare(seed_);
      if (measure.rows == 0) continue;
      measure.task = static_cast<std::uint32_t>(stage_);
      measure.projection = static_cast<std::uint32_t>(p);
      result_.subspaces.push_back(measure);
    }
  }

  void keep() {
    ByteWriter writer;
    save(writer);
    const std::vector<std::byte> state = writer.take();
    recording_step(file_, [&] {
      write_durably(file_, h5::File::Layout::live, [&](h5::File& to) {
        to.set_text("format", format);
        to.set_number<std::uint32_t>("version", format_version);
        to.set_number<std::uint64_t>("identity", identity_);
        to.set_text("method", name_of(result_.method));
        to.set_number<std::uint64_t>("seed", seed_);
        to.set_number<std::uint8_t>("finished", finished() ? 1 : 0);
        put_checked(to, "state", state);
        if (!finished()) return;
        // For those who go on with the network elsewhere.
        const auto matrix = [](h5::Group& group, const std::string& name, std::size_t rows, std::size_t columns,
                               std::span<const float> values) {
          const std::array<std::uint64_t, 2> shape{rows, columns};
          h5::Dataset made = group.create_dataset<float>(name, shape);
          if (!values.empty()) made.write<float>(0, values);
        };
        h5::Group weights = to.create_group("weights"), lateral = to.create_group("lateral");
        for (std::size_t p = 0; p < network_.projections(); ++p) {
          const std::string& name = name_of_projection(task_, p);
          matrix(weights, name, network_.sources(p), network_.targets(p), std::as_const(network_).weights(p));
          if (learning_.lateral().empty()) continue;
          const LateralSubspace& H = learning_.lateral()[p];
          matrix(lateral, name, H.rows(), H.inputs(), H.H());
        }
      });
    });
  }

  void save(ByteWriter& to) const {
    const std::array<std::uint64_t, 4> place{stage_, epoch_, batch_, begun_};
    to.put("place", std::span<const std::uint64_t>(place));
    const std::array<std::uint64_t, 4> window{window_.batches, window_.images, window_.right, window_.rows};
    to.put("window", std::span<const std::uint64_t>(window));
    to.put("window loss", window_.loss);
    to.put("window spikes", std::span<const std::uint64_t>(window_.spikes));
    std::vector<double> flat;
    std::vector<std::uint64_t> sizes;
    for (const std::vector<double>& row : result_.accuracy) {
      flat.insert(flat.end(), row.begin(), row.end());
      sizes.push_back(row.size());
    }
    const auto numbers = [&](const char* name, const std::vector<double>& all) {
      to.put(name, std::span<const double>(all));
    };
    to.put("rows", std::span<const std::uint64_t>(sizes));
    numbers("accuracy", flat);
    numbers("seen", result_.seen);
    numbers("loss", result_.loss);
    numbers("online", result_.online);
    numbers("rates", result_.rates);
    to.put("subspaces", std::span<const SubspaceMeasure>(result_.subspaces));
    numbers("sums", {result_.train_seconds, result_.test_seconds, result_.project_seconds, result_.adapt_seconds,
                     result_.images_trained, result_.images_tested, result_.bytes});
    network_.save(to);
    learning_.save(to);
  }

  void load(ByteReader& from) {
    std::array<std::uint64_t, 4> place{}, window{};
    from.get("place", std::span<std::uint64_t>(place));
    stage_ = place[0];
    epoch_ = place[1];
    batch_ = place[2];
    begun_ = place[3] != 0;
    from.get("window", std::span<std::uint64_t>(window));
    window_.batches = window[0];
    window_.images = window[1];
    window_.right = window[2];
    window_.rows = window[3];
    window_.loss = from.get<double>("window loss");
    window_.spikes = from.get_all<std::uint64_t>("window spikes");
    const std::vector<std::uint64_t> sizes = from.get_all<std::uint64_t>("rows");
    const std::vector<double> flat = from.get_all<double>("accuracy");
    std::size_t at = 0;
    for (const std::uint64_t size : sizes) {
      if (size > flat.size() - at) break;
      result_.accuracy.emplace_back(flat.begin() + static_cast<std::ptrdiff_t>(at),
                                    flat.begin() + static_cast<std::ptrdiff_t>(at + size));
      at += size;
    }
    result_.seen = from.get_all<double>("seen");
    result_.loss = from.get_all<double>("loss");
    result_.online = from.get_all<double>("online");
    result_.rates = from.get_all<double>("rates");
    result_.subspaces = from.get_all<SubspaceMeasure>("subspaces");
    std::array<double, 7> sums{};
    from.get("sums", std::span<double>(sums));
    std::tie(result_.train_seconds, result_.test_seconds, result_.project_seconds, result_.adapt_seconds,
             result_.images_trained, result_.images_tested, result_.bytes) =
        std::tuple(sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6]);
    network_.load(from);
    learning_.load(from);
  }

  const ContinualTask& task_;
  const ImageSets& images_;
  std::uint64_t identity_, seed_;
  fs::path file_;
  std::vector<View> views_;
  LayeredNetwork network_;
  LayeredLearning learning_;
  ContinualResult result_;
  std::size_t stage_ = 0, epoch_ = 0, batch_ = 0;  // where it stands: the next batch
  bool begun_ = false;                             // lateral neurons of the stage are there
  Window window_;
  std::array<float, 256> shade_{};
  std::vector<float> samples_;
  std::vector<std::uint8_t> labels_, all_;
};

void limit(LabelledImages& images, std::size_t count) {
  if (count == 0 || count >= images.size()) return;
  images.labels.resize(count);
  images.pixels.resize(count * images.image_size());
}

}  // namespace

ImageSets load_images(const ContinualExperiment& work) {
  const ContinualTask& task = work.task;
  const ImageData& data = task.data;
  ImageSets sets;
  const auto reject = [&](const char* key, std::string value, std::string problem, std::string expected) {
    throw BuildError(
        locate({.key = key, .value = std::move(value), .problem = std::move(problem), .expected = std::move(expected)},
               work.experiment));
  };
  const auto enough = [&](const char* key, std::size_t wanted, std::size_t there, const std::string& file) {
    if (wanted > there)
      reject(key, fmt::format("{}", wanted), fmt::format("more images than the {} of {}", there, file),
             fmt::format("at most {}, or 0 for all", there));
  };
  if (data.kind == ImageData::Kind::glyphs) {
    sets.train = draw_glyphs(data.train, data.size, data.seed);
    sets.test = draw_glyphs(data.test, data.size, data.seed, data.train);
  } else {
    sets.train = read_idx(data.train_images, data.train_labels);
    sets.classes = count_classes(sets.train, data.train_labels, data.classes);
    sets.test = read_idx(data.test_images, data.test_labels);
    count_classes(sets.test, data.test_labels, sets.classes);
    if (sets.test.rows != sets.train.rows || sets.test.columns != sets.train.columns)
      throw ImageError({.file = data.test_images,
                        .key = "sizes",
                        .value = fmt::format("{} x {}", sets.test.rows, sets.test.columns),
                        .problem = "differ from the images for training",
                        .expected = fmt::format("{} x {}", sets.train.rows, sets.train.columns)});
    enough("task.data.train", data.train, sets.train.size(), data.train_images);
    enough("task.data.test", data.test, sets.test.size(), data.test_images);
    limit(sets.train, data.train);
    limit(sets.test, data.test);
  }
  for (const std::uint8_t label : sets.train.labels) sets.classes = std::max<std::size_t>(sets.classes, label + 1u);
  if (task.protocol == Protocol::split && task.tasks > sets.classes)
    reject("task.tasks", fmt::format("{}", task.tasks),
           fmt::format("more tasks than the {} classes of the images", sets.classes),
           "at least one class for each task");
  // A task of a split without images would have learnt nothing, or be 0 % right, whatever the network does.
  const std::vector<View> views =
      task.protocol == Protocol::split ? views_of(task, sets, task.seeds.front()) : std::vector<View>{};
  for (std::size_t k = 0; k < views.size(); ++k) {
    const std::string problem = fmt::format("there is no image of the classes of task {} for ", k + 1);
    if (views[k].train.empty()) reject("task.data.train", {}, problem + "training", "images of all classes");
    if (views[k].test.empty()) reject("task.data.test", {}, problem + "tests", "images of all classes");
  }
  try {
    LayeredSpec spec = layered(task, sets);
    spec.batch = 1;  // what depends on it is memory
    const LayeredNetwork network(work.experiment.network, spec, Threads(1));
    const bool lateral = std::find(task.methods.begin(), task.methods.end(), Method::hlop) != task.methods.end();
    for (std::size_t p = 0; p < network.projections() && lateral; ++p) {
      std::size_t rows = 0;
      for (std::size_t k = 0; k < task.tasks; ++k)
        rows += task.lateral.rows[std::min(k, task.lateral.rows.size() - 1)][p];
      if (rows > network.sources(p))
        reject("task.lateral.rows", fmt::format("{} in all tasks onto {}", rows, name_of_projection(task, p)),
               fmt::format("more than the {} neurons or pixels that they listen to", network.sources(p)),
               "fewer: every row takes one dimension for good");
    }
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), work.experiment));
  }
  return sets;
}

double ContinualResult::mean_accuracy() const {
  const std::vector<double>& last = accuracy.back();
  return std::accumulate(last.begin(), last.end(), 0.0) / static_cast<double>(last.size());
}

double ContinualResult::backward_transfer() const {
  double sum = 0;
  const std::size_t tasks = accuracy.size();
  assert(tasks >= 2);
  for (std::size_t k = 0; k + 1 < tasks; ++k) sum += accuracy.back()[k] - accuracy[k][k];
  return sum / static_cast<double>(tasks - 1);
}

double ContinualResult::forgetting() const {
  double sum = 0;
  const std::size_t tasks = accuracy.size();
  assert(tasks >= 2);
  for (std::size_t k = 0; k + 1 < tasks; ++k) {
    double best = 0;
    for (std::size_t after = k; after + 1 < tasks; ++after) best = std::max(best, accuracy[after][k]);
    sum += best - accuracy.back()[k];
  }
  return sum / static_cast<double>(tasks - 1);
}

std::optional<ContinualResult> run_continual(const ContinualExperiment& work, const ImageSets& images, Method method,
                                             std::uint64_t seed, const Threads& threads, const fs::path& file,
                                             double keep_every, const std::function<bool()>& stop,
                                             const std::function<void(const ContinualProgress&)>& show) {
  Run run(work, images, method, seed, threads, file);
  run.go_on();
  if (!run(keep_every, stop, show)) return std::nullopt;
  return run.result();
}

void record_presentations(const ContinualExperiment& work, const ImageSets& images, Method method, std::uint64_t seed,
                          const Threads& threads, const fs::path& file, const fs::path& directory) {
  Run run(work, images, method, seed, threads, file);
  run.go_on();
  run.record(directory, work.experiment.network.dt);
}

}  // namespace rheo

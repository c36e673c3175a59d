#include "io/spikes/sorter.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <system_error>
#include <tuple>
#include <utility>

#include "io/files/recording.hpp"

namespace rheo {

namespace {

// Numbers in the order of the times that they stand for, -0.0 before 0.0.
std::uint64_t ordered(double time) {
  const auto bits = std::bit_cast<std::uint64_t>(time);
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  return bits & sign ? ~bits : bits | sign;
}

template <SpikeOrder order>
bool before(const Spike& a, const Spike& b) {
  if (a.population != b.population) return a.population < b.population;
  if constexpr (order == SpikeOrder::none) return false;
  if constexpr (order == SpikeOrder::by_id)
    return a.node != b.node ? a.node < b.node : ordered(a.time) < ordered(b.time);
  const std::uint64_t x = ordered(a.time), y = ordered(b.time);
  return x != y ? x < y : a.node < b.node;
}

bool before(const Spike& a, const Spike& b, SpikeOrder order) {
  switch (order) {
    case SpikeOrder::none:
      return before<SpikeOrder::none>(a, b);
    case SpikeOrder::by_id:
      return before<SpikeOrder::by_id>(a, b);
    case SpikeOrder::by_time:
      break;
  }
  return before<SpikeOrder::by_time>(a, b);
}

}  // namespace

bool in_order(const Spike& a, const Spike& b, SpikeOrder order) {
  return !before(b, a, order);
}

// Rows on disk, in a file that nobody else sees.
class SpikeSorter::RunFile {
 public:
  explicit RunFile(const std::filesystem::path& beside)
      : path_(std::filesystem::path(beside).concat("." + std::to_string(::getpid()) + ".runs.tmp")),
        file_(::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
    if (file_ < 0) fail("cannot be created", errno);
    ::unlink(path_.c_str());
  }
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;
  ~RunFile() { ::close(file_); }

  std::uint64_t rows() const { return rows_; }
  void append(std::span<const Spike> spikes) {
    move(spikes.data(), spikes.size_bytes(), rows_ * sizeof(Spike), "cannot be written",
         [&](void* at, std::size_t bytes, off_t place) { return ::pwrite(file_, at, bytes, place); });
    rows_ += spikes.size();
  }
  void read(std::uint64_t first, std::span<Spike> spikes) const {
    move(spikes.data(), spikes.size_bytes(), first * sizeof(Spike), "cannot be read",
         [&](void* at, std::size_t bytes, off_t place) { return ::pread(file_, at, bytes, place); });
  }

 private:
  template <class Step>
  void move(const void* data, std::size_t bytes, std::uint64_t place, const char* problem, const Step& step) const {
    auto* at = static_cast<char*>(const_cast<void*>(data));
    while (bytes > 0) {
      const ssize_t moved = step(at, bytes, static_cast<off_t>(place));
      if (moved < 0 && errno == EINTR) continue;
      if (moved <= 0) fail(problem, moved < 0 ? errno : EIO);
      at += moved;
      place += static_cast<std::uint64_t>(moved);
      bytes -= static_cast<std::size_t>(moved);
    }
  }
  [[noreturn]] void fail(const std::string& problem, int code) const {
    reject_recording(path_, problem + " (" + std::generic_category().message(code) + ")",
                     "room for 24 to 48 bytes per spike beside the result");
  }
  std::filesystem::path path_;
  int file_;
  std::uint64_t rows_ = 0;
};

SpikeSorter::SpikeSorter(SpikeOrder order, std::filesystem::path beside, std::size_t rows, std::size_t fan_in)
    : order_(order),
      beside_(std::move(beside)),
      rows_(std::max<std::size_t>(rows, 1)),
      fan_in_(std::max<std::size_t>(fan_in, 2)) {}

SpikeSorter::~SpikeSorter() = default;

void SpikeSorter::add(const Spike& spike) {
  if (buffer_.size() == rows_) spill();
  // At once, lest the last step of growing takes half as much again; what is not used is not touched.
  if (buffer_.capacity() == 0) buffer_.reserve(rows_);
  buffer_.push_back(spike);
}

void SpikeSorter::sort_buffer() {
  if (order_ == SpikeOrder::none)
    std::stable_sort(buffer_.begin(), buffer_.end(), before<SpikeOrder::none>);
  else if (order_ == SpikeOrder::by_id)
    std::sort(buffer_.begin(), buffer_.end(), before<SpikeOrder::by_id>);
  else
    std::sort(buffer_.begin(), buffer_.end(), before<SpikeOrder::by_time>);
}

void SpikeSorter::spill() {
  if (buffer_.empty()) return;
  sort_buffer();
  if (!file_) file_ = std::make_unique<RunFile>(beside_);
  // What is in order already stays one run, however long.
  if (runs_.empty() || !in_order(last_, buffer_.front(), order_)) runs_.push_back({file_->rows(), 0});
  runs_.back().count += buffer_.size();
  last_ = buffer_.back();
  file_->append(buffer_);
  buffer_.clear();
}

void SpikeSorter::merge(RunFile& from, std::span<const Run> runs,
                        const std::function<void(std::span<const Spike>)>& take) const {
  struct Source {
    Run rest;
    std::vector<Spike> rows;
    std::size_t at = 0;
  };
  const std::size_t share = std::max<std::size_t>(1, rows_ / (runs.size() + 1));
  std::vector<Source> inputs(runs.size());
  const auto refill = [&](Source& input) {
    input.rows.resize(static_cast<std::size_t>(std::min<std::uint64_t>(share, input.rest.count)));
    from.read(input.rest.first, input.rows);
    input.rest.first += input.rows.size();
    input.rest.count -= input.rows.size();
    input.at = 0;
  };
  // A heap of inputs, the next spike on top; of equals, that of the earlier run.
  std::vector<std::size_t> heap;
  const auto later = [&](std::size_t a, std::size_t b) {
    const Spike &x = inputs[a].rows[inputs[a].at], &y = inputs[b].rows[inputs[b].at];
    if (before(y, x, order_)) return true;
    return !before(x, y, order_) && a > b;
  };
  for (std::size_t i = 0; i < runs.size(); ++i) {
    inputs[i].rest = runs[i];
    refill(inputs[i]);
    if (!inputs[i].rows.empty()) heap.push_back(i);
  }
  std::make_heap(heap.begin(), heap.end(), later);
  std::vector<Spike> out;
  out.reserve(share);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    Source& input = inputs[heap.back()];
    out.push_back(input.rows[input.at++]);
    if (input.at == input.rows.size()) refill(input);
    if (input.rows.empty())
      heap.pop_back();
    else
      std::push_heap(heap.begin(), heap.end(), later);
    if (out.size() == share) {
      take(out);
      out.clear();
    }
  }
  if (!out.empty()) take(out);
}

void SpikeSorter::drain(const std::function<void(std::span<const Spike>)>& take) {
  if (!file_) {
    sort_buffer();
    if (!buffer_.empty()) take(buffer_);
    return;
  }
  spill();
  buffer_ = std::vector<Spike>();  // gives its memory back
  while (runs_.size() > fan_in_) {
    auto next = std::make_unique<RunFile>(beside_);
    std::vector<Run> merged;
    for (std::size_t i = 0; i < runs_.size(); i += fan_in_) {
      const std::uint64_t first = next->rows();
      merge(*file_, std::span(runs_).subspan(i, std::min(fan_in_, runs_.size() - i)),
            [&](std::span<const Spike> spikes) { next->append(spikes); });
      merged.push_back({first, next->rows() - first});
    }
    file_ = std::move(next);
    runs_ = std::move(merged);
  }
  merge(*file_, runs_, take);
}

}  // namespace rheo

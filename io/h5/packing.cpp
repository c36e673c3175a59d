#include "io/h5/packing.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <optional>

namespace rheo::h5 {
namespace {

static_assert(std::endian::native == std::endian::little, "values are stored little-endian");

// As the library's filter computes it: over words of 16 bits, the first byte of each the higher one.
std::uint32_t fletcher32(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t most_words = 360;  // between two reductions: the sums do not overflow
  const auto reduce = [](std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  std::uint32_t sum = 0, sum_of_sums = 0;
  std::size_t words = bytes.size() / 2;
  const std::uint8_t* at = bytes.data();
  while (words > 0) {
    const std::size_t some = std::min(words, most_words);
    words -= some;
    for (const std::uint8_t* const end = at + 2 * some; at != end; at += 2) {
      sum += static_cast<std::uint32_t>(at[0] << 8 | at[1]);
      sum_of_sums += sum;
    }
    sum = reduce(sum);
    sum_of_sums = reduce(sum_of_sums);
  }
  if (bytes.size() % 2 != 0) {
    sum += static_cast<std::uint32_t>(*at << 8);
    sum_of_sums += sum;
    sum = reduce(sum);
    sum_of_sums = reduce(sum_of_sums);
  }
  return reduce(sum_of_sums) << 16 | reduce(sum);
}

// What the library's filter puts behind the bytes of a chunk.
constexpr std::size_t checksum_bytes = 4;
std::array<std::uint8_t, checksum_bytes> checksum(std::span<const std::uint8_t> bytes) {
  const std::uint32_t sum = fletcher32(bytes);
  std::array<std::uint8_t, checksum_bytes> stored;
  for (std::size_t k = 0; k < stored.size(); ++k) stored[k] = static_cast<std::uint8_t>(sum >> 8 * k);
  return stored;
}

// Whether bytes look like noise: hardly two neighbours are equal, and no byte is frequent. To look for runs and codes
// of their own would cost most of the time and save at most half of them.
bool is_noise(std::span<const std::uint8_t> bytes) {
  std::size_t changes = 0;
  for (std::size_t i = 1; i < bytes.size(); ++i) changes += bytes[i] != bytes[i - 1];
  if (changes <= bytes.size() / 2) return false;
  std::array<std::uint32_t, 256> counts{};
  for (const std::uint8_t byte : bytes) ++counts[byte];
  return *std::max_element(counts.begin(), counts.end()) < bytes.size() / 16;
}

// A stream of zlib that is used again and again: its memory is taken once per thread and way.
class Deflater {
 public:
  explicit Deflater(Way way) : way_(way) {
    constexpr int window_bits = 15, memory_level = 8;  // as the library's filter has them
    if (deflateInit2(&stream_, level(), Z_DEFLATED, window_bits, memory_level, strategy()) != Z_OK)
      throw std::bad_alloc();
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream_); }

  // from: shuffled values of `width` bytes, so that the bytes of one place stand together.
  void operator()(std::span<const std::uint8_t> from, std::size_t width, std::vector<std::uint8_t>& to, bool longer) {
    deflateReset(&stream_);
    const std::size_t blocks = 16 * (width + 1);  // bytes, where they begin and end
    to.resize(deflateBound(&stream_, from.size()) + blocks);
    stream_.next_out = to.data();
    stream_.avail_out = static_cast<uInt>(to.size());
    if (way_ == Way::runs) deflateParams(&stream_, level(), strategy());
    if (longer) ::deflate(&stream_, Z_SYNC_FLUSH);  // of nothing: an empty block
    if (way_ == Way::runs)
      put_by_places(from, from.size() / width);
    else
      put(from);
    ::deflate(&stream_, Z_FINISH);
    to.resize(stream_.total_out);
  }

 private:
  int level() const { return way_ == Way::stored ? 0 : 1; }
  int strategy() const { return way_ == Way::runs ? Z_RLE : Z_DEFAULT_STRATEGY; }

  void put(std::span<const std::uint8_t> bytes) {
    stream_.next_in = const_cast<Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
  }

  // Noise is stored as it is.
  void put_by_places(std::span<const std::uint8_t> from, std::size_t count) {
    bool was_noise = false;
    for (; !from.empty(); from = from.subspan(count)) {
      const auto place = from.first(count);
      if (const bool noise = is_noise(place); noise != was_noise) {
        deflateParams(&stream_, noise ? 0 : level(), strategy());
        was_noise = noise;
      }
      put(place);
      ::deflate(&stream_, Z_NO_FLUSH);
    }
  }

  Way way_;
  z_stream stream_{};
};

void deflate(Way way, std::span<const std::uint8_t> from, std::size_t width, std::vector<std::uint8_t>& to,
             bool longer) {
  thread_local std::array<std::optional<Deflater>, 3> all;
  std::optional<Deflater>& one = all[static_cast<std::size_t>(way)];
  if (!one) one.emplace(way);
  (*one)(from, width, to, longer);
}

// Whether a stream of zlib begins, after its header, with the empty block that makes it longer.
bool begins_longer(std::span<const std::uint8_t> deflated) {
  constexpr std::size_t header = 2;
  constexpr std::array<std::uint8_t, 5> empty_block{0, 0, 0, 0xff, 0xff};
  return deflated.size() >= header + empty_block.size() &&
         std::ranges::equal(deflated.subspan(header, empty_block.size()), empty_block);
}

// Byte k of all values, for each k: as the library's filter does it.
void shuffle(std::span<const std::uint8_t> from, std::size_t width, std::vector<std::uint8_t>& to) {
  const std::size_t count = from.size() / width;
  to.resize(from.size());
  for (std::size_t k = 0; k < width; ++k)
    for (std::size_t i = 0; i < count; ++i) to[k * count + i] = from[i * width + k];
}

}  // namespace

void pack(Way way, std::span<const std::uint8_t> raw, std::size_t width, std::vector<std::uint8_t>& shuffled,
          std::vector<std::uint8_t>& packed, bool longer) {
  if (way != Way::stored) shuffle(raw, width, shuffled);
  deflate(way, way != Way::stored ? std::span<const std::uint8_t>(shuffled) : raw, width, packed, longer);
  const auto sum = checksum(packed);
  packed.insert(packed.end(), sum.begin(), sum.end());
}

bool is_whole_and_short(std::span<const std::uint8_t> packed) {
  if (packed.size() < checksum_bytes) return false;
  const auto content = packed.first(packed.size() - checksum_bytes);
  return !begins_longer(content) && std::ranges::equal(checksum(content), packed.last(checksum_bytes));
}

}  // namespace rheo::h5

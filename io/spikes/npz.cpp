#include "io/spikes/npz.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/recording.hpp"
#include "io/files/whole_file.hpp"
#include "io/h5/h5.hpp"
#include "io/spikes/reader.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "arrays are written as they are in memory");

// CRC-32 as zip wants it (ISO 3309), eight bytes at a time: Kounavis & Berry, "A systematic approach to building high
// performance software-based CRC generators" (2005).
class Crc {
 public:
  void add(std::string_view bytes) {
    static const Tables tables = make_tables();
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
      std::uint32_t next = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        const auto own = static_cast<unsigned char>(state_ >> (8 * i));
        next ^= tables[7 - i][own ^ at[i]] ^ tables[3 - i][at[4 + i]];
      }
      state_ = next;
    }
    for (; left > 0; --left, ++at) state_ = state_ >> 8 ^ tables[0][(state_ ^ *at) & 0xFF];
  }
  std::uint32_t value() const { return ~state_; }

 private:
  using Tables = std::array<std::array<std::uint32_t, 256>, 8>;
  static Tables make_tables() {
    Tables tables{};
    for (std::uint32_t n = 0; n < 256; ++n) {
      std::uint32_t c = n;
      for (int bit = 0; bit < 8; ++bit) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
      tables[0][n] = c;
    }
    for (std::size_t k = 1; k < tables.size(); ++k)
      for (std::size_t n = 0; n < 256; ++n) tables[k][n] = tables[k - 1][n] >> 8 ^ tables[0][tables[k - 1][n] & 0xFF];
    return tables;
  }
  std::uint32_t state_ = 0xFFFFFFFF;
};

// Little-endian numbers one after the other, of `width` bytes each.
class Bytes {
 public:
  Bytes& put(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) text_ += static_cast<char>(value >> (8 * i));
    return *this;
  }
  Bytes& put(std::string_view bytes) {
    text_ += bytes;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A zip of stored entries whose sizes are known before they are written (APPNOTE 6.3).
class Zip {
 public:
  Zip(const fs::path& path, std::uint64_t large) : file_(path), large_(std::min(large, zip64_from)) {}

  void begin(const std::string& name, std::uint64_t size) {
    if (name.size() > 0xFFFF)
      throw RecordingError({.key = "/spikes",
                            .value = name.substr(0, 60),
                            .problem = "is a name too long for a zip file",
                            .expected = "at most 65000 bytes"});
    entries_.push_back({name, size, file_.size(), 0});
    crc_ = Crc();
    const Entry& entry = entries_.back();
    Bytes header, extra;
    if (is_large(size)) extra.put(1, 2).put(16, 2).put(size, 8).put(size, 8);
    header.put(0x04034B50, 4).put(common(entry)).put(narrow(size), 4).put(narrow(size), 4);
    header.put(name.size(), 2).put(extra.text().size(), 2).put(name).put(extra.text());
    file_.write(header.text());
  }
  void write(std::string_view bytes) {
    crc_.add(bytes);
    file_.write(bytes);
  }
  void end() {
    entries_.back().crc = crc_.value();
    file_.replace(entries_.back().offset + crc_place, Bytes().put(crc_.value(), 4).text());
  }

  void close() {
    const std::uint64_t start = file_.size();
    for (const Entry& entry : entries_) {
      Bytes numbers, extra, record;
      if (is_large(entry.size)) numbers.put(entry.size, 8).put(entry.size, 8);
      if (is_large(entry.offset)) numbers.put(entry.offset, 8);
      if (!numbers.text().empty()) extra.put(1, 2).put(numbers.text().size(), 2).put(numbers.text());
      record.put(0x02014B50, 4).put(made_by_unix | version, 2).put(common(entry));
      record.put(narrow(entry.size), 4).put(narrow(entry.size), 4);
      record.put(entry.name.size(), 2).put(extra.text().size(), 2).put(0, 2).put(0, 2).put(0, 2);
      record.put(std::uint64_t{0100644} << 16, 4).put(narrow(entry.offset), 4).put(entry.name).put(extra.text());
      file_.write(record.text());
    }
    const std::uint64_t end = file_.size(), size = end - start, count = entries_.size();
    Bytes tail;
    if (is_large(start) || is_large(size) || count >= 0xFFFF) {
      tail.put(0x06064B50, 4).put(44, 8).put(made_by_unix | version, 2).put(version, 2).put(0, 4).put(0, 4);
      tail.put(count, 8).put(count, 8).put(size, 8).put(start, 8);
      tail.put(0x07064B50, 4).put(0, 4).put(end, 8).put(1, 4);
    }
    const std::uint64_t few = std::min<std::uint64_t>(count, 0xFFFF);
    tail.put(0x06054B50, 4).put(0, 2).put(0, 2).put(few, 2).put(few, 2).put(narrow(size), 4).put(narrow(start), 4);
    tail.put(0, 2);
    file_.write(tail.text());
    file_.close();
  }

 private:
  struct Entry {
    std::string name;
    std::uint64_t size, offset;
    std::uint32_t crc;
  };
  static constexpr std::uint64_t crc_place = 14;  // in a local header
  static constexpr std::uint64_t version = 45, made_by_unix = 3 << 8;

  bool is_large(std::uint64_t number) const { return number >= large_; }
  std::uint64_t narrow(std::uint64_t number) const { return is_large(number) ? 0xFFFFFFFF : number; }
  // Version, flags (names in UTF-8), method (stored), 1980-01-01 00:00, checksum: the same in both headers.
  static std::string common(const Entry& entry) {
    const bool ascii =
        std::all_of(entry.name.begin(), entry.name.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
    return Bytes().put(version, 2).put(ascii ? 0 : 0x800, 2).put(0, 2).put(0, 2).put(33, 2).put(entry.crc, 4).text();
  }

  WholeFile file_;
  std::uint64_t large_;
  std::vector<Entry> entries_;
  Crc crc_;
};

// The first 128 bytes of what numpy.save writes.
std::string npy_header(std::string_view type, std::uint64_t count) {
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}", type, count);
  text.resize(117, ' ');
  return Bytes().put("\x93NUMPY").put(1, 1).put(0, 1).put(118, 2).put(text).put("\n").text();
}

template <class Read>
void write_array(Zip& zip, const std::string& name, std::string_view type, std::uint64_t count, const Read& read) {
  const std::string header = npy_header(type, count);
  zip.begin(name + ".npy", header.size() + 8 * count);
  zip.write(header);
  for (std::uint64_t first = 0; first < count; first += h5::piece_values) {
    const auto values = read(first, std::min(h5::piece_values, count - first));
    static_assert(sizeof(values[0]) == 8);
    zip.write({reinterpret_cast<const char*>(values.data()), 8 * values.size()});
  }
  zip.end();
}

}  // namespace

std::uint64_t write_npz(const fs::path& spikes, const fs::path& out, std::uint64_t large) {
  return recording_step(out, [&] {
    const h5::File file = h5::File::open(spikes.string());
    const std::vector<StoredPopulation> populations = open_spikes(file);
    Zip zip(out, large);
    std::uint64_t all = 0;
    for (const auto& population : populations) {
      const StoredSpikes& stored = population.spikes;
      write_array(zip, population.name + "/timestamps", "<f8", stored.size(),
                  [&](std::uint64_t first, std::uint64_t count) { return stored.times(first, count); });
      write_array(zip, population.name + "/node_ids", "<u8", stored.size(),
                  [&](std::uint64_t first, std::uint64_t count) { return stored.nodes(first, count); });
      all += stored.size();
    }
    zip.close();
    return all;
  });
}

}  // namespace rheo

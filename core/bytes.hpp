// A byte buffer in canonical form: little-endian, fixed widths, each item behind a name. Used by save and load of the
// dynamic state, so that a state saved anywhere can be loaded anywhere.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/diagnostics.hpp"

namespace rheo {

static_assert(std::endian::native == std::endian::little, "states are stored little-endian");

class ByteWriter {
 public:
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void put(std::string_view name, std::span<const T> values) {
    header(name, sizeof(T), values.size());
    append(values.data(), values.size_bytes());
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  void put(std::string_view name, T value) { put(name, std::span<const T>(&value, 1)); }
  void put(std::string_view name, std::string_view text) { put(name, std::span<const char>(text.data(), text.size())); }
  // `count` values that fill(to) writes one after the other, as bytes.
  template <class T, class Fill>
  void put_filled(std::string_view name, std::size_t count, const Fill& fill) {
    header(name, sizeof(T), count);
    bytes_.resize(bytes_.size() + count * sizeof(T));
    fill(bytes_.data() + (bytes_.size() - count * sizeof(T)));
  }
  // Room for so many bytes more.
  void reserve(std::size_t bytes) { bytes_.reserve(bytes_.size() + bytes); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  void header(std::string_view name, std::size_t width, std::size_t count) {
    const auto name_size = static_cast<std::uint32_t>(name.size());
    const auto item_width = static_cast<std::uint32_t>(width);
    const auto item_count = static_cast<std::uint64_t>(count);
    append(&name_size, sizeof name_size);
    append(&item_width, sizeof item_width);
    append(&item_count, sizeof item_count);
    append(name.data(), name.size());
  }
  void append(const void* data, std::size_t size) {
    if (size == 0) return;
    bytes_.resize(bytes_.size() + size);
    std::memcpy(bytes_.data() + (bytes_.size() - size), data, size);
  }
  std::vector<std::byte> bytes_;
};

// Reads what ByteWriter wrote, in the same order; anything else is a StateError that names the item.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  // Number of values of the next item, which must be called `name` and hold values of type T.
  template <class T>
  std::size_t expect(std::string_view name) {
    std::uint32_t name_size = 0, width = 0;
    std::uint64_t count = 0;
    take(&name_size, sizeof name_size, name);
    take(&width, sizeof width, name);
    take(&count, sizeof count, name);
    if (name_size > rest_.size()) fail(name, "the saved state is cut short");
    const std::string found(reinterpret_cast<const char*>(rest_.data()), name_size);
    rest_ = rest_.subspan(name_size);
    if (found != name) fail(name, "the saved state holds \"" + found + "\" in this place");
    if (width != sizeof(T)) fail(name, "the saved state holds values of another width");
    if (count > rest_.size() / sizeof(T)) fail(name, "the saved state is cut short");
    return static_cast<std::size_t>(count);
  }
  // Reads the next item into `values`, whose size must match.
  template <class T>
  void get(std::string_view name, std::span<T> values) {
    if (expect<T>(name) != values.size()) fail(name, "the saved state has another number of values");
    take(values.data(), values.size_bytes(), name);
  }
  template <class T>
  requires std::is_arithmetic_v<T> T get(std::string_view name) {
    T value{};
    get(name, std::span<T>(&value, 1));
    return value;
  }
  template <class T>
  std::vector<T> get_all(std::string_view name) {
    std::vector<T> values(expect<T>(name));
    take(values.data(), values.size() * sizeof(T), name);
    return values;
  }
  std::string get_text(std::string_view name) {
    const auto chars = get_all<char>(name);
    return {chars.begin(), chars.end()};
  }
  bool at_end() const { return rest_.empty(); }
  // Bytes of a value of the next item; 0 where there is none.
  std::uint32_t next_width() const {
    std::uint32_t width = 0;
    if (rest_.size() >= 2 * sizeof width) std::memcpy(&width, rest_.data() + sizeof width, sizeof width);
    return width;
  }

 private:
  [[noreturn]] static void fail(std::string_view name, std::string problem) {
    throw StateError({.key = std::string(name), .problem = std::move(problem)});
  }
  void take(void* to, std::size_t size, std::string_view name) {
    if (size > rest_.size()) fail(name, "the saved state is cut short");
    if (size != 0) std::memcpy(to, rest_.data(), size);
    rest_ = rest_.subspan(size);
  }
  std::span<const std::byte> rest_;
};

}  // namespace rheo

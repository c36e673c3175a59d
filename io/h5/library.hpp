// What all parts of io/h5 share of the HDF5 library: its lock, its errors, its types and lists of properties.
#pragma once

#include <mutex>

#include "io/h5/h5.hpp"

namespace rheo::h5 {

// Largest expansion of a stored byte that deflate can reach is 1032; what claims more than this was never written.
inline constexpr std::uint64_t largest_compression = 1100;
// Up to this many values memory is taken without asking how much the file stores (fill values need no storage).
inline constexpr std::uint64_t harmless_count = 1u << 20;
inline constexpr std::uint64_t largest_attribute = 1u << 16;

// Held during every call of the library. The library keeps one error stack per thread, each of which prints by default.
class Session {
 public:
  Session();

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

// The innermost entry of the library's error stack, in short; the stack is empty afterwards.
std::string reason();
// The same behind a problem, " (reason)"; empty where there is none.
std::string in_brackets(const std::string& why);
[[noreturn]] void raise(const std::string& file, std::string key, std::string problem, bool with_reason = true);
// After a write that failed: send_nowhere().
[[noreturn]] void raise_write(hid_t object, const std::string& file, std::string key, std::string problem);
// The file on disk stays as it is; every later write goes nowhere. After a write has failed the library must not meet
// the disk again: closing what it still holds crashes (1.10.8).
void send_nowhere(hid_t object) noexcept;

// A transfer that refuses values which do not fit, and notes in `refused` that a value was at fault.
Id checked_transfer(bool& refused);
std::string misfit(hid_t native);  // what a refused value is

Kind kind_of(hid_t type);
bool is_ascii(std::string_view text);
// Memory type for variable-length strings. The library does not convert between character sets: reading keeps the
// file's.
Id variable_text(H5T_cset_t characters);
Id fixed_text(std::size_t longest, bool ascii);
std::vector<const char*> pointers_to(std::span<const std::string> texts);
std::string unpadded(const char* text, std::size_t size, H5T_str_t padding);

Id without_times(hid_t plist_class);
// A list of properties that is made once: making and copying them is a good part of what an object costs.
const Id& kept(Id plist);

// At least 1, so that it can be divided by.
std::uint64_t values_per_row(const std::vector<std::uint64_t>& shape);
// Sizes of the chunks of a dataset; empty: it has none.
std::vector<hsize_t> chunk_shape(hid_t dataset, std::size_t rank);

// Calls use(offset) for the chunks of one band, those side by side that begin with row `row`, until it returns false.
template <class Use>
bool each_chunk(std::uint64_t row, const std::vector<std::uint64_t>& shape, const std::vector<hsize_t>& chunk,
                Use&& use) {
  std::vector<hsize_t> offset(shape.size(), 0);
  offset[0] = row;
  for (;;) {
    if (!use(offset)) return false;
    std::size_t d = shape.size();
    while (--d > 0) {
      offset[d] += chunk[d];
      if (offset[d] < shape[d]) break;
      offset[d] = 0;
    }
    if (d == 0) return true;
  }
}

}  // namespace rheo::h5

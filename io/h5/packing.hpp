// The bytes of a chunk as the filters of the HDF5 library would make them: shuffled, deflated, with a checksum.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rheo::h5 {

enum class Way { stored, level_1, runs };

// Fills `packed` with `raw`, values of `width` bytes, deflated (`shuffled` is scratch space) and their checksum. Longer
// than necessary: with an empty block before the others, for a result of another size.
void pack(Way way, std::span<const std::uint8_t> raw, std::size_t width, std::vector<std::uint8_t>& shuffled,
          std::vector<std::uint8_t>& packed, bool longer);

// Whether the checksum of a packed chunk is that of its bytes, and it is not longer than necessary.
bool is_whole_and_short(std::span<const std::uint8_t> packed);

}  // namespace rheo::h5

// Recorded spikes for NumPy: an .npz file, in which every population has two arrays,
//   <population>/timestamps   float64, ms
//   <population>/node_ids     uint64
// in the order of the file. numpy.load reads it; each array is what numpy.save would have written, stored in a zip
// without compression, with 64-bit sizes where they are needed. The same spikes are the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>

namespace rheo {

// From this size or offset on a zip needs 64 bits.
inline constexpr std::uint64_t zip64_from = 0xFFFFFFFF;

// Returns the number of spikes. Streams: memory holds a piece. What is there is replaced by a complete file only.
// Throws RecordingError.
std::uint64_t write_npz(const std::filesystem::path& spikes, const std::filesystem::path& out,
                        std::uint64_t large = zip64_from);

}  // namespace rheo

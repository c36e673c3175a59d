// Images that look like written digits, drawn from a seed: for tests, and for users who have no data.
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/files/idx.hpp"

namespace rheo {

// `count` images of ten classes in turn, size x size pixels. Each is the polyline of its digit, turned, sheared,
// scaled, shifted and of another thickness, with noise: a function of (seed, the image's number), starting with number
// `first`.
LabelledImages draw_glyphs(std::size_t count, std::size_t size, std::uint64_t seed, std::size_t first = 0);

}  // namespace rheo

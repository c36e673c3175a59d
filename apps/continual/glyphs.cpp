#include "apps/continual/glyphs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/random.hpp"

namespace rheo {

namespace {

struct Corner {
  double x, y;
};
using Line = std::vector<Corner>;

// In the unit square, y downwards. Round strokes are polygons of few corners.
const std::array<std::vector<Line>, 10>& digits() {
  static const std::array<std::vector<Line>, 10> all{{
      {{{.5, .1}, {.7, .18}, {.8, .5}, {.7, .82}, {.5, .9}, {.3, .82}, {.2, .5}, {.3, .18}, {.5, .1}}},
      {{{.35, .25}, {.55, .1}, {.55, .9}}},
      {{{.22, .3}, {.35, .13}, {.6, .1}, {.77, .28}, {.65, .5}, {.22, .9}, {.8, .9}}},
      {{{.25, .15}, {.55, .1}, {.75, .25}, {.65, .43}, {.45, .48}, {.7, .55}, {.78, .72}, {.6, .9}, {.22, .85}}},
      {{{.6, .1}, {.2, .6}, {.82, .6}}, {{.63, .35}, {.6, .9}}},
      {{{.75, .1}, {.3, .1}, {.27, .45}, {.6, .43}, {.78, .63}, {.65, .87}, {.25, .88}}},
      {{{.68, .1}, {.35, .35}, {.22, .7}, {.4, .9}, {.68, .85}, {.75, .65}, {.55, .5}, {.27, .62}}},
      {{{.2, .12}, {.8, .12}, {.45, .9}}},
      {{{.5, .48},
        {.28, .35},
        {.33, .14},
        {.65, .12},
        {.73, .33},
        {.5, .48},
        {.25, .65},
        {.32, .88},
        {.68, .88},
        {.77, .65},
        {.5, .48}}},
      {{{.73, .38}, {.5, .5}, {.27, .36}, {.35, .12}, {.65, .12}, {.74, .35}, {.68, .65}, {.5, .9}}},
  }};
  return all;
}

double squared_distance(Corner p, Corner a, Corner b) {
  const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
  const double along = square > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0.0, 1.0) : 0.0;
  const double x = p.x - (a.x + along * dx), y = p.y - (a.y + along * dy);
  return x * x + y * y;
}

}  // namespace

LabelledImages draw_glyphs(std::size_t count, std::size_t size, std::uint64_t seed, std::size_t first) {
  LabelledImages made;
  made.rows = made.columns = size;
  made.pixels.resize(count * size * size);
  const RandomKey key = random_key(seed, "glyphs", "image");
  for (std::size_t image = 0; image < count; ++image) {
    RandomStream stream(key, static_cast<std::uint32_t>(first + image));
    const std::size_t digit = (first + image) % digits().size();
    made.labels.push_back(static_cast<std::uint8_t>(digit));
    // A turn as a shear of both axes: no sine, and as different.
    const double xx = stream.uniform(0.75, 1.1), yy = stream.uniform(0.75, 1.05), turn = stream.uniform(-0.25, 0.25),
                 shear = turn + stream.uniform(-0.2, 0.2), x0 = stream.uniform(-0.08, 0.08),
                 y0 = stream.uniform(-0.06, 0.06), thickness = stream.uniform(0.035, 0.07);
    std::vector<Line> lines = digits()[digit];
    for (Line& line : lines)
      for (Corner& p : line) {
        const double x = p.x - 0.5 + stream.normal(0, 0.015), y = p.y - 0.5 + stream.normal(0, 0.015);
        p = {0.5 + x0 + xx * x - shear * y, 0.5 + y0 + turn * x + yy * y};
      }
    std::uint8_t* pixel = made.pixels.data() + image * size * size;
    for (std::size_t row = 0; row < size; ++row)
      for (std::size_t column = 0; column < size; ++column, ++pixel) {
        const Corner at{(static_cast<double>(column) + 0.5) / static_cast<double>(size),
                        (static_cast<double>(row) + 0.5) / static_cast<double>(size)};
        double nearest = 4;
        for (const Line& line : lines)
          for (std::size_t k = 1; k < line.size(); ++k)
            nearest = std::min(nearest, squared_distance(at, line[k - 1], line[k]));
        const double ink = std::clamp(1 - (std::sqrt(nearest) - thickness) * 25, 0.0, 1.0);
        *pixel = static_cast<std::uint8_t>(std::clamp(255 * ink + stream.normal(0, 12), 0.0, 255.0));
      }
  }
  return made;
}

}  // namespace rheo

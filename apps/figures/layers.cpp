#include "apps/figures/layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

namespace rheo::figures {
namespace {

constexpr double letter = 0.56;  // mean width of a letter of a sans-serif font, in its size

// Code points of UTF-8; what is not UTF-8, or not allowed in XML, becomes U+FFFD.
std::vector<std::uint32_t> code_points(std::string_view text) {
  std::vector<std::uint32_t> points;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
    const std::uint32_t first = byte(i);
    const std::size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    std::uint32_t point = length <= 1 ? first : first & (0x7fu >> length);
    bool good = length != 0;
    for (std::size_t k = 1; k < length && good; ++k) {
      good = byte(i + k) >> 6 == 2;
      point = point << 6 | (byte(i + k) & 0x3f);
    }
    constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    good = good && point >= smallest[length] && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000) &&
           point != 0xfffe && point != 0xffff;
    if (good && point < 0x20) point = ' ';
    points.push_back(good ? point : 0xfffd);
    i += good ? length : 1;
  }
  return points;
}

// Colours of heat maps, from low to high: darkness grows all the way, so that they survive a grey print.
struct Rgb {
  double r, g, b;
};
constexpr std::array<Rgb, 5> shades{{{255, 252, 232}, {180, 221, 196}, {72, 166, 178}, {30, 96, 150}, {22, 28, 84}}};

std::string band(const LineLayer& line, const Axes& axes, const char* colour) {
  std::string out;
  std::vector<std::array<double, 3>> piece;  // x, low, high
  const auto flush = [&] {
    std::string d;
    for (const auto& [x, low, high] : piece) d += fmt::format("{}{} {}", d.empty() ? 'M' : 'L', px(x), px(high));
    for (auto end = piece.rbegin(); end != piece.rend(); ++end)
      d += fmt::format("L{} {}", px((*end)[0]), px((*end)[1]));
    if (!d.empty()) out += fmt::format("<path d=\"{}z\" fill=\"{}\" fill-opacity=\"0.2\"/>\n", d, colour);
    piece.clear();
  };
  for (std::size_t i = 0; i < std::min({line.x.size(), line.low.size(), line.high.size()}); ++i) {
    const double x = axes.x(line.x[i]), low = axes.y.at_least_low(line.low[i]), high = axes.y(line.high[i]);
    if (std::isnan(x) || std::isnan(low) || std::isnan(high)) {
      flush();
      continue;
    }
    piece.push_back({x, low, high});
  }
  flush();
  return out;
}

// Of many points in the same column of pixels only the first, lowest, highest and last show.
std::string body(const LineLayer& line, const Axes& axes, std::size_t c) {
  const char* colour = palette[c % palette.size()];
  std::string out = band(line, axes, colour), d;
  struct Point {
    double x, y;
  };
  std::vector<Point> column;
  bool begun = false;
  const auto flush = [&] {
    if (column.size() > 4) {
      const auto lower = [](const Point& a, const Point& b) { return a.y < b.y; };
      auto [low, high] = std::minmax_element(column.begin(), column.end(), lower);
      if (high < low) std::swap(low, high);
      column = {column.front(), *low, *high, column.back()};
    }
    for (const Point& point : column) {
      d += fmt::format("{}{} {}", begun ? 'L' : 'M', px(point.x), px(point.y));
      begun = true;
    }
    column.clear();
  };
  bool alone = false;  // a single point between gaps is drawn as a dot
  std::size_t length = 0;
  const auto gap = [&] {
    flush();
    if (length == 1) d += "h0.01", alone = true;
    length = 0;
    begun = false;
  };
  for (std::size_t i = 0; i < std::min(line.x.size(), line.y.size()); ++i) {
    const Point point{axes.x(line.x[i]), axes.y(line.y[i])};
    if (std::isnan(point.x) || std::isnan(point.y)) {
      gap();
      continue;
    }
    if (!column.empty() && std::floor(column.back().x) != std::floor(point.x)) flush();
    column.push_back(point);
    ++length;
  }
  gap();
  if (d.empty()) return out;
  return out + fmt::format("<path d=\"{}\" stroke=\"{}\" stroke-width=\"1.6\" stroke-linejoin=\"round\"{}{}/>\n", d,
                           colour, alone ? " stroke-linecap=\"round\"" : "",
                           line.dashed ? " stroke-dasharray=\"5 3\"" : "");
}

std::string error_bar(const Axes& axes, double x, double low, double high) {
  const double from = axes.y.at_least_low(low), to = axes.y(high);
  if (std::isnan(from) || std::isnan(to)) return "";
  return fmt::format("M{} {}V{}M{} {}h6M{} {}h6", px(x), px(from), px(to), px(x - 3), px(from), px(x - 3), px(to));
}

std::string body(const PointLayer& points, const Axes& axes, std::size_t c) {
  std::string bars, marks;
  for (std::size_t i = 0; i < std::min(points.x.size(), points.y.size()); ++i) {
    const double x = axes.x(points.x[i]), y = axes.y(points.y[i]);
    if (std::isnan(x) || std::isnan(y)) continue;
    marks += marker(c, x, y);
    if (i < points.low.size() && i < points.high.size()) bars += error_bar(axes, x, points.low[i], points.high[i]);
  }
  const char* colour = palette[c % palette.size()];
  if (!bars.empty()) bars = fmt::format("<path d=\"{}\" stroke=\"{}\"/>\n", bars, colour);
  return marks.empty() ? bars : bars + fmt::format("<g fill=\"{}\">{}</g>\n", colour, marks);
}

std::string body(const BarLayer& layer, const Axes& axes, std::size_t c, std::size_t bar_index) {
  std::string out, bars;
  const double group = 0.8, width = group / static_cast<double>(axes.bar_layers);
  const double zero = axes.y.log ? axes.y(axes.y.low) : axes.y(std::clamp(0.0, axes.y.low, axes.y.high));
  for (std::size_t i = 0; i < layer.y.size(); ++i) {
    const double from = axes.x(static_cast<double>(i) - group / 2 + width * static_cast<double>(bar_index));
    const double to = axes.x(static_cast<double>(i) - group / 2 + width * static_cast<double>(bar_index + 1));
    const double y = axes.y(layer.y[i]);
    if (std::isnan(y)) continue;
    out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", px(from + 0.5), px(std::min(y, zero)),
                       px(std::max(0.5, to - from - 1)), px(std::abs(y - zero)));
    if (i < layer.low.size() && i < layer.high.size())
      bars += error_bar(axes, (from + to) / 2, layer.low[i], layer.high[i]);
  }
  if (!out.empty()) out = fmt::format("<g fill=\"{}\">{}</g>\n", palette[c % palette.size()], out);
  return bars.empty() ? out : out + fmt::format("<path d=\"{}\" stroke=\"#303030\"/>\n", bars);
}

std::string body(const HeatMap& map, const Axes& axes, std::size_t) {
  std::string cells, numbers;
  Scale scale = axes.colours;
  scale.pixels = 1;
  const double cell_width = axes.x.pixels / static_cast<double>(std::max<std::size_t>(1, map.columns));
  const double cell_height = axes.y.pixels / static_cast<double>(std::max<std::size_t>(1, rows_of(map)));
  double size = std::min(font, cell_height * 0.8);
  if (map.decimals) {
    double longest = 1;
    for (const double value : map.values)
      if (drawable(value)) longest = std::max(longest, width_of(fmt::format("{:.{}f}", value, *map.decimals), 1));
    size = std::min(size, (cell_width - 2) / longest);
  }
  for (std::size_t r = 0; r < rows_of(map); ++r) {
    const double y = axes.y(static_cast<double>(r) - 0.5);
    // Neighbours of one colour are one rectangle.
    std::string run_colour;
    std::size_t run_begin = 0;
    const auto flush = [&](std::size_t end) {
      if (!run_colour.empty())
        cells += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n",
                             px(axes.x(static_cast<double>(run_begin) - 0.5)), px(y),
                             px(cell_width * static_cast<double>(end - run_begin)), px(cell_height), run_colour);
    };
    for (std::size_t k = 0; k < map.columns; ++k) {
      const double value = map.values[r * map.columns + k], part = scale(value);
      const std::string colour = std::isnan(part) ? "" : shade_text(part);
      if (k == 0 || colour != run_colour) {
        flush(k);
        run_colour = colour;
        run_begin = k;
      }
      if (map.decimals && size >= 5 && !colour.empty())
        numbers += text_at(axes.x(static_cast<double>(k)), y + cell_height / 2 + size * 0.36,
                           fmt::format("{:.{}f}", value, *map.decimals), part > 0.5 ? " fill=\"white\"" : "");
    }
    flush(map.columns);
  }
  if (!cells.empty()) cells = "<g shape-rendering=\"crispEdges\">\n" + cells + "</g>\n";
  if (!numbers.empty())
    numbers = fmt::format("<g fill=\"black\" text-anchor=\"middle\" font-size=\"{}\">\n{}</g>\n", px(size), numbers);
  return cells + numbers;
}

// One path; marks that fall onto the same fifth of a pixel are one.
std::string body(const RasterLayer& raster, const Axes& axes, std::size_t c) {
  std::vector<std::pair<int, int>> marks;
  const double place = axes.y.pixels / std::max(1.0, axes.y.high - axes.y.low);
  const double height = std::clamp(place * 0.8, 1.0, 8.0);
  for (std::size_t i = 0; i < std::min(raster.x.size(), raster.y.size()); ++i) {
    const double x = axes.x(raster.x[i]), y = axes.y(raster.y[i]);
    if (!(x >= -1 && x <= axes.x.pixels + 1 && y >= -1 && y <= axes.y.pixels + 1)) continue;
    marks.emplace_back(static_cast<int>(std::floor(y * 5 + 0.5)), static_cast<int>(std::floor(x * 5 + 0.5)));
  }
  std::sort(marks.begin(), marks.end());
  marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
  if (marks.empty()) return "";
  std::string d;
  const std::string stroke = "v" + px(height);
  for (const auto& [y, x] : marks) d += fmt::format("M{} {}{}", px(x / 5.0), px(y / 5.0 - height / 2), stroke);
  return fmt::format("<path d=\"{}\" stroke=\"{}\" stroke-width=\"1\"/>\n", d, palette[c % palette.size()]);
}

std::string body(const ReferenceLine& line, const Axes& axes, std::size_t) {
  const double at = line.vertical ? axes.x(line.value) : axes.y(line.value);
  if (std::isnan(at)) return "";
  return fmt::format("<path d=\"{}\" stroke=\"#606060\" stroke-dasharray=\"3 3\"/>\n",
                     line.vertical ? fmt::format("M{} 0V{}", px(at), px(axes.y.pixels))
                                   : fmt::format("M0 {}H{}", px(at), px(axes.x.pixels)));
}

}  // namespace

std::string px(double value) {
  const double limited = std::clamp(value, -20'000.0, 20'000.0);  // far outside: cut off anyway
  std::string text = fmt::format("{:.2f}", limited);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

bool append_entity(std::uint32_t character, std::string& to) {
  switch (character) {
    case '&':
      to += "&amp;";
      return true;
    case '<':
      to += "&lt;";
      return true;
    case '>':
      to += "&gt;";
      return true;
    case '"':
      to += "&quot;";
      return true;
    default:
      return false;
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const std::uint32_t c : code_points(text)) {
    if (append_entity(c, out)) continue;
    if (c < 0x80) {
      out += static_cast<char>(c);
      continue;
    }
    if (c >= 0x10000) {
      out += static_cast<char>(0xf0 | c >> 18);
      out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    } else if (c >= 0x800) {
      out += static_cast<char>(0xe0 | c >> 12);
    }
    out += static_cast<char>(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
  return out;
}

double width_of(std::string_view text, double size) {
  return static_cast<double>(code_points(text).size()) * letter * size;
}

std::string text_at(double x, double y, std::string_view text, std::string_view more) {
  return text.empty() ? "" : fmt::format("<text x=\"{}\" y=\"{}\"{}>{}</text>\n", px(x), px(y), more, escaped(text));
}

std::string upright_text(double x, double y, std::string_view text) {
  return text_at(x, y, text, fmt::format(" text-anchor=\"middle\" transform=\"rotate(-90 {} {})\"", px(x), px(y)));
}

std::string marker(std::size_t shape, double x, double y) {
  switch (shape % 4) {
    case 0:
      return fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"3\"/>", px(x), px(y));
    case 1:
      return fmt::format("<rect x=\"{}\" y=\"{}\" width=\"5.6\" height=\"5.6\"/>", px(x - 2.8), px(y - 2.8));
    case 2:
      return fmt::format("<path d=\"M{} {}l3.6 6.2h-7.2z\"/>", px(x), px(y - 3.8));
    default:
      return fmt::format("<path d=\"M{} {}l3.8 3.8l-3.8 3.8l-3.8 -3.8z\"/>", px(x), px(y - 3.8));
  }
}

std::string shade_text(double part) {
  const double place = std::clamp(part, 0.0, 1.0) * (shades.size() - 1);
  const auto k = std::min(static_cast<std::size_t>(place), shades.size() - 2);
  const double t = place - static_cast<double>(k);
  const auto mix = [&](double Rgb::*c) {
    return static_cast<int>(std::floor(shades[k].*c + (shades[k + 1].*c - shades[k].*c) * t + 0.5));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(&Rgb::r), mix(&Rgb::g), mix(&Rgb::b));
}

std::size_t rows_of(const HeatMap& map) {
  return map.columns == 0 ? 0 : map.values.size() / map.columns;
}

std::string layer_text(const PictureLayer& layer, const Axes& axes, std::size_t colour, std::size_t& bar_index) {
  if (const auto* bars = std::get_if<BarLayer>(&layer)) return body(*bars, axes, colour, bar_index++);
  return std::visit(
      [&](const auto& one) -> std::string {
        if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, BarLayer>) return body(one, axes, colour);
        return {};
      },
      layer);
}

}  // namespace rheo::figures

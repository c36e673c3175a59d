#include "apps/figures/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "core/math.hpp"

namespace rheo {

namespace {

constexpr double font = 11, title_font = 12, line_height = 15;
constexpr double letter = 0.56;  // mean width of a letter of a sans-serif font, in its size
constexpr double nowhere = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<const char*, 8> palette{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                             "#e69f00", "#56b4e9", "#000000", "#f0e442"};

// --- Numbers -----------------------------------------------------------------------------------------------------

// Larger ones would overflow where ranges are computed.
bool drawable(double value) {
  return std::abs(value) <= 1e300;
}

// A length in pixels, at most two decimals, never "-0".
std::string px(double value) {
  const double limited = std::clamp(value, -20'000.0, 20'000.0);  // far outside: cut off anyway
  std::string text = fmt::format("{:.2f}", limited);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

double power_of_ten(int exponent) {
  double power = 1;  // exact up to 10^22
  for (int i = 0; i < std::abs(exponent); ++i) power *= 10;
  return exponent < 0 ? 1 / power : power;
}

double log10_of(double value) {
  return math::log(value) / 2.302585092994046;
}

// The exponent of a positive number: 10^e <= value < 10^(e+1).
int exponent_of(double value) {
  int e = static_cast<int>(std::floor(log10_of(value)));
  while (power_of_ten(e) > value) --e;
  while (power_of_ten(e + 1) <= value) ++e;
  return e;
}

// k m 10^e, rounded once.
double decimal(double k, int m, int e) {
  return e < 0 ? k * m / power_of_ten(-e) : k * m * power_of_ten(e);
}

struct Step {
  int m = 1, e = 0;  // m 10^e with m 1, 2 or 5
};

Step step_of(double range, std::size_t at_most) {
  const double raw = range / static_cast<double>(std::max<std::size_t>(1, at_most));
  const int e = exponent_of(raw);
  for (const int m : {1, 2, 5}) {
    if (decimal(1, m, e) >= raw * (1 - 1e-9)) return {m, e};
  }
  return {1, e + 1};
}

// --- Texts -------------------------------------------------------------------------------------------------------

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

std::string escaped(std::string_view text) {
  std::string out;
  for (const std::uint32_t c : code_points(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (c < 0x80) {
          out += static_cast<char>(c);
        } else {
          if (c >= 0x10000) {
            out += static_cast<char>(0xf0 | c >> 18);
            out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
          } else if (c >= 0x800) {
            out += static_cast<char>(0xe0 | c >> 12);
          }
          out += static_cast<char>(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
          out += static_cast<char>(0x80 | (c & 0x3f));
        }
    }
  }
  return out;
}

double width_of(std::string_view text, double size = font) {
  return static_cast<double>(code_points(text).size()) * letter * size;
}

// `more`: further attributes.
std::string text_at(double x, double y, std::string_view text, std::string_view more = "") {
  return text.empty() ? "" : fmt::format("<text x=\"{}\" y=\"{}\"{}>{}</text>\n", px(x), px(y), more, escaped(text));
}

std::string power_text(int exponent) {
  static constexpr std::array<const char*, 10> raised{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = exponent < 0 ? "10⁻" : "10";
  for (const char digit : std::to_string(std::abs(exponent))) text += raised[static_cast<std::size_t>(digit - '0')];
  return text;
}

// --- Axes --------------------------------------------------------------------------------------------------------

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value, bool log = false) {
    if (!drawable(value) || (log && value < 1e-300)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

struct Tick {
  double value;
  std::string label;
};

// An axis with its range settled: from values to pixels, and what is written beside it.
struct Scale {
  bool log = false;
  double low = 0, high = 1;  // of the values
  double pixels = 1;
  bool upwards = false;  // low values at the bottom
  std::vector<Tick> ticks = {};
  std::vector<double> small_ticks = {};
  std::string label = {};

  // NaN where there is nothing to draw.
  double operator()(double value) const {
    if (!drawable(value) || (log && value < 1e-300)) return nowhere;
    const double part =
        log ? (log10_of(value) - log10_of(low)) / (log10_of(high) - log10_of(low)) : (value - low) / (high - low);
    return (upwards ? 1 - part : part) * pixels;
  }
  // What is not positive lies at the low end.
  double at_least_low(double value) const { return log && value < 1e-300 ? (*this)(low) : (*this)(value); }
};

void label_linear(Scale& scale, std::size_t at_most) {
  const std::vector<double> values = linear_ticks(scale.low, scale.high, at_most);
  const double size = std::max(std::abs(scale.low), std::abs(scale.high));
  const int magnitude = exponent_of(size);
  const int shared = magnitude >= 5 || magnitude < -3 ? magnitude : 0;  // written once, at the axis label
  const int decimals = std::max(0, shared - step_of(scale.high - scale.low, at_most).e);
  for (const double value : values) {
    std::string text =
        fmt::format("{:.{}f}", shared < 0 ? value * power_of_ten(-shared) : value / power_of_ten(shared), decimals);
    scale.ticks.push_back({value, text.front() == '-' ? "−" + text.substr(1) : text});
  }
  if (shared != 0)
    scale.label += (scale.label.empty() ? "×" : " (×") + power_text(shared) + (scale.label.empty() ? "" : ")");
}

void label_log(Scale& scale, std::size_t at_most) {
  const std::vector<double> values = log_ticks(scale.low, scale.high, at_most);
  const bool plain = scale.low >= 0.9e-3 && scale.high < 1.1e4;
  bool decades_only = true;
  for (const double value : values) {
    const int e = exponent_of(value);
    const double mantissa = e < 0 ? value * power_of_ten(-e) : value / power_of_ten(e);
    const bool decade = std::abs(mantissa - 1) < 1e-9;
    decades_only &= decade;
    scale.ticks.push_back({value, plain    ? fmt::format("{:.6g}", value)
                                  : decade ? power_text(e)
                                           : fmt::format("{:.6g}×{}", mantissa, power_text(e))});
  }
  const int first = exponent_of(scale.low), last = exponent_of(scale.high);
  if (!decades_only || last - first > static_cast<int>(at_most)) return;
  for (int e = first; e <= last; ++e) {
    for (int m = 2; m < 10; ++m) {
      const double value = decimal(1, m, e);
      if (value > scale.low && value < scale.high) scale.small_ticks.push_back(value);
    }
  }
}

// Some air around what is drawn, and a range that is not empty.
Scale scale_of(const Axis& axis, Extent extent, bool from_zero, std::size_t at_most) {
  Scale scale{axis.log};
  scale.label = axis.label;
  if (from_zero && !axis.log) extent.add(0);
  double low = extent.low, high = extent.high;
  if (extent.empty()) {
    low = axis.log ? 1 : 0;
    high = axis.log ? 10 : 1;
  } else if (axis.log) {
    const double air = high > low * (1 + 1e-9) ? math::exp(0.04 * (math::log(high) - math::log(low))) : 2;
    low = std::max(low / air, 1e-300);
    high *= air;
  } else {
    const double size = std::max(std::abs(low), std::abs(high));
    const double air = high - low > 1e-9 * size ? 0.04 * (high - low) : size > 1e-300 ? 0.5 * size : 0.5;
    low -= from_zero && low == 0 ? 0 : air;
    high += from_zero && high == 0 && extent.low != 0 ? 0 : air;
  }
  const auto usable = [&](const std::optional<double>& end) {
    return end && drawable(*end) && (!axis.log || *end >= 1e-300);
  };
  if (usable(axis.low)) low = *axis.low;
  if (usable(axis.high)) high = *axis.high;
  // Two ends of which one was asked for may have met.
  if (axis.log ? high <= low * (1 + 1e-9) : high - low <= 1e-9 * std::max(std::abs(low), std::abs(high))) {
    const double size = std::max(std::abs(low), 1e-290);
    high = axis.log ? low * 10 : low + (low == 0 ? 1 : size);
  }
  scale.low = low;
  scale.high = high;
  axis.log ? label_log(scale, at_most) : label_linear(scale, at_most);
  return scale;
}

// n places of width 1 about 0, 1, ..., each with its name.
Scale categories_of(const Axis& axis, std::size_t n, const std::vector<std::string>& names) {
  Scale scale;
  scale.label = axis.label;
  scale.low = -0.5;
  scale.high = static_cast<double>(std::max<std::size_t>(1, n)) - 0.5;
  for (std::size_t i = 0; i < n; ++i)
    scale.ticks.push_back({static_cast<double>(i), names.empty()      ? std::to_string(i)
                                                   : i < names.size() ? names[i]
                                                                      : ""});
  return scale;
}

// --- One panel ---------------------------------------------------------------------------------------------------

// Colours of heat maps, from low to high: darkness grows all the way, so that they survive a grey print.
struct Rgb {
  double r, g, b;
};
constexpr std::array<Rgb, 5> shades{{{255, 252, 232}, {180, 221, 196}, {72, 166, 178}, {30, 96, 150}, {22, 28, 84}}};

Rgb shade_of(double part) {
  const double place = std::clamp(part, 0.0, 1.0) * (shades.size() - 1);
  const auto k = std::min(static_cast<std::size_t>(place), shades.size() - 2);
  const double t = place - static_cast<double>(k);
  const auto mix = [t](double a, double b) { return std::floor(a + (b - a) * t + 0.5); };
  return {mix(shades[k].r, shades[k + 1].r), mix(shades[k].g, shades[k + 1].g), mix(shades[k].b, shades[k + 1].b)};
}

std::string text_of(const Rgb& c) {
  return fmt::format("#{:02x}{:02x}{:02x}", static_cast<int>(c.r), static_cast<int>(c.g), static_cast<int>(c.b));
}

Scale colours_of(const HeatMap& map) {
  Extent extent;
  for (const double value : map.values) extent.add(value);
  Axis axis{map.label};
  if (!extent.empty()) axis.low = extent.low, axis.high = extent.high;
  if (map.low) axis.low = map.low;
  if (map.high) axis.high = map.high;
  return scale_of(axis, extent, false, 5);
}

std::size_t rows_of(const HeatMap& map) {
  return map.columns == 0 ? 0 : map.values.size() / map.columns;
}

template <class Layer>
void add_uncertain(Extent& extent, const Layer& layer, std::size_t n, bool log) {
  for (std::size_t i = 0; i < std::min(n, layer.low.size()); ++i) extent.add(layer.low[i], log);
  for (std::size_t i = 0; i < std::min(n, layer.high.size()); ++i) extent.add(layer.high[i], log);
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

struct LegendEntry {
  std::string sample;  // drawn in a box of 22 x 12
  std::string name;
};

class Drawing {
 public:
  Drawing(const Panel& panel, double width, double height) : panel_(panel), width_(width), height_(height) {
    settle_axes();
    settle_legend();
  }

  // What is needed beside the axes' rectangle.
  double left() const { return 10 + tick_width_ + (y_.label.empty() ? 0 : 17); }
  double right() const { return map_ == nullptr ? 14 : 34 + colour_width_ + (colours_.label.empty() ? 0 : 16); }
  double top() const { return (panel_.title.empty() ? 10 : 24) + static_cast<double>(legend_rows()) * line_height; }
  double bottom() const { return 10 + tick_height_ + (x_.label.empty() ? 0 : 18); }

  // With the margins that the neighbours in the grid need too.
  std::string draw(double left, double top, double bottom) {
    const double w = std::max(20.0, width_ - left - right()), h = std::max(20.0, height_ - top - bottom);
    x_.pixels = w;
    y_.pixels = h;
    std::string out = fmt::format("<g transform=\"translate({},{})\">\n", px(left), px(top));
    out += grid();
    // An svg inside cuts off what leaves it, and needs no id for that.
    out += fmt::format("<svg width=\"{}\" height=\"{}\" fill=\"none\">\n", px(w), px(h));
    bar_index_ = 0;
    std::size_t automatic = 0;
    for (const PictureLayer& layer : panel_.layers) {
      const std::size_t c = colour_of(layer, automatic);
      std::visit([&](const auto& one) { out += body(one, c); }, layer);
    }
    out += "</svg>\n" + names_of_references() + frame();
    if (map_ != nullptr) out += colour_bar();
    out += legend();
    out += text_at(w / 2, -top + 15, panel_.title,
                   fmt::format(" text-anchor=\"middle\" font-weight=\"bold\" font-size=\"{}\"", title_font));
    return out + "</g>\n";
  }

 private:
  static std::size_t colour_of(const PictureLayer& layer, std::size_t& automatic) {
    return std::visit(
        [&](const auto& one) -> std::size_t {
          if constexpr (requires { one.colour; }) return one.colour ? *one.colour : automatic++;
          return 0;
        },
        layer);
  }

  void settle_axes() {
    Extent x, y;
    const bool x_log = panel_.x.log, y_log = panel_.y.log;
    for (const PictureLayer& layer : panel_.layers) {
      if (const auto* map = std::get_if<HeatMap>(&layer)) map_ = map;
      if (const auto* bars = std::get_if<BarLayer>(&layer)) {
        ++bar_layers_;
        categories_ = std::max({categories_, panel_.categories.size(), bars->y.size()});
        for (const double value : bars->y) y.add(value, y_log);
        add_uncertain(y, *bars, bars->y.size(), y_log);
      }
      const auto points = [&](const auto& one) {
        for (std::size_t i = 0; i < std::min(one.x.size(), one.y.size()); ++i) {
          if (!drawable(one.x[i]) || !drawable(one.y[i])) continue;
          x.add(one.x[i], x_log);
          y.add(one.y[i], y_log);
        }
      };
      if (const auto* line = std::get_if<LineLayer>(&layer))
        points(*line), add_uncertain(y, *line, line->x.size(), y_log);
      if (const auto* one = std::get_if<PointLayer>(&layer)) points(*one), add_uncertain(y, *one, one->x.size(), y_log);
      if (const auto* raster = std::get_if<RasterLayer>(&layer)) points(*raster);
      if (const auto* reference = std::get_if<ReferenceLine>(&layer))
        reference->vertical ? x.add(reference->value, x_log) : y.add(reference->value, y_log);
    }
    const auto most = [](double pixels, double each) {
      return static_cast<std::size_t>(std::max(2.0, (pixels - 70) / each));
    };
    if (map_ != nullptr) {
      x_ = categories_of(panel_.x, map_->columns, map_->column_names);
      y_ = categories_of(panel_.y, rows_of(*map_), map_->row_names);
      colours_ = colours_of(*map_);
      for (const Tick& tick : colours_.ticks) colour_width_ = std::max(colour_width_, width_of(tick.label));
    } else {
      x_ = bar_layers_ != 0 ? categories_of(panel_.x, categories_, panel_.categories)
                            : scale_of(panel_.x, x, false, most(width_, 48));
      y_ = scale_of(panel_.y, y, bar_layers_ != 0, most(height_, 30));
      y_.upwards = true;
    }
    // Names that would run into one another are left out one by one, or on the x axis first of all turned.
    for (const Tick& tick : y_.ticks) tick_width_ = std::max(tick_width_, width_of(tick.label));
    tick_width_ = std::min(tick_width_, width_ * 0.4);
    if (map_ != nullptr) thin(y_, (height_ - 70) / static_cast<double>(std::max<std::size_t>(1, rows_of(*map_))), 12);
    tick_height_ = 12;
    if (map_ != nullptr || bar_layers_ != 0) {
      double longest = 0;
      for (const Tick& tick : x_.ticks) longest = std::max(longest, width_of(tick.label));
      const double place = (width_ - left() - right()) / (x_.high - x_.low);
      const bool numbers = map_ != nullptr && map_->column_names.empty();
      turned_ = !numbers && longest + 6 > place;
      thin(x_, place, numbers ? longest + 6 : 14);
      if (turned_) tick_height_ = std::min(longest * 0.64 + 10, height_ * 0.4);
    }
  }

  static void thin(Scale& scale, double place, double needed) {
    const auto every = static_cast<std::size_t>(std::max(1.0, std::ceil(needed / std::max(place, 1e-3))));
    std::vector<Tick> kept;
    for (std::size_t i = 0; i < scale.ticks.size(); i += every) kept.push_back(std::move(scale.ticks[i]));
    scale.ticks = std::move(kept);
  }

  void settle_legend() {
    std::size_t automatic = 0;
    for (const PictureLayer& layer : panel_.layers) {
      const std::size_t c = colour_of(layer, automatic);
      const char* colour = palette[c % palette.size()];
      if (const auto* line = std::get_if<LineLayer>(&layer))
        entries_.push_back({fmt::format("<path d=\"M0 6h20\" stroke=\"{}\" stroke-width=\"1.6\"{}/>", colour,
                                        line->dashed ? " stroke-dasharray=\"5 3\"" : ""),
                            line->name});
      if (const auto* points = std::get_if<PointLayer>(&layer))
        entries_.push_back({fmt::format("<g fill=\"{}\">{}</g>", colour, marker(c, 10, 6)), points->name});
      const auto box = fmt::format("<rect x=\"5\" y=\"1\" width=\"10\" height=\"10\" fill=\"{}\"/>", colour);
      if (const auto* bars = std::get_if<BarLayer>(&layer)) entries_.push_back({box, bars->name});
      if (const auto* raster = std::get_if<RasterLayer>(&layer)) entries_.push_back({box, raster->name});
    }
    std::erase_if(entries_, [](const LegendEntry& entry) { return entry.name.empty(); });
  }

  // Places of the entries, row by row above the axes: nothing is ever hidden behind them.
  std::vector<std::pair<double, std::size_t>> legend_places() const {
    const double width = std::max(20.0, width_ - left() - right());
    std::vector<std::pair<double, std::size_t>> places;
    double x = 0;
    std::size_t row = 0;
    for (const LegendEntry& entry : entries_) {
      const double needed = 24 + width_of(entry.name);
      if (x > 0 && x + needed > width) x = 0, ++row;
      places.emplace_back(x, row);
      x += needed + 10;
    }
    return places;
  }
  std::size_t legend_rows() const { return entries_.empty() ? 0 : legend_places().back().second + 1; }

  std::string legend() const {
    std::string out;
    const auto places = legend_places();
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const double y = (static_cast<double>(places[i].second) - static_cast<double>(legend_rows())) * line_height - 3;
      out += fmt::format("<g transform=\"translate({},{})\" fill=\"none\">{}</g>\n", px(places[i].first), px(y),
                         entries_[i].sample);
      out += text_at(places[i].first + 24, y + 10, entries_[i].name);
    }
    return out;
  }

  std::string grid() const {
    if (map_ != nullptr) return "";
    std::string d;
    if (bar_layers_ == 0)
      for (const Tick& tick : x_.ticks) d += fmt::format("M{} 0v{}", px(x_(tick.value)), px(y_.pixels));
    for (const Tick& tick : y_.ticks) d += fmt::format("M0 {}h{}", px(y_(tick.value)), px(x_.pixels));
    return d.empty() ? "" : fmt::format("<path d=\"{}\" stroke=\"#e4e4e4\" fill=\"none\"/>\n", d);
  }

  // Axes, ticks and what is written at them.
  std::string frame() const {
    const double w = x_.pixels, h = y_.pixels;
    std::string d =
        map_ != nullptr ? fmt::format("M0 0h{}v{}h-{}z", px(w), px(h), px(w)) : fmt::format("M0 0v{}h{}", px(h), px(w));
    std::string texts;
    for (const Tick& tick : x_.ticks) {
      const double x = x_(tick.value);
      d += fmt::format("M{} {}v4", px(x), px(h));
      texts += turned_
                   ? text_at(x + 4, h + 13, tick.label,
                             fmt::format(" text-anchor=\"end\" transform=\"rotate(-40 {} {})\"", px(x + 4), px(h + 13)))
                   : text_at(x, h + 16, tick.label, " text-anchor=\"middle\"");
    }
    for (const double value : x_.small_ticks) d += fmt::format("M{} {}v2", px(x_(value)), px(h));
    for (const Tick& tick : y_.ticks) {
      d += fmt::format("M0 {}h-4", px(y_(tick.value)));
      texts += text_at(-7, y_(tick.value) + 4, tick.label, " text-anchor=\"end\"");
    }
    for (const double value : y_.small_ticks) d += fmt::format("M0 {}h-2", px(y_(value)));
    texts += text_at(w / 2, h + tick_height_ + 19, x_.label, " text-anchor=\"middle\"");
    const double y_label = -tick_width_ - 15;
    texts += text_at(y_label, h / 2, y_.label,
                     fmt::format(" text-anchor=\"middle\" transform=\"rotate(-90 {} {})\"", px(y_label), px(h / 2)));
    return fmt::format("<path d=\"{}\" stroke=\"#404040\" fill=\"none\"/>\n", d) + texts;
  }

  std::string colour_bar() const {
    const double x = x_.pixels + 12, h = y_.pixels;
    Scale scale = colours_;
    scale.pixels = h;
    scale.upwards = true;
    std::string out;
    constexpr int pieces = 64;
    for (int i = 0; i < pieces; ++i) {
      const double part = (i + 0.5) / pieces, top = h * (1 - (i + 1.0) / pieces);
      // Half a pixel of overlap, so that no seam shows.
      out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"10\" height=\"{}\" fill=\"{}\"/>\n", px(x), px(top),
                         px(h / pieces + (i == 0 ? 0 : 0.5)), text_of(shade_of(part)));
    }
    for (const Tick& tick : scale.ticks) out += text_at(x + 14, scale(tick.value) + 4, tick.label);
    const double label = x + 14 + colour_width_ + 13;
    out += text_at(label, h / 2, scale.label,
                   fmt::format(" text-anchor=\"middle\" transform=\"rotate(-90 {} {})\"", px(label), px(h / 2)));
    return out;
  }

  // Names stand at the lines' ends, on white, and step down where they would meet.
  std::string names_of_references() const {
    std::string out;
    constexpr std::string_view halo =
        " stroke=\"white\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
    std::vector<std::pair<double, double>> row_ends;  // of names at vertical lines: from, to
    for (const PictureLayer& layer : panel_.layers) {
      const auto* line = std::get_if<ReferenceLine>(&layer);
      if (line == nullptr || line->name.empty()) continue;
      const double at = line->vertical ? x_(line->value) : y_(line->value);
      const double end = line->vertical ? x_.pixels : y_.pixels;
      if (!(at >= -1e-6 && at <= end + 1e-6)) continue;
      if (!line->vertical) {
        out +=
            text_at(x_.pixels - 2, at < 16 ? at + 12 : at - 4, line->name, fmt::format(" text-anchor=\"end\"{}", halo));
        continue;
      }
      const double width = width_of(line->name), from = at + 3 + width > x_.pixels ? at - 3 - width : at + 3;
      std::size_t row = 0;
      while (row < row_ends.size() && from < row_ends[row].second && from + width > row_ends[row].first) ++row;
      if (row == row_ends.size()) row_ends.emplace_back(from, from + width);
      row_ends[row] = {std::min(from, row_ends[row].first), std::max(from + width, row_ends[row].second)};
      out += text_at(from, 11 + 13 * static_cast<double>(row), line->name, halo);
    }
    return out;
  }

  // --- Layers, in the pixels of the axes' rectangle ---

  // Of many points in the same column of pixels only the first, lowest, highest and last show.
  std::string body(const LineLayer& line, std::size_t c) const {
    const char* colour = palette[c % palette.size()];
    std::string out = band(line, colour), d;
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
      const Point point{x_(line.x[i]), y_(line.y[i])};
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

  std::string band(const LineLayer& line, const char* colour) const {
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
      const double x = x_(line.x[i]), low = y_.at_least_low(line.low[i]), high = y_(line.high[i]);
      if (std::isnan(x) || std::isnan(low) || std::isnan(high)) {
        flush();
        continue;
      }
      piece.push_back({x, low, high});
    }
    flush();
    return out;
  }

  std::string error_bar(double x, double low, double high) const {
    const double from = y_.at_least_low(low), to = y_(high);
    if (std::isnan(from) || std::isnan(to)) return "";
    return fmt::format("M{} {}V{}M{} {}h6M{} {}h6", px(x), px(from), px(to), px(x - 3), px(from), px(x - 3), px(to));
  }

  std::string body(const PointLayer& points, std::size_t c) const {
    std::string bars, marks;
    for (std::size_t i = 0; i < std::min(points.x.size(), points.y.size()); ++i) {
      const double x = x_(points.x[i]), y = y_(points.y[i]);
      if (std::isnan(x) || std::isnan(y)) continue;
      marks += marker(c, x, y);
      if (i < points.low.size() && i < points.high.size()) bars += error_bar(x, points.low[i], points.high[i]);
    }
    const char* colour = palette[c % palette.size()];
    if (!bars.empty()) bars = fmt::format("<path d=\"{}\" stroke=\"{}\"/>\n", bars, colour);
    return marks.empty() ? bars : bars + fmt::format("<g fill=\"{}\">{}</g>\n", colour, marks);
  }

  std::string body(const BarLayer& layer, std::size_t c) {
    std::string out, bars;
    const double group = 0.8, width = group / static_cast<double>(bar_layers_);
    const double zero = y_.log ? y_(y_.low) : y_(std::clamp(0.0, y_.low, y_.high));
    for (std::size_t i = 0; i < layer.y.size(); ++i) {
      const double from = x_(static_cast<double>(i) - group / 2 + width * static_cast<double>(bar_index_));
      const double to = x_(static_cast<double>(i) - group / 2 + width * static_cast<double>(bar_index_ + 1));
      const double y = y_(layer.y[i]);
      if (std::isnan(y)) continue;
      out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", px(from + 0.5), px(std::min(y, zero)),
                         px(std::max(0.5, to - from - 1)), px(std::abs(y - zero)));
      if (i < layer.low.size() && i < layer.high.size())
        bars += error_bar((from + to) / 2, layer.low[i], layer.high[i]);
    }
    ++bar_index_;
    if (!out.empty()) out = fmt::format("<g fill=\"{}\">{}</g>\n", palette[c % palette.size()], out);
    return bars.empty() ? out : out + fmt::format("<path d=\"{}\" stroke=\"#303030\"/>\n", bars);
  }

  std::string body(const HeatMap& map, std::size_t) const {
    std::string cells, numbers;
    Scale scale = colours_;
    scale.pixels = 1;
    const double cell_width = x_.pixels / static_cast<double>(std::max<std::size_t>(1, map.columns));
    const double cell_height = y_.pixels / static_cast<double>(std::max<std::size_t>(1, rows_of(map)));
    double size = std::min(font, cell_height * 0.8);
    if (map.decimals) {
      double longest = 1;
      for (const double value : map.values)
        if (drawable(value)) longest = std::max(longest, width_of(fmt::format("{:.{}f}", value, *map.decimals), 1));
      size = std::min(size, (cell_width - 2) / longest);
    }
    for (std::size_t r = 0; r < rows_of(map); ++r) {
      const double y = y_(static_cast<double>(r) - 0.5);
      // Neighbours of one colour are one rectangle.
      std::string run_colour;
      std::size_t run_begin = 0;
      const auto flush = [&](std::size_t end) {
        if (!run_colour.empty())
          cells += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n",
                               px(x_(static_cast<double>(run_begin) - 0.5)), px(y),
                               px(cell_width * static_cast<double>(end - run_begin)), px(cell_height), run_colour);
      };
      for (std::size_t k = 0; k < map.columns; ++k) {
        const double value = map.values[r * map.columns + k], part = scale(value);
        const std::string colour = std::isnan(part) ? "" : text_of(shade_of(part));
        if (k == 0 || colour != run_colour) {
          flush(k);
          run_colour = colour;
          run_begin = k;
        }
        if (map.decimals && size >= 5 && !colour.empty())
          numbers += text_at(x_(static_cast<double>(k)), y + cell_height / 2 + size * 0.36,
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
  std::string body(const RasterLayer& raster, std::size_t c) const {
    std::vector<std::pair<int, int>> marks;
    const double place = y_.pixels / std::max(1.0, y_.high - y_.low);
    const double height = std::clamp(place * 0.8, 1.0, 8.0);
    for (std::size_t i = 0; i < std::min(raster.x.size(), raster.y.size()); ++i) {
      const double x = x_(raster.x[i]), y = y_(raster.y[i]);
      if (!(x >= -1 && x <= x_.pixels + 1 && y >= -1 && y <= y_.pixels + 1)) continue;
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

  std::string body(const ReferenceLine& line, std::size_t) const {
    const double at = line.vertical ? x_(line.value) : y_(line.value);
    if (std::isnan(at)) return "";
    return fmt::format("<path d=\"{}\" stroke=\"#606060\" stroke-dasharray=\"3 3\"/>\n",
                       line.vertical ? fmt::format("M{} 0V{}", px(at), px(y_.pixels))
                                     : fmt::format("M0 {}H{}", px(at), px(x_.pixels)));
  }

  const Panel& panel_;
  double width_, height_;
  const HeatMap* map_ = nullptr;  // the last one has the axes
  std::size_t bar_layers_ = 0, bar_index_ = 0, categories_ = 0;
  Scale x_, y_, colours_;
  double tick_width_ = 0, tick_height_ = 0, colour_width_ = 0;
  bool turned_ = false;
  std::vector<LegendEntry> entries_;
};

}  // namespace

std::vector<double> linear_ticks(double low, double high, std::size_t at_most) {
  if (!drawable(low) || !drawable(high) || high - low <= 1e-9 * std::max(std::abs(low), std::abs(high))) return {};
  const Step step = step_of(high - low, at_most);
  const double size = decimal(1, step.m, step.e);
  std::vector<double> ticks;
  const double last = std::floor(high / size + 1e-9);
  for (double k = std::ceil(low / size - 1e-9); k <= last; ++k) ticks.push_back(decimal(k, step.m, step.e) + 0.0);
  return ticks;
}

std::vector<double> log_ticks(double low, double high, std::size_t at_most) {
  if (!(low >= 1e-300) || !drawable(high) || high <= low) return {};
  const auto inside = [&](double value) { return value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9); };
  const int first = exponent_of(low), last = exponent_of(high * (1 + 1e-9));
  std::vector<double> decades, between;
  for (int e = first; e <= last; ++e) {
    for (const int m : {1, 2, 5}) {
      const double value = decimal(1, m, e);
      if (!inside(value)) continue;
      between.push_back(value);
      if (m == 1) decades.push_back(value);
    }
  }
  if (between.size() < 2) return linear_ticks(low, high, at_most);
  if (decades.size() < 3 && between.size() <= std::max<std::size_t>(2, at_most) + 1) return between;
  if (decades.size() < 2) return between;
  const int every = static_cast<int>((decades.size() - 1) / std::max<std::size_t>(1, at_most)) + 1;
  std::vector<double> ticks;
  for (const double value : decades)
    if (exponent_of(value) % every == 0) ticks.push_back(value);
  return ticks;
}

std::string svg(const Picture& picture) {
  const std::size_t n = picture.panels.size();
  const std::size_t columns = std::max<std::size_t>(1, std::min(picture.columns, n));
  const std::size_t rows = (n + columns - 1) / columns;
  const double head = picture.title.empty() ? 0 : 26;
  const double width = picture.panel_width * static_cast<double>(columns);
  const double height = head + picture.panel_height * static_cast<double>(rows);

  std::vector<Drawing> drawings;
  drawings.reserve(n);
  for (const Panel& panel : picture.panels) drawings.emplace_back(panel, picture.panel_width, picture.panel_height);
  // Axes of one column stand below, of one row beside one another.
  std::vector<double> left(columns, 0), top(rows, 0), bottom(rows, 0);
  for (std::size_t i = 0; i < n; ++i) {
    left[i % columns] = std::max(left[i % columns], drawings[i].left());
    top[i / columns] = std::max(top[i / columns], drawings[i].top());
    bottom[i / columns] = std::max(bottom[i / columns], drawings[i].bottom());
  }

  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"{2}\">\n",
      px(width), px(height), px(font));
  if (!picture.title.empty()) out += fmt::format("<title>{}</title>\n", escaped(picture.title));
  out += fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"white\"/>\n", px(width), px(height));
  out += text_at(width / 2, 18, picture.title, " text-anchor=\"middle\" font-weight=\"bold\" font-size=\"14\"");
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t row = i / columns, column = i % columns;
    out += fmt::format("<g transform=\"translate({},{})\">\n", px(picture.panel_width * static_cast<double>(column)),
                       px(head + picture.panel_height * static_cast<double>(row)));
    out += drawings[i].draw(left[column], top[row], bottom[row]) + "</g>\n";
  }
  return out + "</svg>\n";
}

}  // namespace rheo

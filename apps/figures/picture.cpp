#include "apps/figures/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "apps/figures/layers.hpp"
#include "apps/figures/scale.hpp"

namespace rheo::figures {
namespace {

constexpr double title_font = 12, line_height = 15;

struct LegendEntry {
  std::string sample;  // drawn in a box of 22 x 12
  std::string name;
};

Scale colours_of(const HeatMap& map) {
  Extent extent;
  for (const double value : map.values) extent.add(value);
  Axis axis{map.label};
  if (!extent.empty()) axis.low = extent.low, axis.high = extent.high;
  if (map.low) axis.low = map.low;
  if (map.high) axis.high = map.high;
  return scale_of(axis, extent, false, 5);
}

template <class Layer>
void add_uncertain(Extent& extent, const Layer& layer, std::size_t n, bool log) {
  for (std::size_t i = 0; i < std::min(n, layer.low.size()); ++i) extent.add(layer.low[i], log);
  for (std::size_t i = 0; i < std::min(n, layer.high.size()); ++i) extent.add(layer.high[i], log);
}

class PanelDrawing {
 public:
  PanelDrawing(const Panel& panel, double width, double height) : panel_(panel), width_(width), height_(height) {
    settle_axes();
    settle_legend();
  }

  // What is needed beside the axes' rectangle.
  double left() const { return 10 + tick_width_ + (axes_.y.label.empty() ? 0 : 17); }
  double right() const { return map_ == nullptr ? 14 : 34 + colour_width_ + (axes_.colours.label.empty() ? 0 : 16); }
  double top() const { return (panel_.title.empty() ? 10 : 24) + static_cast<double>(legend_rows()) * line_height; }
  double bottom() const { return 10 + tick_height_ + (axes_.x.label.empty() ? 0 : 18); }

  // With the margins that the neighbours in the grid need too.
  std::string draw(double left, double top, double bottom) {
    const double w = std::max(20.0, width_ - left - right()), h = std::max(20.0, height_ - top - bottom);
    axes_.x.pixels = w;
    axes_.y.pixels = h;
    std::string out = fmt::format("<g transform=\"translate({},{})\">\n", px(left), px(top));
    out += grid();
    // An svg inside cuts off what leaves it, and needs no id for that.
    out += fmt::format("<svg width=\"{}\" height=\"{}\" fill=\"none\">\n", px(w), px(h));
    std::size_t automatic = 0, bar_index = 0;
    for (const PictureLayer& layer : panel_.layers) {
      const std::size_t c = colour_of(layer, automatic);
      out += layer_text(layer, axes_, c, bar_index);
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
        ++axes_.bar_layers;
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
      axes_.x = categories_of(panel_.x, map_->columns, map_->column_names);
      axes_.y = categories_of(panel_.y, rows_of(*map_), map_->row_names);
      axes_.colours = colours_of(*map_);
      for (const LabelledTick& tick : axes_.colours.ticks)
        colour_width_ = std::max(colour_width_, width_of(tick.label));
    } else {
      axes_.x = axes_.bar_layers != 0 ? categories_of(panel_.x, categories_, panel_.categories)
                                      : scale_of(panel_.x, x, false, most(width_, 48));
      axes_.y = scale_of(panel_.y, y, axes_.bar_layers != 0, most(height_, 30));
      axes_.y.upwards = true;
    }
    // Names that would run into one another are left out one by one, or on the x axis first of all turned.
    for (const LabelledTick& tick : axes_.y.ticks) tick_width_ = std::max(tick_width_, width_of(tick.label));
    tick_width_ = std::min(tick_width_, width_ * 0.4);
    if (map_ != nullptr)
      thin(axes_.y, (height_ - 70) / static_cast<double>(std::max<std::size_t>(1, rows_of(*map_))), 12);
    tick_height_ = 12;
    if (map_ != nullptr || axes_.bar_layers != 0) {
      double longest = 0;
      for (const LabelledTick& tick : axes_.x.ticks) longest = std::max(longest, width_of(tick.label));
      const double place = (width_ - left() - right()) / (axes_.x.high - axes_.x.low);
      const bool numbers = map_ != nullptr && map_->column_names.empty();
      turned_ = !numbers && longest + 6 > place;
      thin(axes_.x, place, numbers ? longest + 6 : 14);
      if (turned_) tick_height_ = std::min(longest * 0.64 + 10, height_ * 0.4);
    }
  }

  static void thin(Scale& scale, double place, double needed) {
    const auto every = static_cast<std::size_t>(std::max(1.0, std::ceil(needed / std::max(place, 1e-3))));
    std::vector<LabelledTick> kept;
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
    if (axes_.bar_layers == 0)
      for (const LabelledTick& tick : axes_.x.ticks)
        d += fmt::format("M{} 0v{}", px(axes_.x(tick.value)), px(axes_.y.pixels));
    for (const LabelledTick& tick : axes_.y.ticks)
      d += fmt::format("M0 {}h{}", px(axes_.y(tick.value)), px(axes_.x.pixels));
    return d.empty() ? "" : fmt::format("<path d=\"{}\" stroke=\"#e4e4e4\" fill=\"none\"/>\n", d);
  }

  // Axes, ticks and what is written at them.
  std::string frame() const {
    const double w = axes_.x.pixels, h = axes_.y.pixels;
    std::string d =
        map_ != nullptr ? fmt::format("M0 0h{}v{}h-{}z", px(w), px(h), px(w)) : fmt::format("M0 0v{}h{}", px(h), px(w));
    std::string texts;
    for (const LabelledTick& tick : axes_.x.ticks) {
      const double x = axes_.x(tick.value);
      d += fmt::format("M{} {}v4", px(x), px(h));
      texts += turned_
                   ? text_at(x + 4, h + 13, tick.label,
                             fmt::format(" text-anchor=\"end\" transform=\"rotate(-40 {} {})\"", px(x + 4), px(h + 13)))
                   : text_at(x, h + 16, tick.label, " text-anchor=\"middle\"");
    }
    for (const double value : axes_.x.small_ticks) d += fmt::format("M{} {}v2", px(axes_.x(value)), px(h));
    for (const LabelledTick& tick : axes_.y.ticks) {
      d += fmt::format("M0 {}h-4", px(axes_.y(tick.value)));
      texts += text_at(-7, axes_.y(tick.value) + 4, tick.label, " text-anchor=\"end\"");
    }
    for (const double value : axes_.y.small_ticks) d += fmt::format("M0 {}h-2", px(axes_.y(value)));
    texts += text_at(w / 2, h + tick_height_ + 19, axes_.x.label, " text-anchor=\"middle\"");
    texts += upright_text(-tick_width_ - 15, h / 2, axes_.y.label);
    return fmt::format("<path d=\"{}\" stroke=\"#404040\" fill=\"none\"/>\n", d) + texts;
  }

  std::string colour_bar() const {
    const double x = axes_.x.pixels + 12, h = axes_.y.pixels;
    Scale scale = axes_.colours;
    scale.pixels = h;
    scale.upwards = true;
    std::string out;
    constexpr int pieces = 64;
    for (int i = 0; i < pieces; ++i) {
      const double part = (i + 0.5) / pieces, top = h * (1 - (i + 1.0) / pieces);
      // Half a pixel of overlap, so that no seam shows.
      out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"10\" height=\"{}\" fill=\"{}\"/>\n", px(x), px(top),
                         px(h / pieces + (i == 0 ? 0 : 0.5)), shade_text(part));
    }
    for (const LabelledTick& tick : scale.ticks) out += text_at(x + 14, scale(tick.value) + 4, tick.label);
    return out + upright_text(x + 14 + colour_width_ + 13, h / 2, scale.label);
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
      const double at = line->vertical ? axes_.x(line->value) : axes_.y(line->value);
      const double end = line->vertical ? axes_.x.pixels : axes_.y.pixels;
      if (!(at >= -1e-6 && at <= end + 1e-6)) continue;
      if (!line->vertical) {
        out += text_at(axes_.x.pixels - 2, at < 16 ? at + 12 : at - 4, line->name,
                       fmt::format(" text-anchor=\"end\"{}", halo));
        continue;
      }
      const double width = width_of(line->name), from = at + 3 + width > axes_.x.pixels ? at - 3 - width : at + 3;
      std::size_t row = 0;
      while (row < row_ends.size() && from < row_ends[row].second && from + width > row_ends[row].first) ++row;
      if (row == row_ends.size()) row_ends.emplace_back(from, from + width);
      row_ends[row] = {std::min(from, row_ends[row].first), std::max(from + width, row_ends[row].second)};
      out += text_at(from, 11 + 13 * static_cast<double>(row), line->name, halo);
    }
    return out;
  }

  const Panel& panel_;
  double width_, height_;
  const HeatMap* map_ = nullptr;  // the last one has the axes
  std::size_t categories_ = 0;
  Axes axes_;
  double tick_width_ = 0, tick_height_ = 0, colour_width_ = 0;
  bool turned_ = false;
  std::vector<LegendEntry> entries_;
};

}  // namespace
}  // namespace rheo::figures

namespace rheo {

std::string svg(const Picture& picture) {
  using namespace figures;
  const std::size_t n = picture.panels.size();
  const std::size_t columns = std::max<std::size_t>(1, std::min(picture.columns, n));
  const std::size_t rows = (n + columns - 1) / columns;
  const double head = picture.title.empty() ? 0 : 26;
  const double width = picture.panel_width * static_cast<double>(columns);
  const double height = head + picture.panel_height * static_cast<double>(rows);

  std::vector<PanelDrawing> drawings;
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

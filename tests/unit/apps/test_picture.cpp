#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <regex>
#include <string>
#include <vector>

#include "apps/figures/picture.hpp"

namespace test_picture {

using namespace rheo;

namespace {

constexpr double nan_ = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

// What is not well-formed about the XML that the writer may produce, or "": tags nest, attributes are quoted and stand
// once, & begins a known entity, and nothing is a control character.
std::string fault_of(const std::string& xml) {
  std::vector<std::string> open;
  bool root_closed = false;
  const std::regex tag("(/?)([a-z]+)((?: [a-zA-Z-]+=\"[^\"<>]*\")*)(/?)");
  const std::regex entity("&(?!(amp|lt|gt|quot);)");
  if (std::regex_search(xml, entity)) return "a bare &";
  for (std::size_t i = 0; i < xml.size();) {
    if (xml[i] != '<') {
      const auto c = static_cast<unsigned char>(xml[i]);
      if (c == '>' || (c < 0x20 && c != '\n')) return "a character that has no place here";
      if (root_closed && c != '\n') return "text after the end";
      ++i;
      continue;
    }
    const std::size_t end = xml.find('>', i);
    if (end == std::string::npos || root_closed) return "a tag without end, or after the end";
    std::smatch match;
    const std::string inside = xml.substr(i + 1, end - i - 1);
    if (!std::regex_match(inside, match, tag)) return "not a tag: " + inside;
    if (match[1].length() != 0) {
      if (open.empty() || open.back() != match[2]) return "closes nothing: " + inside;
      open.pop_back();
      root_closed = open.empty();
    } else if (match[4].length() == 0) {
      open.push_back(match[2]);
    }
    std::vector<std::string> names;
    const std::string attributes = match[3];
    const std::regex name(" ([a-zA-Z-]+)=");
    for (std::sregex_iterator it(attributes.begin(), attributes.end(), name), none; it != none; ++it)
      names.push_back((*it)[1]);
    std::sort(names.begin(), names.end());
    if (std::adjacent_find(names.begin(), names.end()) != names.end()) return "an attribute twice: " + inside;
    i = end + 1;
  }
  return root_closed ? "" : "not closed";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

std::string with(std::vector<PictureLayer> layers, Axis x = {}, Axis y = {}) {
  Panel panel;
  panel.layers = std::move(layers);
  panel.x = std::move(x);
  panel.y = std::move(y);
  Picture picture;
  picture.panels = {panel};
  return svg(picture);
}

bool without_numbers_that_are_none(const std::string& text) {
  return !std::regex_search(text, std::regex("nan|inf|e[+-][0-9]", std::regex::icase));
}

}  // namespace

TEST_CASE("ticks are round numbers", "[picture]") {
  using V = std::vector<double>;
  CHECK(linear_ticks(0, 10, 6) == V{0, 2, 4, 6, 8, 10});
  CHECK(linear_ticks(-0.1, 0.32, 5) == V{-0.1, 0, 0.1, 0.2, 0.3});
  CHECK(linear_ticks(0.03, 0.97, 10) == V{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9});
  CHECK(linear_ticks(1234, 7777, 4) == V{2000, 4000, 6000});
  CHECK(linear_ticks(3e-7, 9e-7, 3) == V{4e-7, 6e-7, 8e-7});
  CHECK(linear_ticks(1, 1, 5).empty());
  CHECK(linear_ticks(nan_, 1, 5).empty());
  CHECK(log_ticks(1, 1e6, 7) == V{1, 10, 100, 1e3, 1e4, 1e5, 1e6});
  CHECK(log_ticks(0.5, 2e6, 4) == V{1, 100, 1e4, 1e6});
  CHECK(log_ticks(0.9, 60, 6) == V{1, 2, 5, 10, 20, 50});
  CHECK(log_ticks(2.1, 4.4, 5) == V{2.5, 3, 3.5, 4});  // within one step of 1-2-5: as on a linear axis
  CHECK(log_ticks(1e-4, 1e-2, 8) == V{1e-4, 1e-3, 1e-2});
  CHECK(log_ticks(0, 10, 5).empty());
  CHECK(log_ticks(-1, 10, 5).empty());
  for (const double low : {-1e12, -3.7, 0.0, 1e-9, 12345.6})
    for (const double range : {1e-3, 0.77, 12.0, 3.3e8})
      for (const std::size_t at_most : {2, 5, 9}) {
        if (range <= 1e-9 * std::abs(low)) continue;
        const V ticks = linear_ticks(low, low + range, at_most);
        CAPTURE(low, range, at_most);
        CHECK(ticks.size() <= at_most + 1);
        CHECK(!ticks.empty());
        CHECK(std::is_sorted(ticks.begin(), ticks.end()));
      }
}

TEST_CASE("coordinates of a line worked out by hand", "[picture]") {
  // 380 x 280. Left of the axes: 10 and "0.0", 3 letters of 0.56 * 11 pixels; right 14, above 10, below 10 + 12. So the
  // axes span 337.52 x 248.
  const LineLayer line{"", {0, 5, 10}, {0, 0.5, 1}};
  const std::string text = with({line}, {"", false, 0, 10}, {"", false, 0, 1});
  CHECK(contains(text, "translate(28.48,10)"));
  CHECK(contains(text, "<svg width=\"337.52\" height=\"248\""));
  CHECK(contains(text, "d=\"M0 248L168.76 124L337.52 0\" stroke=\"#0072b2\""));
  // Ticks of y: 0, 0.2, ... 1.
  CHECK(contains(text, "<text x=\"-7\" y=\"252\" text-anchor=\"end\">0.0</text>"));
  CHECK(contains(text, "<text x=\"-7\" y=\"202.4\" text-anchor=\"end\">0.2</text>"));
  // On a logarithmic axis the middle is the geometric mean; 3 letters again ("100").
  const std::string log = with({LineLayer{"", {0, 5, 10}, {1, 10, 100}}}, {"", false, 0, 10}, {"", true, 1, 100});
  CHECK(contains(log, "d=\"M0 248L168.76 124L337.52 0\""));
}

TEST_CASE("layers of every kind, texts and gaps make well-formed XML", "[picture]") {
  Panel lines;
  lines.title = "a < b & \"c\" > d";
  lines.x.label = "caf\xc3\xa9 \xff\xfe bell\a end \xed\xa0\x80 \xf0\x9f\xa7\xa0";
  lines.layers = {LineLayer{"</svg><script>", {0, 1, 2, 3}, {1, nan_, 3, infinity}, {0, 0, 2, 1}, {2, 2, nan_, 4}},
                  PointLayer{"p", {1, nan_, 2}, {1, 2, 3}, {0, 0, nan_}, {2, 3, 4}}, ReferenceLine{1.5, true, "<"},
                  ReferenceLine{1e307, false, "far"}, RasterLayer{"r", {1, -infinity, 3}, {1, 1, nan_}}};
  Panel bars;
  bars.categories = {"a", "a very long name & more", "a second very long name"};
  bars.layers = {BarLayer{"x", {1, nan_, -3}, {0, 0, -4}, {2, 3, -2}}, BarLayer{"y", {1, 2, 3, 4}}};
  Panel map;
  HeatMap matrix;
  matrix.values = {1, nan_, -infinity, 4, 5, 6};
  matrix.columns = 3;
  matrix.row_names = {"<", "&"};
  matrix.decimals = 2;
  map.layers = {matrix};
  Panel empty;
  empty.layers = {LineLayer{}, PointLayer{}, BarLayer{}, RasterLayer{}, ReferenceLine{nan_}};
  Panel empty_map;
  empty_map.layers = {HeatMap{}};
  Picture picture;
  picture.title = "all";
  picture.panels = {lines, bars, map, empty, empty_map, Panel{}};
  picture.columns = 3;
  const std::string text = svg(picture);
  CHECK(fault_of(text) == "");
  CHECK(without_numbers_that_are_none(text));
  CHECK(contains(text, "a &lt; b &amp; &quot;c&quot; &gt; d"));
  CHECK(contains(text, "&lt;/svg&gt;&lt;script&gt;"));
  CHECK(contains(text, "caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd bell  end"));
  CHECK(contains(text, "\xf0\x9f\xa7\xa0"));
  CHECK(text == svg(picture));
  CHECK(fault_of(svg(Picture{})) == "");
  // The check itself finds what is wrong.
  CHECK(fault_of("<a><b></a>") != "");
  CHECK(fault_of("<a>x & y</a>") != "");
  CHECK(fault_of("<a b=\"1\" b=\"2\"/>") != "");
  CHECK(fault_of("<a>") != "");
}

TEST_CASE("values that are not finite are gaps", "[picture]") {
  const Axis x{"", false, 0, 4}, y{"", false, 0, 4};
  // "0" to "4": 349.84 x 248.
  const std::string text = with({LineLayer{"", {0, 1, 2, 3, 4}, {0, 1, nan_, 3, 4}}}, x, y);
  CHECK(contains(text, "d=\"M0 248L87.46 186M262.38 62L349.84 0\""));
  CHECK(without_numbers_that_are_none(text));
  // One value between two gaps is a dot.
  CHECK(contains(with({LineLayer{"", {0, 1, 2}, {nan_, 1, nan_}}}, x, y), "d=\"M87.46 186h0.01\""));
  const std::string points = with({PointLayer{"", {0, 1, 2}, {1, infinity, 1}}});
  CHECK(count(points, "<circle") == 2);
  CHECK(without_numbers_that_are_none(with({LineLayer{"", {0, 1e308}, {-1e308, 1e308}}})));
  CHECK(without_numbers_that_are_none(with({PointLayer{"", {5, 5}, {0, 0}}})));
  CHECK(without_numbers_that_are_none(with({PointLayer{"", {1e300, -1e300}, {1e-300, 0}}})));
  CHECK(without_numbers_that_are_none(with({PointLayer{"", {1, 2}, {3, 4}}}, {"", false, 5, 5}, {"", false, 9, 1})));
  CHECK(without_numbers_that_are_none(with({PointLayer{"", {1, 2}, {3, 4}}}, {"", true, -5, nan_}, {"", true, 9})));
}

TEST_CASE("a logarithmic axis leaves out what is not positive", "[picture]") {
  const PointLayer points{"", {1, 2, 3, 4}, {0, -1, 10, 1000}, {0, 0, -5, 500}, {1, 1, 20, 2000}};
  const std::string text = with({points}, {}, {"", true});
  CHECK(count(text, "<circle") == 2);
  CHECK(without_numbers_that_are_none(text));
  CHECK(contains(text, ">100</text>"));
  // An error bar that reaches below all positive numbers ends at the axis, whose height is 248.
  CHECK(contains(text, " 248V"));
  CHECK(without_numbers_that_are_none(with({LineLayer{"", {-1, 0}, {-1, 0}}}, {"", true}, {"", true})));
  // Powers of ten beyond what one reads at a glance.
  CHECK(contains(with({PointLayer{"", {1, 2}, {1e-7, 1}}}, {}, {"", true}), ">10⁻⁶</text>"));
  CHECK(contains(with({PointLayer{"", {1, 2}, {0, 3e6}}}, {}, {"loss"}), ">loss (×10⁶)</text>"));
}

TEST_CASE("a long line costs the width of the panel, and keeps its peaks", "[picture]") {
  LineLayer line{"", {}, {}};
  for (int i = 0; i < 100'000; ++i) {
    line.x.push_back(i * 0.1);
    line.y.push_back(i == 77'777 ? 1.0 : i == 33'333 ? -1.0 : 0.0);
  }
  const std::string text = with({line}, {"", false, 0, 1e4}, {"", false, -1, 1});
  CHECK(text.size() < 30'000);
  CHECK(contains(text, " 0L"));    // the highest
  CHECK(contains(text, " 248L"));  // the lowest
  // Spikes in the same place are one mark.
  RasterLayer raster;
  for (int i = 0; i < 100'000; ++i) raster.x.push_back(i % 10), raster.y.push_back(i % 5);
  CHECK(count(with({raster}), "v8") == 10);
}

TEST_CASE("bars stand beside each other on zero, cells of a heat map in their rows", "[picture]") {
  Panel panel;
  panel.y = {"", false, -10, 10};
  panel.layers = {BarLayer{"", {5, -5}}, BarLayer{"", {10, 0}}};
  Picture picture;
  picture.panels = {panel};
  const std::string text = svg(picture);
  // y from "−10" (3 letters) to "10": 337.52 x 248, zero at 124; two places of 168.76, bars of 0.4 of it from 0.1 on.
  CHECK(contains(text, "<rect x=\"17.38\" y=\"62\" width=\"66.5\" height=\"62\"/>"));
  CHECK(contains(text, "<rect x=\"84.88\" y=\"0\" width=\"66.5\" height=\"124\"/>"));
  CHECK(contains(text, "<rect x=\"186.14\" y=\"124\" width=\"66.5\" height=\"62\"/>"));

  HeatMap map;
  map.values = {0, 1, 1, 0};
  map.columns = 2;
  map.decimals = 0;
  const std::string cells = with({map});
  CHECK(count(cells, "fill=\"#fffce8\"") == 2);  // the lowest
  CHECK(count(cells, "fill=\"#161c54\"") == 2);  // the highest
  CHECK(contains(cells, ">1</text>"));
  const std::string one_colour = with({HeatMap{{2, 2, 2, 2, 2, 2}, 3}});
  CHECK(count(one_colour, "fill=\"#fffce8\"") == 2);  // a rectangle for each row
}

}  // namespace test_picture

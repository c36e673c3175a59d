// Figures as SVG: panels in a grid with lines, points, bars, heat maps and rasters, written as text without any
// library.
//
// What is promised: well-formed XML without scripts, fonts or references to anything outside; no ids, so that several
// pictures fit into one page; the same bytes for the same values on every machine. A value that is not finite, or not
// positive on a logarithmic axis, is a gap and never a number in the file. Colours are those of Okabe & Ito, "Color
// universal design" (2008), which people with any colour vision tell apart; series of points differ in shape too.
//
// Called by commands that report (rheo reservoir), once per figure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rheo {

struct Axis {
  std::string label = {};
  bool log = false;
  std::optional<double> low = {}, high = {};  // else from what is drawn
};

// Layers with a name stand in the legend. `colour` counts in the palette (modulo its 8 colours); without one, layers
// take the colours in their order. low and high are the ends of what is uncertain, as values of y; either both or none.
struct LineLayer {
  std::string name = {};
  std::vector<double> x = {}, y = {};
  std::vector<double> low = {}, high = {};  // a band, as of a confidence interval
  std::optional<std::size_t> colour = {};
  bool dashed = false;
};

struct PointLayer {
  std::string name = {};
  std::vector<double> x = {}, y = {};
  std::vector<double> low = {}, high = {};  // error bars
  std::optional<std::size_t> colour = {};
};

// One bar for every category of the panel, beside those of the other bar layers. The categories stand at x = 0, 1, ...
struct BarLayer {
  std::string name = {};
  std::vector<double> y = {};
  std::vector<double> low = {}, high = {};  // error bars
  std::optional<std::size_t> colour = {};
};

// A matrix, row after row, the first row on top; column c stands at x = c, row r at y = r. Both axes have categories.
struct HeatMap {
  std::vector<double> values = {};
  std::size_t columns = 0;
  std::vector<std::string> row_names = {}, column_names = {};  // without: numbers from 0
  std::string label = {};                                      // of the colours
  std::optional<double> low = {}, high = {};                   // of the colours, else from the values
  std::optional<int> decimals = {};                            // writes the values into the cells
};

// Spikes: one mark at (x, y) each, y the neuron's number.
struct RasterLayer {
  std::string name = {};
  std::vector<double> x = {}, y = {};
  std::optional<std::size_t> colour = {};
};

// A line across the panel at x = value (vertical) or y = value, named where it stands.
struct ReferenceLine {
  double value = 0;
  bool vertical = false;
  std::string name = {};
};

using PictureLayer = std::variant<LineLayer, PointLayer, BarLayer, HeatMap, RasterLayer, ReferenceLine>;

struct Panel {
  std::string title = {};
  Axis x = {}, y = {};
  std::vector<PictureLayer> layers = {};     // drawn in this order
  std::vector<std::string> categories = {};  // of bars
};

struct Picture {
  std::string title = {};
  std::vector<Panel> panels = {};  // row after row
  std::size_t columns = 2;         // of the grid; fewer panels make fewer
  double panel_width = 380, panel_height = 280;
};

std::string svg(const Picture& picture);

// Round numbers (1, 2 or 5 times a power of ten, and their multiples) in [low, high], about `at_most` of them and never
// more than one above. On a logarithmic axis (low > 0) powers of ten, with 2 and 5 between them where there are few.
std::vector<double> linear_ticks(double low, double high, std::size_t at_most);
std::vector<double> log_ticks(double low, double high, std::size_t at_most);

}  // namespace rheo

// Layers of a panel as SVG, and what else is drawn with: lengths, texts, colours and markers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "apps/figures/picture.hpp"
#include "apps/figures/scale.hpp"

namespace rheo::figures {

inline constexpr double font = 11;
inline constexpr std::array<const char*, 8> palette{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                    "#e69f00", "#56b4e9", "#000000", "#f0e442"};

// A length in pixels, at most two decimals, never "-0".
std::string px(double value);
// Appends what XML takes for one of & < > "; false: it is another character.
bool append_entity(std::uint32_t character, std::string& to);
// As XML takes it; what is not UTF-8, or not allowed in XML, becomes U+FFFD.
std::string escaped(std::string_view text);
double width_of(std::string_view text, double size = font);
// `more`: further attributes.
std::string text_at(double x, double y, std::string_view text, std::string_view more = "");
// Turned by 90 degrees about where it stands.
std::string upright_text(double x, double y, std::string_view text);

std::string marker(std::size_t shape, double x, double y);
std::string shade_text(double part);  // the colour of a heat map from low, 0, to high, 1
std::size_t rows_of(const HeatMap& map);

// The rectangle of a panel's axes, in whose pixels its layers are drawn.
struct Axes {
  Scale x, y, colours;
  std::size_t bar_layers = 0;
};

// `colour` counts in the palette, `bar_index` the layers of bars that came before.
std::string layer_text(const PictureLayer& layer, const Axes& axes, std::size_t colour, std::size_t& bar_index);

}  // namespace rheo::figures

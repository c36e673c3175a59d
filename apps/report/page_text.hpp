// The parts of a page that are the same in all: its style, and what draws the raster. Inside the program, so that it
// works wherever it is copied to.
#pragma once

#include <string_view>

namespace rheo::report {

extern const std::string_view page_style;
extern const std::string_view raster_script;
extern const std::string_view table_script;

}  // namespace rheo::report

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/report/recordings.hpp"
#include "apps/report/spikes.hpp"
#include "apps/session/summary.hpp"

namespace rheo::report {

namespace {

constexpr std::size_t populations_per_panel = 4;

std::string ordinal(std::uint64_t n) {
  const char* end = n % 100 >= 11 && n % 100 <= 13 ? "th"
                    : n % 10 == 1                  ? "st"
                    : n % 10 == 2                  ? "nd"
                    : n % 10 == 3                  ? "rd"
                                                   : "th";
  return grouped(n) + end;
}

// For a file: few enough spikes for an SVG.
void add_raster_picture(Page& page, const std::filesystem::path& file, const SpikeFigures& figures) {
  const Raster raster = read_raster(file, figures, raster_bytes, 20'000);
  Panel panel;
  panel.title = thinned_text(raster, figures.spikes());
  panel.x.label = "time (ms)";
  panel.y.label = "neuron, from the top";
  double offset = 0;
  for (std::size_t p = 0; p < figures.populations.size(); ++p) {
    RasterLayer layer{figures.populations[p].name};
    const Raster::Population& one = raster.populations[p];
    for (std::size_t k = 0; k + 1 < one.begin.size(); ++k)
      for (std::uint32_t i = one.begin[k]; i < one.begin[k + 1]; ++i) {
        layer.x.push_back(static_cast<double>(one.ticks[i]) * figures.times.dt);
        layer.y.push_back(-(offset + static_cast<double>(k * raster.step)));
      }
    offset += static_cast<double>(figures.populations[p].size);
    panel.layers.emplace_back(std::move(layer));
  }
  Picture picture{.title = "Spikes", .panels = {std::move(panel)}, .panel_width = 1040, .panel_height = 420};
  page.picture_file("raster", picture);
}

// One panel for every few populations, so that lines can be told apart.
template <class Add>
std::vector<Panel> panels_of(const SpikeFigures& figures, const Panel& empty, Add add) {
  std::vector<Panel> panels;
  for (std::size_t p = 0; p < figures.populations.size(); ++p) {
    if (p % populations_per_panel == 0) panels.push_back(empty);
    add(panels.back(), figures.populations[p], p);
  }
  return panels;
}

void add_rates(Page& page, const SpikeFigures& figures, const PhaseBegins& phase_begins) {
  Panel empty;
  empty.x.label = "time (s)";
  empty.y.label = "rate (Hz)";
  empty.y.low = 0;
  empty.x.low = static_cast<double>(figures.times.begin) * figures.times.dt / 1000;
  empty.x.high = static_cast<double>(figures.times.end) * figures.times.dt / 1000;
  for (const auto& [begin, name] : phase_begins) empty.layers.emplace_back(ReferenceLine{begin / 1000, true, name});
  const double dt = figures.times.dt, begin = static_cast<double>(figures.times.begin),
               end = static_cast<double>(figures.times.end);
  Picture picture;
  picture.title = "Rates over time";
  picture.columns = 1;
  picture.panel_width = 1040;
  picture.panel_height = 230;
  picture.panels = panels_of(figures, empty, [&](Panel& panel, const PopulationSpikes& one, std::size_t p) {
    LineLayer line{one.name};
    line.colour = p;
    for (std::size_t b = 0; b < one.rates.size(); ++b) {
      const double from = begin + static_cast<double>(b) * static_cast<double>(figures.bin);
      line.x.push_back((from + std::min(end, from + static_cast<double>(figures.bin))) / 2 * dt / 1000);
      line.y.push_back(one.rates[b]);
    }
    panel.layers.emplace_back(std::move(line));
  });
  page.picture_file("rates", picture);  // on the page they stand below the raster
}

std::vector<Panel> interval_panels(const SpikeFigures& figures) {
  const double dt = figures.times.dt;
  Panel isi;
  isi.title = "Intervals between spikes";
  isi.x = {"interval (ms)", true};
  isi.y.label = "share per decade";
  isi.y.low = 0;
  std::vector<double> ends;
  for (const Tick tick : figures.interval_ends) ends.push_back(static_cast<double>(tick) * dt);
  return panels_of(figures, isi, [&](Panel& panel, const PopulationSpikes& one, std::size_t p) {
    double sum = 0;
    for (const double count : one.intervals) sum += count;
    // What is empty at either end would only make the axis longer.
    std::size_t first = 0, last = one.intervals.size();
    while (first < last && one.intervals[first] == 0) ++first;
    while (last > first && one.intervals[last - 1] == 0) --last;
    if (first == last) return;  // no neuron spiked twice
    std::vector<double> heights,
        places(ends.begin() + static_cast<std::ptrdiff_t>(first), ends.begin() + static_cast<std::ptrdiff_t>(last) + 1);
    for (std::size_t i = first; i < last; ++i)
      heights.push_back(one.intervals[i] / sum / std::log10(ends[i + 1] / ends[i]));
    LineLayer line = outline(one.name, places, heights);
    line.colour = p;
    panel.layers.emplace_back(std::move(line));
  });
}

// How values of single neurons are distributed; those of silent neurons are zero.
std::vector<Panel> neuron_panels(const SpikeFigures& figures, const std::string& title, const std::string& label,
                                 std::vector<float> PopulationSpikes::*values, bool with_silent) {
  const auto zeros_of = [&](const PopulationSpikes& one) { return with_silent ? static_cast<double>(one.silent) : 0; };
  Panel empty;
  empty.title = title;
  empty.x.label = label;
  empty.y.label = "share of neurons (%)";
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (const PopulationSpikes& one : figures.populations) {
    if (zeros_of(one) > 0) least = 0;
    for (const float value : one.*values) {
      least = std::min(least, static_cast<double>(value));
      most = std::max(most, static_cast<double>(value));
    }
  }
  // A zero that is near belongs to the picture. Without any value the picture has axes alone.
  if (!std::isfinite(least) || !(least > most / 2)) least = 0;
  const double width = round_up_125(std::max((most - least) / 40, std::max(most, 1e-9) / 200));
  const double low = std::floor(least / width) * width;
  const auto bins = static_cast<std::size_t>((most - low) / width) + 1;
  const double high = low + width * static_cast<double>(bins);
  const auto draw = [&](Panel& panel, const PopulationSpikes& one, std::size_t p) {
    Histogram histogram(low, high, bins);
    for (const float value : one.*values) histogram.add(std::clamp(static_cast<double>(value), low, high));
    if (zeros_of(one) > 0) histogram.add(0, zeros_of(one));
    const double n = static_cast<double>((one.*values).size()) + zeros_of(one);
    if (n == 0) return;
    LineLayer line = histogram.outline(one.name, 100.0 / std::max(1.0, n));
    line.colour = p;
    panel.layers.emplace_back(std::move(line));
  };
  return panels_of(figures, empty, draw);
}

void add_intervals(Page& page, const SpikeFigures& figures) {
  const std::vector<Panel> kinds[] = {
      interval_panels(figures),
      neuron_panels(figures, "Irregularity: CV of a neuron's intervals", "CV", &PopulationSpikes::cvs, false),
      neuron_panels(figures, "Rates of neurons", "rate (Hz)", &PopulationSpikes::neuron_rates, true)};
  // Kinds beside one another, a row for every few populations.
  Picture picture{
      .title = "Intervals, irregularity and rates of neurons", .columns = 3, .panel_width = 350, .panel_height = 260};
  for (std::size_t row = 0; row < kinds[0].size(); ++row)
    for (const std::vector<Panel>& kind : kinds) picture.panels.push_back(kind[row]);
  page.picture("intervals", std::move(picture),
               "How intervals between spikes are distributed, as the share of a population's intervals per decade; the "
               "coefficient of variation of each neuron's intervals, of neurons with two intervals or more; and each "
               "recorded neuron's rate.");
}

}  // namespace

std::string thinned_text(const Raster& raster, std::uint64_t spikes) {
  if (raster.shown() == spikes) return fmt::format("All {} recorded spikes.", grouped(spikes));
  std::string which = raster.step == 1 ? "of all neurons" : fmt::format("of every {} neuron", ordinal(raster.step));
  which += raster.every == 1 ? "" : fmt::format(", and of these every {} spike", ordinal(raster.every));
  return fmt::format("Thinned, since the page would be too long: {} of {} recorded spikes, those {}.",
                     grouped(raster.shown()), grouped(spikes), which);
}

void say_what_is_recorded(Page& page, const SpikeFigures& figures) {
  std::vector<std::string> parts;
  for (const PopulationSpikes& one : figures.populations)
    if (one.recorded < one.size)
      parts.push_back(fmt::format("{} of {} neurons of {}", grouped(one.recorded), grouped(one.size), one.name));
  if (!parts.empty())
    page.paragraph(fmt::format("Recorded were {}; rates are those of the recorded neurons.", fmt::join(parts, ", ")));
  if (!figures.times.spans.empty()) {
    parts.clear();
    for (const auto& [begin, end] : figures.times.spans)
      parts.push_back(fmt::format("{} to {} ms", number_text(static_cast<double>(begin) * figures.times.dt),
                                  number_text(static_cast<double>(end) * figures.times.dt)));
    page.paragraph(
        fmt::format("Recorded was from {}; rates are those of this time, and no interval "
                    "reaches over a gap. What was not recorded is grey.",
                    fmt::join(parts, ", ")));
  }
}

void add_spikes(Page& page, const std::filesystem::path& file, const SpikeFigures& figures,
                const PhaseBegins& phase_begins) {
  add_raster_picture(page, file, figures);
  add_rates(page, figures, phase_begins);
  add_intervals(page, figures);
}

}  // namespace rheo::report

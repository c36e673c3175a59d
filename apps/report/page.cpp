#include "apps/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <ostream>

#include "apps/figures/layers.hpp"
#include "apps/report/page_text.hpp"
#include "core/diagnostics.hpp"
#include "io/files/recording.hpp"

namespace rheo::report {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view generator = "<meta name=\"generator\" content=\"rheo report\">";

std::string anchor_of(std::string_view title) {
  std::string anchor;
  for (const char c : title)
    anchor += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c
              : c >= 'A' && c <= 'Z'                           ? static_cast<char>(c + 32)
                                                               : '-';
  return anchor;
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (figures::append_entity(static_cast<unsigned char>(c), out)) continue;
    if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
  }
  return out;
}

std::string file_name(std::string name) {
  for (char& c : name)
    if (!(c == '-' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) c = '_';
  return name;
}

std::string script_text(std::string json) {
  for (std::size_t at = json.find('<'); at != std::string::npos; at = json.find('<', at))
    json.replace(at, 1, "\\u003c");
  return json;
}

Page::Page(std::string kind, std::string title, std::string subtitle)
    : kind_(std::move(kind)), title_(std::move(title)), subtitle_(std::move(subtitle)) {}

void Page::section(const std::string& title) {
  if (!body_.empty()) body_ += "</section>\n";
  const std::string anchor = anchor_of(title);
  contents_ += fmt::format("<a href=\"#{}\">{}</a>\n", anchor, html_text(title));
  body_ += fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n", anchor, html_text(title));
}

void Page::paragraph(std::string_view text) {
  body_ += fmt::format("<p>{}</p>\n", html_text(text));
}

void Page::note(std::string_view text) {
  notes_ += fmt::format("<p class=\"note\">{}</p>\n", html_text(text));
}

void Page::cards(const std::vector<std::pair<std::string, std::string>>& values_and_names) {
  body_ += "<dl class=\"cards\">\n";
  for (const auto& [value, name] : values_and_names)
    body_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", html_text(name), html_text(value));
  body_ += "</dl>\n";
}

void Page::table(const Table& table) {
  const auto is_number = [&](std::size_t column) { return column < table.numbers.size() && table.numbers[column]; };
  body_ += fmt::format("<div class=\"wide\"><table>\n<caption>{}</caption>\n<thead><tr>", html_text(table.caption));
  for (std::size_t i = 0; i < table.head.size(); ++i)
    body_ += fmt::format("<th scope=\"col\"{}>{}</th>", is_number(i) ? " class=\"n\"" : "", html_text(table.head[i]));
  body_ += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    body_ += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      body_ += fmt::format("<td{}>{}</td>", is_number(i) ? " class=\"n\"" : "", html_text(row[i]));
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void Page::details(std::string_view summary, std::string_view text) {
  body_ += fmt::format("<details><summary>{}</summary><pre tabindex=\"0\">{}</pre></details>\n", html_text(summary),
                       html_text(text));
}

void Page::picture(const std::string& name, Picture picture, std::string_view text) {
  picture_file(name, picture);
  std::string inside = svg(picture);
  inside.insert(inside.find(' '), fmt::format(" role=\"img\" aria-label=\"{}\"", html_text(text)));
  body_ += fmt::format("<figure>\n{}<figcaption>{}</figcaption>\n</figure>\n", inside, html_text(text));
}

void Page::picture_file(const std::string& name, const Picture& picture) {
  pictures_.emplace_back(name, svg(picture));
}

std::string Page::text() const {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += generator;
  out += "\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  // Whatever a title or a name may hold, the page fetches nothing.
  out +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n";
  out += fmt::format("<title>{}: {}</title>\n<style>\n{}</style>\n</head>\n<body>\n", html_text(kind_),
                     html_text(title_), page_style);
  out += fmt::format("<header>\n<h1>{}</h1>\n<p>{}</p>\n</header>\n", html_text(title_), html_text(subtitle_));
  out += fmt::format("<nav aria-label=\"Contents\">\n{}</nav>\n<main>\n{}{}{}</main>\n", contents_, notes_, body_,
                     body_.empty() ? "" : "</section>\n");
  if (!scripts_.empty()) out += fmt::format("<script>\n{}</script>\n", scripts_);
  return out + "</body>\n</html>\n";
}

std::size_t Page::write_pictures(const fs::path& directory) const {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) reject_recording(directory, fmt::format("cannot be made ({})", error.message()));
  for (const auto& [name, text] : pictures_)
    write_whole_text(directory / (name + ".svg"), [&, &svg_text = text](std::ostream& to) { to << svg_text; });
  return pictures_.size();
}

void write_page(const fs::path& file, const Page& page) {
  std::error_code error;
  if (fs::exists(file, error)) {
    std::string head(400, '\0');
    std::ifstream stream(file, std::ios::binary);
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    if (head.find(generator) == std::string::npos)
      reject_recording(file, "is there already and was not written by rheo report", "another file with --out");
  }
  write_whole_text(file, [&](std::ostream& to) { to << page.text(); });
}

void Histogram::add(double value, double weight) {
  if (!(value >= low && value <= high)) return;
  const auto bin = static_cast<std::size_t>((value - low) / width());
  counts[std::min(bin, counts.size() - 1)] += weight;
}

LineLayer Histogram::outline(std::string name, double scale) const {
  std::vector<double> ends, heights;
  for (std::size_t i = 0; i <= counts.size(); ++i) ends.push_back(low + width() * static_cast<double>(i));
  for (const double count : counts) heights.push_back(count * scale);
  return report::outline(std::move(name), ends, heights);
}

LineLayer outline(std::string name, const std::vector<double>& ends, const std::vector<double>& heights) {
  LineLayer line;
  line.name = std::move(name);
  for (std::size_t i = 0; i < heights.size(); ++i) {
    line.x.insert(line.x.end(), {ends[i], ends[i + 1]});
    line.y.insert(line.y.end(), {heights[i], heights[i]});
  }
  line.low.assign(line.y.size(), 0.0);
  line.high = line.y;
  return line;
}

double round_up_125(double least) {
  double power = std::pow(10.0, std::floor(std::log10(least)));
  for (;; power *= 10)
    for (const double step : {1.0, 2.0, 5.0})
      if (step * power >= least * (1 - 1e-12)) return step * power;
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return "-";
  const double size = std::abs(value);
  if (size < 1e4 || size >= 1e15) return fmt::format("{:.4g}", value);
  return fmt::format("{:.{}f}", value, value == std::floor(value) ? 0 : 1);
}

std::string time_text(double seconds) {
  if (!(seconds >= 0)) return "-";
  if (seconds < 60) return fmt::format("{:.3g} s", seconds);
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  return whole < 3600 ? fmt::format("{} min {} s", whole / 60, whole % 60)
                      : fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

}  // namespace rheo::report

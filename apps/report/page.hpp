// One HTML page that needs nothing but itself: texts, tables and pictures in the order in which they are added. Every
// picture is kept by name too, for those who want it as a file of its own.
//
// Called by rheo report, once per page. Whatever comes from users (titles, names, errors) is escaped here.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/figures/picture.hpp"

namespace rheo::report {

// Escaped for HTML, in text and in quoted attributes.
std::string html_text(std::string_view text);
// A JSON text that may stand in a <script>: no "<" that could end it.
std::string script_text(std::string json);

// As a part of a file's name.
std::string file_name(std::string name);

struct Table {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> numbers = {};  // columns to be set to the right
};

class Page {
 public:
  // kind: what stands in front of the title in the window's bar.
  Page(std::string kind, std::string title, std::string subtitle);

  void section(const std::string& title);
  void paragraph(std::string_view text);
  // What a reader has to know before believing the rest: stands on top of the page.
  void note(std::string_view text);
  void cards(const std::vector<std::pair<std::string, std::string>>& values_and_names);
  void table(const Table& table);
  void details(std::string_view summary, std::string_view text);
  // name: of its file. text: what it shows, also for those who do not see it.
  void picture(const std::string& name, Picture picture, std::string_view text);
  // A picture that is on the page in another form, and only for a file.
  void picture_file(const std::string& name, const Picture& picture);
  // As it is.
  void html(std::string_view html) { body_ += html; }
  void script(std::string_view script) { scripts_ += script; }

  std::string text() const;
  // Writes all pictures as NAME.svg; makes the directory. Returns how many. Throws RecordingError.
  std::size_t write_pictures(const std::filesystem::path& directory) const;

 private:
  std::string kind_, title_, subtitle_, notes_, contents_, body_, scripts_;
  std::vector<std::pair<std::string, std::string>> pictures_;  // name, SVG
};

// Replaces a page of ours only. Throws RecordingError.
void write_page(const std::filesystem::path& file, const Page& page);

// --- What several pictures need ---

// How often values fall into bins of equal width, as an outline with its area filled. NaN are left out.
struct Histogram {
  double low = 0, high = 1;
  std::vector<double> counts;
  Histogram(double low_end, double high_end, std::size_t bins) : low(low_end), high(high_end), counts(bins) {}
  void add(double value, double weight = 1);
  double width() const { return (high - low) / static_cast<double>(counts.size()); }
  LineLayer outline(std::string name, double scale = 1) const;
};
// Of bins with these ends, one more than heights.
LineLayer outline(std::string name, const std::vector<double>& ends, const std::vector<double>& heights);

// 1, 2 or 5 times a power of ten, not below `least`.
double round_up_125(double least);

std::string number_text(double value);  // "12.3", "0.00123", "80000"; "-" for NaN
// "12.3 s", "4 min 5 s"; from seconds.
std::string time_text(double seconds);

}  // namespace rheo::report

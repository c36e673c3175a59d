// Sizes of files and functions: what does not fit on a screen, or ten, is understood by nobody. Those that were too
// long when the limits were set are listed in sizes.txt with the length that they may have; the list may only become
// shorter.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/files.hpp"

namespace {

constexpr int longest_file = 500, longest_function = 60;  // lines

struct Function {
  std::string name;
  int lines = 0;  // of its body
};

bool begins_a_function(const std::string& line) {
  if (!line.ends_with('{') || line.find('(') == std::string::npos) return false;
  for (const char* word : {"if ", "for ", "while ", "switch ", "else", "do ", "} ", "case ", "return ", "throw "})
    if (line.starts_with(word)) return false;
  return line.find("= [") == std::string::npos;
}

// The name before the first parenthesis of a declaration.
std::string name_in(const std::string& declaration) {
  const std::size_t end = declaration.find('(');
  const std::size_t begin = declaration.find_last_of(" *&", end == 0 ? 0 : end - 1);
  return declaration.substr(begin == std::string::npos ? 0 : begin + 1,
                            end - (begin == std::string::npos ? 0 : begin + 1));
}

// Functions of a file as clang-format lays it out: those of namespaces begin in the first column, those of classes in
// the third, and each ends with a brace in the same column.
std::vector<Function> functions_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    // What stands behind the code on its line does not matter here.
    if (const auto comment = line.find("  //"); comment != std::string::npos && comment > 0) line.erase(comment);
    lines.push_back(line);
  }
  std::vector<Function> functions;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t indent = lines[i].find_first_not_of(' ');
    if (indent != 0 && indent != 2) continue;
    // A declaration of several lines: the last one ends with the brace.
    std::size_t last = i;
    std::string declaration = lines[i].substr(indent);
    if (declaration.starts_with("//") || declaration.starts_with('#') || declaration.find('(') == std::string::npos)
      continue;
    while (last + 1 < lines.size() && !lines[last].ends_with('{') && !lines[last].ends_with(';') &&
           !lines[last].ends_with('}') && last - i < 12)
      declaration += lines[++last];
    if (!begins_a_function(declaration)) continue;
    const std::string close = std::string(indent, ' ') + "}";
    std::size_t end = last + 1;
    while (end < lines.size() && lines[end] != close) ++end;
    if (end == lines.size()) continue;
    functions.push_back({name_in(declaration), static_cast<int>(end - last - 1)});
    i = indent == 0 ? end : last;
  }
  return functions;
}

// "path" or "path function": lines.
std::map<std::string, int> too_long() {
  std::map<std::string, int> found;
  const fs::path root = RHEO_SOURCE_DIR;
  for (const char* folder : {"core", "neurons", "plasticity", "networks", "io", "apps"})
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp" && extension != ".h") continue;
      const std::string path = entry.path().lexically_relative(root), text = bytes_of(entry.path());
      const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
      if (lines > longest_file) found[path] = lines;
      for (const Function& function : functions_of(text)) {
        int& most = found[path + " " + function.name];
        most = std::max(most, function.lines);
      }
    }
  std::erase_if(found, [](const auto& item) {
    return item.first.find(' ') != std::string::npos && item.second <= longest_function;
  });
  return found;
}

std::map<std::string, int> allowed() {
  std::map<std::string, int> list;
  std::ifstream file(RHEO_SOURCE_DIR "/tests/architecture/sizes.txt");
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(": "); colon != std::string::npos && line[0] != '#')
      list[line.substr(0, colon)] = std::stoi(line.substr(colon + 2));
  return list;
}

}  // namespace

TEST_CASE("no file has more than 500 lines, no function more than 60, but for those of a list that becomes shorter") {
  const auto found = too_long(), list = allowed();
  for (const auto& [what, lines] : found) {
    const auto item = list.find(what);
    if (item == list.end())
      FAIL_CHECK(what << " has " << lines << " lines; split it");
    else if (lines > item->second)
      FAIL_CHECK(what << " has grown from " << item->second << " to " << lines << " lines; split it");
  }
  for (const auto& [what, lines] : list)
    if (found.count(what) == 0) FAIL_CHECK(what << " is short now: take it off tests/architecture/sizes.txt");
}

TEST_CASE("functions are found and measured") {
  const auto functions = functions_of(R"(namespace x {

int first(int a) {
  if (a > 0) {
    return 1;
  }
  return 2;
}

struct Y {
  Y() = default;
  void second(int a,
              int b) const {
    use(a);
  }
};

}  // namespace x
)");
  REQUIRE(functions.size() == 2);
  CHECK(functions[0].name == "first");
  CHECK(functions[0].lines == 4);
  CHECK(functions[1].name == "second");
  CHECK(functions[1].lines == 1);
}

// Headers that are precompiled (CMakeLists.txt) are seen by files that do not include them. Builds without precompiled
// headers need every file to include what it names from there, itself or through its own headers.
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/architecture/includes.hpp"
#include "tests/files.hpp"

namespace {

// The header, or the folder of headers, and the names that need it.
const std::vector<std::pair<std::string, std::regex>> precompiled = [] {
  const std::string algorithms =
      "(sort|stable_sort|find|find_if|any_of|all_of|none_of|min|max|clamp|copy|copy_n|fill|fill_n|transform|for_each|"
      "count|count_if|lower_bound|upper_bound|equal|remove|remove_if|reverse|unique|min_element|max_element|"
      "nth_element|binary_search|equal_range|rotate|merge|inplace_merge|is_sorted|generate|mismatch|replace)";
  std::vector<std::pair<std::string, std::regex>> all;
  for (const auto& [header, names] : std::vector<std::pair<std::string, std::string>>{
           {"algorithm", "std::(ranges::)?" + algorithms + "\\("},
           {"filesystem", "std::filesystem\\b"},
           {"fmt", "\\bfmt::"},
           {"functional", "std::(function|invoke|bind|reference_wrapper|c?ref|plus|multiplies|greater|hash)\\b"},
           {"map", "std::(multi)?map\\b"},
           {"memory", "std::(unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared|enable_shared_from_this)\\b"},
           {"nlohmann", "\\bnlohmann::"},
           {"string", "std::(string|to_string|sto[a-z]+|getline)\\b"},
           {"vector", "std::vector\\b"}})
    all.emplace_back(header, std::regex(names, std::regex::optimize));
  return all;
}();

// Without comments and texts.
std::string code_of(const std::string& text) {
  static const std::regex no_code(R"(//.*|"(\\.|[^"\\\n])*")", std::regex::optimize);
  return std::regex_replace(text, no_code, "");
}

class Sources {
 public:
  void add(const std::string& file, const std::string& text) { texts_[file] = text; }

  // The headers of `precompiled` that a file names something of and does not include.
  std::vector<std::string> missing_in(const std::string& file) {
    std::vector<std::string> missing;
    const std::string code = code_of(texts_.at(file));
    for (const auto& [header, names] : precompiled)
      if (included_by(file).count(header) == 0 && std::regex_search(code, names)) missing.push_back(header);
    return missing;
  }

 private:
  // Of includes in <>, by their folder where they have one.
  const std::set<std::string>& included_by(const std::string& file) {
    const auto [found, is_new] = included_.try_emplace(file);
    if (!is_new || texts_.count(file) == 0) return found->second;
    for (const Include& include : includes_of(texts_.at(file))) {
      if (include.quoted) {
        const std::set<std::string> more = included_by(include.path);
        found->second.insert(more.begin(), more.end());
      } else {
        found->second.insert(include.path.substr(0, include.path.find('/')));
      }
    }
    return found->second;
  }

  std::map<std::string, std::string> texts_;
  std::map<std::string, std::set<std::string>> included_;
};

}  // namespace

TEST_CASE("every file includes what it names of headers that are precompiled") {
  const fs::path root = RHEO_SOURCE_DIR;
  Sources sources;
  std::vector<std::string> files;
  for (const auto& top : {"core", "neurons", "plasticity", "networks", "io", "apps", "tests"})
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension();
      if (!entry.is_regular_file() || (extension != ".hpp" && extension != ".cpp" && extension != ".h")) continue;
      files.push_back(entry.path().lexically_relative(root).string());
      sources.add(files.back(), bytes_of(entry.path()));
    }
  CHECK(files.size() > 300);
  for (const std::string& file : files)
    for (const std::string& header : sources.missing_in(file))
      FAIL_CHECK(file << " includes <" << header << "> neither itself nor through its own headers");

  // The lists of CMake name nothing that is not looked for here.
  const std::regex list(R"(target_precompile_headers\([^)]*\))"), name("<([a-z0-9_]+)");
  std::set<std::string> known{"catch2"};  // nothing in a test compiles without
  for (const auto& [header, names] : precompiled) known.insert(header);
  int lists = 0;
  for (const char* const file : {"CMakeLists.txt", "tests/CMakeLists.txt"}) {
    const std::string text = bytes_of(root / file);
    for (std::sregex_iterator at(text.begin(), text.end(), list), end; at != end; ++at, ++lists) {
      const std::string one = at->str();
      for (std::sregex_iterator header(one.begin(), one.end(), name); header != end; ++header) {
        CAPTURE(file, (*header)[1].str());
        CHECK(known.count((*header)[1].str()) == 1);
      }
    }
  }
  CHECK(lists >= 4);
}

TEST_CASE("planted missing includes are found") {
  Sources sources;
  sources.add("a.hpp", "#include <memory>\nstd::unique_ptr<int> a;\n");
  sources.add("b.cpp",
              "#include \"a.hpp\"\n// std::function\nstd::unique_ptr<int> b; const char* c = \"std::map<\";\n");
  sources.add("c.cpp", "#include \"a.hpp\"\nstd::function<int()> f; auto x = std::max(1, 2); fmt::format(\"\");\n");
  sources.add("d.cpp", "#include <fmt/ranges.h>\nauto x = fmt::format(\"{}\", std::vector{1});\n");
  CHECK(sources.missing_in("a.hpp").empty());
  CHECK(sources.missing_in("b.cpp").empty());
  CHECK(sources.missing_in("c.cpp") == std::vector<std::string>{"algorithm", "fmt", "functional"});
  CHECK(sources.missing_in("d.cpp") == std::vector<std::string>{"vector"});
}

// Strict stairs: a folder includes only folders below it, and so does a folder within a folder. The includes are read
// from the sources, so that a step up fails here before somebody relies on it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/architecture/includes.hpp"
#include "tests/files.hpp"

namespace {

// The floors in the order in which they may be included, and the rooms of each in the same order. Rooms of one number
// see neither each other nor, where their tops differ, anything of the other.
const std::map<std::string, std::pair<int, int>> floors{{"core", {1, 1}},
                                                        {"core/loop", {1, 2}},
                                                        {"neurons/models", {2, 1}},
                                                        {"neurons/kernels", {2, 2}},
                                                        {"neurons/inputs", {2, 3}},
                                                        {"neurons", {2, 4}},
                                                        {"plasticity", {2, 1}},
                                                        {"plasticity/rules", {2, 2}},
                                                        {"plasticity/layers", {2, 2}},
                                                        {"networks/distributions", {3, 1}},
                                                        {"networks/pairs", {3, 1}},
                                                        {"networks/description", {3, 2}},
                                                        {"networks/connect", {3, 3}},
                                                        {"networks/synapses", {3, 4}},
                                                        {"networks/plastic", {3, 5}},
                                                        {"networks/delivery", {3, 6}},
                                                        {"networks/inputs", {3, 7}},
                                                        {"networks/signals", {3, 7}},
                                                        {"networks", {3, 8}},
                                                        {"networks/graph", {3, 9}},
                                                        {"networks/layers", {3, 9}},
                                                        {"io/h5", {4, 1}},
                                                        {"io/text", {4, 2}},
                                                        {"io/files", {4, 3}},
                                                        {"io/spikes", {4, 4}},
                                                        {"io/record", {4, 5}},
                                                        {"io/experiment", {4, 6}},
                                                        {"io/sonata", {4, 7}},
                                                        {"io/sweep", {4, 7}},
                                                        {"apps/figures", {5, 1}},
                                                        {"apps/learning", {5, 2}},
                                                        {"apps/tasks", {5, 3}},
                                                        {"apps/session", {5, 4}},
                                                        {"apps/reservoir", {5, 5}},
                                                        {"apps/continual", {5, 5}},
                                                        {"apps/sweep", {5, 6}},
                                                        {"apps/report", {5, 7}},
                                                        {"apps/command", {5, 8}},
                                                        {"apps/python", {5, 9}}};

// The floor on which a file lies: "apps/session" of "apps/session/run.hpp"; "" where it is on none.
std::string folder_of(const std::string& path) {
  for (std::string folder = path; folder.find('/') != std::string::npos;) {
    folder.resize(folder.rfind('/'));
    if (floors.count(folder) != 0) return folder;
  }
  return {};
}

std::string top_of(const std::string& path) {
  return path.substr(0, path.find('/'));
}

// Whether a path begins with the name of a folder of ours.
bool is_ours(const std::string& path) {
  return std::any_of(floors.begin(), floors.end(),
                     [&](const auto& floor) { return top_of(floor.first) == top_of(path); });
}

// What is wrong with the includes of a file of `folder`; `exists` answers for paths from the root.
template <class Exists>
std::vector<std::string> problems_of(const std::string& folder, const std::string& text, const Exists& exists) {
  std::vector<std::string> problems;
  for (const Include& include : includes_of(text)) {
    const auto complain = [&](const std::string& what) {
      problems.push_back("line " + std::to_string(include.line) + ": \"" + include.path + "\" " + what);
    };
    if (include.path.find("..") != std::string::npos) complain("walks through ..");
    const std::string other = folder_of(include.path);
    if (include.quoted && !exists(include.path)) complain("does not exist (paths start at the root of the project)");
    if (include.quoted && other.empty()) complain("is on no floor");
    if (!include.quoted && is_ours(include.path)) complain("is ours and belongs in quotes");
    if (other.empty()) continue;
    const auto from = floors.at(folder), to = floors.at(other);
    if (from.first == to.first && top_of(folder) != top_of(other))
      complain("is a step sideways");
    else if (to > from)
      complain("is a step up");
    else if (to == from && other != folder)
      complain("is a step sideways");
  }
  return problems;
}

}  // namespace

TEST_CASE("a folder includes only folders below it") {
  const fs::path root = RHEO_SOURCE_DIR;
  const auto exists = [&](const std::string& path) { return fs::is_regular_file(root / path); };
  std::map<std::string, int> files, inward;
  std::vector<std::string> with_command_line_library;
  for (const auto& top : {"core", "neurons", "plasticity", "networks", "io", "apps"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension();
      if (!entry.is_regular_file() || (extension != ".hpp" && extension != ".cpp" && extension != ".h")) continue;
      const std::string file = entry.path().lexically_relative(root).string(), folder = folder_of(file);
      if (folder.empty()) {
        FAIL_CHECK(file << " lies on no floor");
        continue;
      }
      ++files[folder];
      const std::string text = bytes_of(entry.path());
      for (const Include& include : includes_of(text)) {
        inward[folder] += include.quoted;
        if (include.path.starts_with("CLI/")) with_command_line_library.push_back(file);
      }
      for (const std::string& problem : problems_of(folder, text, exists)) FAIL_CHECK(file << ", " << problem);
    }
  }
  // It takes seconds to compile wherever it is included.
  CHECK(with_command_line_library ==
        std::vector<std::string>{"apps/command/command_line.cpp", "apps/command/help.hpp"});
  // The reader has seen the sources.
  for (const auto& [folder, floor] : floors) {
    CAPTURE(folder);
    CHECK(files[folder] >= 2);
    CHECK(inward[folder] >= files[folder] / 4);
  }
}

TEST_CASE("planted steps up, sideways and out are found") {
  const auto problems = [](const std::string& folder, const std::string& text) {
    const auto exists = [](const std::string& path) { return path.find("missing") == std::string::npos; };
    const auto all = problems_of(folder, text, exists);
    return all.empty() ? std::string() : all.front();
  };
  using Catch::Contains;
  CHECK_THAT(problems("core", "#include \"neurons/models/model.hpp\"\n"), Contains("line 1") && Contains("a step up"));
  CHECK_THAT(problems("networks", "\n#include \"io/h5/h5.hpp\"\n"), Contains("line 2") && Contains("a step up"));
  CHECK_THAT(problems("io/files", "  #  include\t\"apps/session/run.hpp\" // why\n"), Contains("a step up"));
  CHECK_THAT(problems("core", "#include <neurons/models/model.hpp>\n"), Contains("quotes"));
  CHECK_THAT(problems("neurons", "#include \"plasticity/rule_abi.h\"\n"), Contains("sideways"));
  CHECK_THAT(problems("plasticity", "/* x */ #include \"neurons/models/model.hpp\"\n"), Contains("sideways"));
  CHECK_THAT(problems("io/files", "#include \"../core/types.hpp\"\n"), Contains(".."));
  CHECK_THAT(problems("io/files", "#include \"core/../apps/session/run.hpp\"\n"), Contains(".."));
  CHECK_THAT(problems("apps/session", "#include \"apps/sweep/sweep.hpp\"\n"), Contains("a step up"));
  CHECK_THAT(problems("apps/reservoir", "#include \"apps/continual/run.hpp\"\n"), Contains("sideways"));
  CHECK_THAT(problems("apps/command", "#include <apps/session/run.hpp>\n"), Contains("quotes"));
  CHECK_THAT(problems("apps/command", "#include \"apps/run.hpp\"\n"), Contains("on no floor"));
  CHECK_THAT(problems("apps/command", "#include \"core/missing.hpp\"\n"), Contains("does not exist"));
  CHECK_THAT(problems("apps/command", "#include \"run.hpp\"\n"), Contains("on no floor"));
  CHECK_THAT(problems("apps/command", "#include \"tests/main.hpp\"\n"), Contains("on no floor"));

  CHECK(problems("apps/sweep", "#include \"core/types.hpp\"\n#include <vector>\n#include \"apps/session/run.hpp\"\n")
            .empty());
  CHECK(
      problems(
          "core",
          "// #include \"apps/session/run.hpp\"\n/* #include \"apps/session/run.hpp\"\n#include \"io/h5/h5.hpp\" */\n")
          .empty());
}

// docs/inputs.md, docs/signals.md and docs/experiment.md say what the lists of kinds say.
#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "apps/tasks/task.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/signals/kinds.hpp"
#include "tests/files.hpp"

namespace test_kind_pages {

namespace {

// The head of a kind's section; what follows it there is free.
template <class Kind>
std::string section_of(const Kind& kind) {
  std::string text = "## " + std::string(kind.name()) + "\n\n" + std::string(kind.summary()) + "\n\n";
  text += "| key | meaning | unit | default | range |\n|---|---|---|---|---|\n";
  const auto same = kind.clone();
  std::vector<rheo::KindField> fields = same->fields();
  for (rheo::KindField& field : fields) {
    text += "| `" + field.name + "` | " + field.meaning + " | " + std::exchange(field.unit, {});
    text += " | " + initial_text(field) + " | " + allowed_text(field) + " |\n";
  }
  if (!kind.source().empty()) text += "\nSource: " + std::string(kind.source()) + ".\n";
  return text;
}

template <class Kind, class... More>
void check_page(const std::string& file, const std::vector<std::unique_ptr<const Kind>>& kinds, const More&... more) {
  const std::string page = bytes_of(RHEO_SOURCE_DIR "/docs/" + file),
                    overview = bytes_of(RHEO_SOURCE_DIR "/docs/experiment.md");
  std::set<std::string> names;
  const auto check_section = [&](const auto& kind) {
    const std::string name(kind->name());
    CHECK(names.insert(name).second);
    const std::string section = section_of(*kind);
    if (page.find(section) == std::string::npos) FAIL_CHECK("docs/" << file << " lacks this:\n" << section);
    if (overview.find("`\"" + name + "\"`") == std::string::npos)
      FAIL_CHECK("docs/experiment.md does not name " << name);
  };
  for (const auto& kind : kinds) check_section(kind);
  [[maybe_unused]] const auto check_all = [&](const auto& others) {
    for (const auto& kind : others) check_section(kind);
  };
  (check_all(more), ...);
  // Nothing is explained that is not there; sections without a table are about something else.
  std::istringstream lines(page);
  std::string heading;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("## ", 0) == 0) heading = line.substr(3);
    if (line == "| key | meaning | unit | default | range |") CHECK(names.count(heading) == 1);
  }
}

}  // namespace

TEST_CASE("the page of inputs is that of their kinds", "[inputs]") {
  check_page("inputs.md", rheo::input_kinds());
}

TEST_CASE("the page of signals is that of their kinds", "[signals]") {
  check_page("signals.md", rheo::signal_kinds());
}

TEST_CASE("the page of tasks is that of the kinds of data and readouts", "[tasks]") {
  check_page("tasks.md", rheo::data_kinds(), rheo::readout_kinds());
}

}  // namespace test_kind_pages

// docs/connectors.md and docs/experiment.md say what the catalogue of rules says.
#include <catch2/catch.hpp>
#include <set>
#include <sstream>
#include <string>

#include "networks/connect/rules.hpp"
#include "networks/description/positions.hpp"
#include "tests/files.hpp"

namespace test_connector_page {

namespace {

std::string table_of(const std::vector<rheo::KindField>& fields) {
  std::string text = "| key | meaning | default | range |\n|---|---|---|---|\n";
  for (const rheo::KindField& field : fields)
    text += "| `" + field.name + "` | " + field.meaning + " | " + initial_text(field) + " | " + allowed_text(field) +
            " |\n";
  return text;
}

// The head of a rule's section; what follows it there is free.
std::string section_of(const rheo::ConnectRule& rule) {
  std::string text = "## " + std::string(rule.name()) + "\n\n" + std::string(rule.summary()) + "\n\n";
  const auto numbers = rule.clone();
  text += table_of(numbers->fields());
  text += "\nMemory while it is built: " + std::string(rule.memory()) + ".\n";
  if (!rule.source().empty()) text += "Source: " + std::string(rule.source()) + ".\n";
  return text;
}

}  // namespace

TEST_CASE("the page of connection rules is that of the catalogue", "[connectors]") {
  const std::string page = bytes_of(RHEO_SOURCE_DIR "/docs/connectors.md"),
                    overview = bytes_of(RHEO_SOURCE_DIR "/docs/experiment.md");
  std::set<std::string> names;
  for (const auto& rule : rheo::connect_rules()) {
    const std::string name(rule->name());
    CHECK(names.insert(name).second);
    const std::string section = section_of(*rule);
    if (page.find(section) == std::string::npos) FAIL_CHECK("docs/connectors.md lacks this:\n" << section);
    if (overview.find("`\"" + name + "\"`") == std::string::npos)
      FAIL_CHECK("docs/experiment.md does not name " << name);
  }
  rheo::for_each_kind(static_cast<const rheo::Positions*>(nullptr), [&](auto kind) {
    const std::string section =
        std::string("### ") + kind.name + "\n\n" + kind.summary + "\n\n" + table_of(rheo::fields_of(kind));
    if (page.find(section) == std::string::npos) FAIL_CHECK("docs/connectors.md lacks this:\n" << section);
    names.insert(kind.name);
  });
  // Nothing is explained that is not there; sections without a table are about something else.
  std::istringstream lines(page);
  std::string heading;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) heading = line.substr(line.find(' ') + 1);
    if (line == "| key | meaning | default | range |") CHECK(names.count(heading) == 1);
  }
}

}  // namespace test_connector_page

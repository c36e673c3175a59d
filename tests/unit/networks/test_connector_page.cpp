// docs/connectors.md and docs/experiment.md say what the catalogue of rules says.
#include <catch2/catch.hpp>
#include <set>
#include <sstream>
#include <string>

#include "networks/connect/connect_rules.hpp"
#include "tests/files.hpp"

namespace test_connector_page {

namespace {

// The head of a rule's section; what follows it there is free.
std::string section_of(const rheo::ConnectRule& rule) {
  std::string text = "## " + rule.name + "\n\n" + rule.summary + "\n\n";
  text += "| key | meaning | default | range |\n|---|---|---|---|\n";
  for (const rheo::ConnectKey& key : rule.keys)
    text += "| `" + key.name + "` | " + key.meaning + " | " + key.initial + " | " + key.range + " |\n";
  text += "\nMemory while it is built: " + rule.memory + ".\n";
  if (!rule.source.empty()) text += "Source: " + rule.source + ".\n";
  return text;
}

}  // namespace

TEST_CASE("the page of connection rules is that of the catalogue", "[connectors]") {
  const std::string page = bytes_of(RHEO_SOURCE_DIR "/docs/connectors.md"),
                    overview = bytes_of(RHEO_SOURCE_DIR "/docs/experiment.md");
  std::set<std::string> names;
  for (const rheo::ConnectRule& rule : rheo::connect_rules()) {
    CHECK(&rheo::find_connect_rule(rule.rule) == &rule);
    CHECK(names.insert(rule.name).second);
    const std::string section = section_of(rule);
    if (page.find(section) == std::string::npos) FAIL_CHECK("docs/connectors.md lacks this:\n" << section);
    if (overview.find("`\"" + rule.name + "\"`") == std::string::npos)
      FAIL_CHECK("docs/experiment.md does not name " << rule.name);
  }
  // Nothing is explained that is not there; sections without a table are about something else.
  std::istringstream lines(page);
  std::string heading;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("## ", 0) == 0) heading = line.substr(3);
    if (line == "| key | meaning | default | range |") CHECK(names.count(heading) == 1);
  }
}

}  // namespace test_connector_page

// docs/connectors.md and docs/experiment.md say what the catalogue of rules says.
#include <catch2/catch.hpp>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "networks/connect/rules.hpp"
#include "networks/description/positions.hpp"
#include "networks/description/values.hpp"
#include "tests/files.hpp"

namespace test_connector_page {

namespace {

// The head of a kind's section; what follows it there is free.
std::string head_of(const std::string& heading, std::string_view summary, std::span<const rheo::KindField> fields) {
  std::string text = heading + "\n\n" + std::string(summary) + "\n\n";
  text += "| key | meaning | default | range |\n|---|---|---|---|\n";
  for (const rheo::KindField& field : fields)
    text += "| `" + field.name + "` | " + field.meaning + " | " + initial_text(field) + " | " + allowed_text(field) +
            " |\n";
  return text;
}

std::string section_of(const rheo::ConnectRule& rule) {
  const auto numbers = rule.clone();
  std::string text = head_of("## " + std::string(rule.name()), rule.summary(), numbers->fields());
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
  for (rheo::AnyPairValue kind : rheo::pair_values()) {
    const auto [heading, summary] = std::visit(
        [](const auto& one) { return std::pair("by " + std::string(one.name), std::string(one.summary)); }, kind);
    CHECK(names.insert(heading).second);
    const std::string section = head_of("## " + heading, summary, fields_of(kind));
    if (page.find(section) == std::string::npos) FAIL_CHECK("docs/connectors.md lacks this:\n" << section);
  }
  rheo::for_each_kind(static_cast<const rheo::Positions*>(nullptr), [&](auto kind) {
    const std::string section = head_of(std::string("### ") + kind.name, kind.summary, rheo::fields_of(kind));
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

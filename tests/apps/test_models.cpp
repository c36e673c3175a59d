// docs/models and docs/rules hold what the command prints, so that the pages cannot drift from models and rules.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "neurons/catalogue.hpp"
#include "plasticity/library.hpp"
#include "tests/apps/command.hpp"
#include "tests/files.hpp"

namespace test_models {

namespace {

// Holds the committed pages of a folder to what `rheo models OPTION DIR` prints.
void check_pages(const std::string& committed_folder, const std::string& option, std::size_t pages) {
  const Scratch scratch;
  const std::string command = "'" RHEO_COMMAND "' models " + option + " ";
  REQUIRE(std::system((command + "'" + scratch.path.string() + "'").c_str()) == 0);
  const fs::path folder = fs::path(RHEO_SOURCE_DIR) / committed_folder;
  std::set<std::string> printed, committed;
  for (const auto& entry : fs::directory_iterator(scratch.path)) printed.insert(entry.path().filename());
  for (const auto& entry : fs::directory_iterator(folder)) committed.insert(entry.path().filename());
  CHECK(printed == committed);
  CHECK(printed.size() == pages);
  for (const std::string& name : printed) {
    INFO(committed_folder << '/' << name << ": run `rheo models " << option << ' ' << committed_folder << '`');
    const bool same = bytes_of(scratch / name) == bytes_of(folder / name);
    CHECK(same);
    CHECK(bytes_of(scratch / name).size() > 100);
  }
  CHECK(std::system((command + "/nowhere/at/all 2> /dev/null").c_str()) != 0);
}

}  // namespace

TEST_CASE("docs/models: the pages are those of rheo models --markdown") {
  check_pages("docs/models", "--markdown", rheo::neuron_models().size() + 1);
}

TEST_CASE("docs/rules: the pages are those of rheo models --markdown-rules") {
  check_pages("docs/rules", "--markdown-rules", rheo::RuleLibrary().rules().size() + 1);
}

TEST_CASE("every rule says its equation, and in it every parameter") {
  const rheo::RuleLibrary library;
  for (const rheo::Rule& rule : library.rules()) {
    INFO(rule.name);
    CHECK(rule.source.size() > 20);
    for (const rheo::RuleParam& param : rule.params) {
      INFO(param.name);
      CHECK(rule.equation.find(param.name) != std::string::npos);
    }
  }
}

TEST_CASE("rheo models lists and shows rules") {
  const Scratch scratch;
  const auto said = [&](const std::vector<std::string>& arguments, int code) {
    Command command(scratch, arguments);
    CHECK(command.end() == code);
    return code == 0 ? command.out() : command.err();
  };
  using Catch::Contains;
  CHECK_THAT(said({"models"}, 0), Contains("iaf_psc_exp") && Contains("\nplasticity rules (rheo models --rule NAME") &&
                                      Contains("\n  stdp_pair "));
  CHECK_THAT(said({"models", "--rule", "stdp_pair"}, 0),
             Contains("stdp_pair: ") && Contains("Equation\n  dx/dt = -x/tau_plus") && Contains("tau_minus  ms") &&
                 Contains("the projection's") && Contains("decays with tau_plus") && Contains("Guetig"));
  CHECK_THAT(said({"models", "--rule", "stdp_pear"}, 2),
             Contains("unknown rule") && Contains("did you mean \"stdp_pair"));
  CHECK_THAT(said({"models", "iaf_psc_ex"}, 2), Contains("unknown model"));
  CHECK_THAT(said({"models", "--plugin", "/nowhere/at/all.so"}, 2), Contains("/nowhere/at/all.so: no such file"));
}

TEST_CASE("every neuron model says its equation, numerics and source") {
  for (const rheo::ModelInfo& model : rheo::neuron_models()) {
    if (model.ports.empty()) continue;
    INFO(model.name);
    CHECK(model.equation.find(model.spikes ? "dV_m/dt" : "V_m") != std::string::npos);
    CHECK(model.numerics.size() > 50);
    CHECK(model.source.size() > 20);
    // What the equation calls by name are parameters, states or ports.
    for (const rheo::FieldInfo& column : model.columns)
      if (column.name != "refractory" && column.name.find("I_syn_") && column.name.find("g_"))
        CHECK((model.equation.find(column.name) != std::string::npos || column.name.starts_with("dI_syn")));
  }
}

}  // namespace test_models

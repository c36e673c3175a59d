// docs/models holds what the command prints, so that the pages cannot drift from the models.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "neurons/catalogue.hpp"
#include "tests/files.hpp"

TEST_CASE("docs/models: the pages are those of rheo models --markdown") {
  const fs::path folder = fs::temp_directory_path() / ("rheo_models_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  REQUIRE(std::system(("'" RHEO_COMMAND "' models --markdown '" + folder.string() + "'").c_str()) == 0);
  std::set<std::string> printed, committed;
  for (const auto& entry : fs::directory_iterator(folder)) printed.insert(entry.path().filename());
  for (const auto& entry : fs::directory_iterator(RHEO_SOURCE_DIR "/docs/models"))
    committed.insert(entry.path().filename());
  CHECK(printed == committed);
  CHECK(printed.size() == rheo::neuron_models().size() + 1);
  for (const std::string& name : printed) {
    INFO("docs/models/" << name << ": run `rheo models --markdown docs/models`");
    const bool same = bytes_of(folder / name) == bytes_of(fs::path(RHEO_SOURCE_DIR "/docs/models") / name);
    CHECK(same);
    CHECK(bytes_of(folder / name).size() > 100);
  }
  fs::remove_all(folder);
  CHECK(std::system("'" RHEO_COMMAND "' models --markdown /nowhere/at/all 2> /dev/null") != 0);
}

TEST_CASE("every neuron model says its equation, numerics and source") {
  for (const rheo::ModelInfo& model : rheo::neuron_models()) {
    if (model.ports.empty()) continue;
    INFO(model.name);
    CHECK(model.equation.find("dV_m/dt") != std::string::npos);
    CHECK(model.numerics.size() > 50);
    CHECK(model.source.size() > 20);
    // What the equation calls by name are parameters, states or ports.
    for (const rheo::FieldInfo& column : model.columns)
      if (column.name != "refractory" && column.name.find("I_syn_") && column.name.find("g_"))
        CHECK((model.equation.find(column.name) != std::string::npos || column.name.starts_with("dI_syn")));
  }
}

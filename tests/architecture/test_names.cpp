// Names of tests that ctest can pass on.
#include <catch2/catch.hpp>
#include <filesystem>
#include <regex>
#include <string>

#include "tests/files.hpp"

TEST_CASE("no test has a semicolon in its name, which CMake would cut into two that run nothing") {
  int names = 0;
  const std::regex test("TEST_CASE\\(\\s*\"([^\"]*)\"");
  for (const auto& entry : fs::recursive_directory_iterator(RHEO_SOURCE_DIR "/tests")) {
    if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
    const std::string text = bytes_of(entry.path());
    for (std::sregex_iterator it(text.begin(), text.end(), test), end; it != end; ++it) {
      CAPTURE(entry.path().string(), (*it)[1].str());
      CHECK((*it)[1].str().find(';') == std::string::npos);
      ++names;
    }
  }
  CHECK(names > 300);
}

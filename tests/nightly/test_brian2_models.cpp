// Every neuron model against Brian2: tests/peers/brian2_models.py says what is compared.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

namespace test_brian2_models {

TEST_CASE("models spike as in Brian2") {
  if (std::system("/usr/bin/python3 -c 'import brian2, h5py' > /dev/null 2>&1") != 0) {
    WARN("python3-brian is not installed: not compared");
    return;
  }
  const std::string script = RHEO_SOURCE_DIR "/tests/peers/brian2_models.py";
  CHECK(std::system(("/usr/bin/python3 '" + script + "' --rheo '" RHEO_COMMAND "'").c_str()) == 0);
}

}  // namespace test_brian2_models

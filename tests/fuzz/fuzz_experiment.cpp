// Damaged experiment files: parsed, checked, and what is small enough is built and run for a few ticks.
#include <algorithm>
#include <cctype>

#include "io/experiment.hpp"
#include "io/sweep.hpp"
#include "networks/network.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

namespace fs = std::filesystem;
using fuzz::Dice;
using Lines = std::vector<std::string>;

const std::vector<std::string> values = {"-1",
                                         "0",
                                         "1",
                                         "-0.0",
                                         "1e308",
                                         "-1e308",
                                         "1e-320",
                                         "nan",
                                         "inf",
                                         "-inf",
                                         "9223372036854775807",
                                         "4294967295",
                                         "4294967296",
                                         "-9223372036854775808",
                                         "65536",
                                         "\"\"",
                                         "\"E\"",
                                         "\"E[0:4294967295]\"",
                                         "\"E[::0]\"",
                                         "\"E[5:1]\"",
                                         "\"\\u0000\"",
                                         "[]",
                                         "[[]]",
                                         "[[[]]]",
                                         "{}",
                                         "{ uniform = [1.0, 0.0] }",
                                         "{ uniform = [0.0, inf] }",
                                         "{ normal = [0.0, 1e300] }",
                                         "{ normal = [0.0, 1.0], min = 50.0 }",
                                         "{ lognormal = [1000.0, 5.0] }",
                                         "{ choice = [] }",
                                         "{ file = \"/dev/zero\", dataset = \"/w\" }",
                                         "{ file = \".\", dataset = \"/w\" }",
                                         "true",
                                         "false",
                                         "1979-05-27",
                                         "07:32:00",
                                         "[1, 2.0, \"x\"]",
                                         "[nan]",
                                         "[0.1, 0.1]",
                                         "[3.0, 2.0, 1.0]",
                                         "'''",
                                         "\"poisson\"",
                                         "\"list\"",
                                         "\"izhikevich\"",
                                         "\"single\"",
                                         "0x7f",
                                         "1_000",
                                         "0.1",
                                         "0.05",
                                         "2.5",
                                         "[\"E\", \"E\"]",
                                         "[\"E\", \"I\"]"};

Lines split(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Changes one thing: a value, a key, a line, a byte, the rest.
void damage(Dice& dice, Lines& lines, const std::vector<Lines>& seeds) {
  if (lines.empty()) return;
  std::string& line = lines[dice.below(lines.size())];
  const Lines& other = dice.pick(seeds);
  switch (dice.below(10)) {
    case 0:
    case 1:
    case 2:  // another value
      if (const std::size_t equals = line.find('='); equals != std::string::npos)
        line = line.substr(0, equals + 1) + ' ' + dice.pick(values);
      break;
    case 3: {  // another value somewhere inside
      const std::size_t equals = line.find('=', line.size() > 1 ? dice.below(line.size()) : 0);
      if (equals == std::string::npos) break;
      std::size_t end = equals + 1;
      while (end < line.size() && line[end] != ',' && line[end] != '}') ++end;
      line = line.substr(0, equals + 1) + ' ' + dice.pick(values) + line.substr(end);
      break;
    }
    case 4:  // digits
      for (char& c : line)
        if (std::isdigit(static_cast<unsigned char>(c)) && dice.one_in(3)) c = static_cast<char>('0' + dice.below(10));
      break;
    case 5:
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(dice.below(lines.size())));
      break;
    case 6:  // a line from elsewhere
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(dice.below(lines.size())), dice.pick(other));
      break;
    case 7:
      std::swap(line, lines[dice.below(lines.size())]);
      break;
    case 8:  // bytes
      for (std::size_t n = 1 + dice.below(4); n > 0 && !line.empty(); --n)
        line[dice.below(line.size())] = static_cast<char>(dice.below(256));
      break;
    default:
      if (dice.one_in(2))
        lines.resize(dice.below(lines.size()));
      else if (dice.one_in(4))
        line += std::string(1 + dice.below(300), dice.one_in(2) ? '[' : '{');
  }
}

// Whether building it is quick: no large number stands in it.
bool is_small(const std::string& text) {
  std::size_t digits = 0;
  for (const char c : text) {
    if (digits > 3 || (digits > 0 && c == 'e')) return false;
    digits = std::isdigit(static_cast<unsigned char>(c)) ? digits + 1 : 0;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path folder = fuzz::scratch("rheo_fuzz_experiment");
  fs::create_directories(folder);
  std::vector<Lines> seeds;
  for (const fs::path& from : {fs::path(RHEO_SOURCE_DIR) / "examples", fs::path(RHEO_SOURCE_DIR) / "tests/fuzz/seeds"})
    for (const auto& entry : fs::recursive_directory_iterator(from))
      if (entry.path().extension() == ".toml") seeds.push_back(split(fuzz::read(entry.path())));
  std::sort(seeds.begin(), seeds.end());
  const fs::path file = folder / "experiment.toml";
  std::uint64_t built = 0;
  const int result = fuzz::run(argc, argv, folder, [&](Dice& dice, std::uint64_t) {
    Lines lines = dice.pick(seeds);
    for (std::size_t n = 1 + dice.below(4); n > 0; --n) damage(dice, lines, seeds);
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    fuzz::write(file, text);
    if (rheo::has_sweep(file.string())) {
      const rheo::Sweep sweep(file.string());
      for (std::uint64_t point = 0; point < std::min<std::uint64_t>(sweep.size(), 20); ++point) sweep.hash(point);
      sweep.check(0.05);
    }
    const rheo::Experiment experiment = rheo::parse_experiment(file.string(), {});
    rheo::Network::check(experiment.network);
    std::uint64_t neurons = 0;
    for (const auto& population : experiment.network.populations) neurons += population.size;
    if (neurons > 300 || !is_small(text)) return true;
    ++built;
    rheo::Network network(experiment.network, rheo::Threads(1));
    network.simulation().run(20);
    return true;
  });
  std::cout << built << " were built and run" << std::endl;
  if (result == 0) fs::remove_all(folder);
  return result == 0 && built == 0 ? 1 : result;
}

#include "apps/reservoir/kept_trials.hpp"

#include <fmt/format.h>

#include <fstream>
#include <limits>
#include <vector>

#include "io/files/recording.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace {

// Of what a trial computes and keeps: trials of another format are computed again.
constexpr int format = 3;

// Numbers are written with as many digits as they need to come back as the same; what is not finite as null.
double number_of(const Json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

std::vector<double> numbers_of(const Json& json) {
  std::vector<double> numbers;
  for (const Json& one : json) numbers.push_back(number_of(one));
  return numbers;
}

}  // namespace

KeptTrials::KeptTrials(std::filesystem::path directory, std::string version)
    : directory_(std::move(directory)), version_(std::move(version)) {
  recording_step(directory_, [&] { std::filesystem::create_directories(directory_); });
}

std::filesystem::path KeptTrials::path(std::uint64_t identity, std::uint64_t seed) const {
  return directory_ / fmt::format("{:016x}_{}.json", identity, seed);
}

std::optional<Trial> KeptTrials::find(std::uint64_t identity, std::uint64_t seed) const {
  std::ifstream stream(path(identity, seed));
  const Json json = Json::parse(stream, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    if (json.at("rheobase") != version_ || json.at("format") != format) return std::nullopt;
    Trial trial;
    for (const auto& [name, value] : json.at("scores").items()) trial.score(name, number_of(value));
    for (const Json& curve : json.at("curves"))
      trial.curves.push_back({curve.at("panel"), curve.at("name"), curve.at("x_label"), curve.at("y_label"),
                              numbers_of(curve.at("x")), numbers_of(curve.at("y")), curve.at("wanted")});
    trial.seconds = json.at("seconds");
    trial.simulated = json.at("simulated");
    return trial;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void KeptTrials::keep(std::uint64_t identity, std::uint64_t seed, const Trial& trial) const {
  Json json;
  json["rheobase"] = version_;
  json["format"] = format;
  json["scores"] = Json::object();
  for (const auto& [name, value] : trial.scores) json["scores"][name] = value;
  json["curves"] = Json::array();
  for (const Curve& curve : trial.curves)
    json["curves"].push_back({{"panel", curve.panel},
                              {"name", curve.name},
                              {"x_label", curve.x_label},
                              {"y_label", curve.y_label},
                              {"x", curve.x},
                              {"y", curve.y},
                              {"wanted", curve.wanted}});
  json["seconds"] = trial.seconds;
  json["simulated"] = trial.simulated;
  write_whole_text(path(identity, seed),
                   [&](std::ostream& to) { to << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n'; });
}

}  // namespace rheo

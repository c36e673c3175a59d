#include "apps/session/checkpoints.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

#include "apps/session/run_directory.hpp"
#include "core/diagnostics.hpp"
#include "io/files/recording.hpp"

namespace rheo {

namespace fs = std::filesystem;

std::optional<double> parse_wall_time(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, text.data() + text.size());
  if (error != std::errc() || !(value > 0) || !std::isfinite(value)) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, double>, 5> units{
      {{"", 1}, {"s", 1}, {"ms", 0.001}, {"min", 60}, {"h", 3600}}};
  for (const auto& [name, seconds] : units)
    if (unit == name) return value * seconds;
  return std::nullopt;
}

Checkpoints::Checkpoints(fs::path directory, std::optional<double> every, std::vector<fs::path> recordings)
    : directory_(std::move(directory)), every_(every), recordings_(std::move(recordings)) {}

Checkpoints::~Checkpoints() = default;

bool Checkpoints::due() {
  if (!every_ || std::chrono::duration<double>(Clock::now() - last_).count() < *every_) return false;
  if (!writing_.valid()) return true;
  if (writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return false;
  end_previous();
  return true;
}

void Checkpoints::end_previous() {
  try {
    wait();
  } catch (const RecordingError& error) {
    problem_ = error.what();
  }
}

void Checkpoints::write(Checkpoint checkpoint, const fs::path& file) {
  cost_.bytes = checkpoint.state.size() + checkpoint.statistics.size();
  writing_ = std::async(std::launch::async, [this, file, checkpoint = std::move(checkpoint)] {
    const Stopwatch watch;
    // What was recorded up to this tick must not be lost while the checkpoint is not.
    recording_step(directory_, [&] {
      for (const fs::path& sealed : recordings_) sync_part(sealed);
    });
    if (file.empty())
      write_checkpoint(directory_ / checkpoint_file, checkpoint, directory_ / previous_checkpoint_file);
    else
      write_checkpoint(file, checkpoint);
    return watch.seconds();
  });
}

void Checkpoints::wait() {
  if (!writing_.valid()) return;
  cost_.writing += writing_.get();
  ++cost_.written;
}

std::string Checkpoints::problem() {
  return std::exchange(problem_, {});
}

void Checkpoints::remove() {
  remove_leftovers(directory_);
}

}  // namespace rheo

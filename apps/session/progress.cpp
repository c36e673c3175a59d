#include "apps/session/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace rheo {

namespace {

int columns_of(std::FILE* terminal) {
  winsize size{};
  if (::ioctl(::fileno(terminal), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// At most `width` columns; no bar where that is 0.
std::string with_bar(std::string text, double part, int width) {
  if (width <= 0) return text;
  const int room = std::min(40, width - static_cast<int>(text.size()) - 4);
  if (room >= 8) {
    const int filled = static_cast<int>(std::floor(part * room));
    std::string bar(static_cast<std::size_t>(filled), '=');
    if (filled < room) bar += '>';
    bar.resize(static_cast<std::size_t>(room), ' ');
    text = "[" + bar + "] " + text;
  }
  return text.substr(0, static_cast<std::size_t>(std::max(1, width - 1)));
}

}  // namespace

std::string clock_text(double seconds) {
  if (!std::isfinite(seconds) || seconds > 1e9) return "-:--";
  const auto whole = static_cast<long long>(std::ceil(std::max(seconds, 0.0)));
  const long long hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, rest) : fmt::format("{}:{:02}", minutes, rest);
}

std::string progress_text(const ProgressState& state, int width) {
  const double part = state.total > 0 ? std::clamp(state.done / state.total, 0.0, 1.0) : 0.0;
  std::string text = fmt::format("{:3.0f} %   {:.0f} of {:.0f} ms", std::floor(part * 100), state.done, state.total);
  if (!state.phase.empty()) text += fmt::format("   phase {}", state.phase);
  if (state.done > 0) {
    text += fmt::format("   RTF {:.3g}", state.wall * 1000 / state.done);
    text += fmt::format("   ETA {}", clock_text(state.wall * (1 - part) / part));
  }
  return with_bar(text, part, width);
}

std::string progress_text(const SweepProgress& state, int width) {
  const std::uint64_t ended = state.finished + state.failed;
  const double part = state.total > 0 ? static_cast<double>(ended) / static_cast<double>(state.total) : 0.0;
  std::string text = fmt::format("{:3.0f} %   {} of {} points", std::floor(part * 100), ended, state.total);
  if (state.failed > 0) text += fmt::format("   {} failed", state.failed);
  text += fmt::format("   {} running", state.running);
  if (ended > state.ended_before)
    text += fmt::format("   ETA {}", clock_text(state.wall * static_cast<double>(state.total - ended) /
                                                static_cast<double>(ended - state.ended_before)));
  return with_bar(text, part, width);
}

std::string progress_text(const LearningProgress& state, int width) {
  const double part = state.total > 0 ? std::clamp(state.done / state.total, 0.0, 1.0) : 0.0;
  std::string text =
      fmt::format("{:3.0f} %   {}   task {} of {}", std::floor(part * 100), state.what, state.task + 1, state.tasks);
  if (state.testing) text += ", testing";
  if (state.done > state.before && state.wall > 0) {
    const double rate = (state.done - state.before) / state.wall;
    text += fmt::format("   {:.0f} images/s   ETA {}", rate, clock_text((state.total - state.done) / rate));
  }
  return with_bar(text, part, width);
}

Progress::Progress(std::FILE* to) : to_(to), last_(Clock::now()) {
  terminal_ = to_ != nullptr && ::isatty(::fileno(to_)) == 1;
}

Progress::~Progress() {
  finish();
}

void Progress::stage(const std::string& what) {
  if (!to_) return;
  finish();
  write(terminal_ ? what + " ..." : what + "\n");
  drawn_ = terminal_;
}

template <class State>
void Progress::draw(const State& state) {
  if (!to_) return;
  // A tenth of a second looks alive; five seconds keep the log of a night readable.
  const std::chrono::duration<double> interval(terminal_ ? 0.1 : 5.0);
  const Clock::time_point now = Clock::now();
  if (now - last_ < interval) return;
  last_ = now;
  if (terminal_) {
    write(fmt::format("\r{}\x1b[K", progress_text(state, columns_of(to_))));
    drawn_ = true;
  } else {
    write(progress_text(state, 0) + "\n");
  }
}

template void Progress::draw(const ProgressState&);
template void Progress::draw(const SweepProgress&);
template void Progress::draw(const LearningProgress&);

void Progress::finish() {
  if (!drawn_) return;
  write("\r\x1b[K");
  drawn_ = false;
}

void Progress::write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), to_);
  std::fflush(to_);
}

}  // namespace rheo

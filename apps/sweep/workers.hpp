// The processes of a sweep's points on this host.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "apps/session/progress.hpp"
#include "apps/session/signals.hpp"
#include "apps/sweep/sweep.hpp"
#include "io/sweep/claims.hpp"
#include "io/sweep/folder.hpp"

namespace rheo {

// Tells whether files were written to.
class Stamps {
 public:
  explicit Stamps(const std::vector<std::string>& files) {
    for (const std::string& file : files) stamps_.emplace_back(file, stamp(file));
  }
  // The first that has changed, or "".
  std::string changed() const {
    for (const auto& [file, before] : stamps_)
      if (stamp(file) != before) return file;
    return {};
  }

 private:
  using Stamp = std::array<std::int64_t, 4>;
  static Stamp stamp(const std::string& file);
  std::vector<std::pair<std::string, Stamp>> stamps_;
};

// How the work on some points ended.
struct SweepOutcome {
  bool stopped = false;         // by a signal, to this process or to one of a point
  std::uint64_t elsewhere = 0;  // points that another process is at work on

  // 75 also where others are at work: it is too early to say how the sweep ends.
  int code(const SweepProgress& progress) const;
};

// Runs points, some at a time, beside others that may do so in the same folder.
struct SweepWorker {
  const Sweep& sweep;
  const Stamps& stamps;
  const SweepFolder& folder;
  const SweepOptions& options;
  unsigned jobs;
  double began;  // s since 1970: what failed earlier runs again, where that is asked for

  SweepOutcome run(const std::vector<SweepWork>& left, SweepProgress& progress, const StopSignals& signals,
                   SweepJournal& journal, SweepClaims& claims) const;
  bool has_ended(const SweepWork& work, SweepProgress& progress) const;
};

std::string summary_text(const SweepFolder& folder, const SweepProgress& progress, const SweepOutcome& outcome);

}  // namespace rheo

#include "apps/sweep/sweep.hpp"

#include <algorithm>
#include <unordered_set>

#include "apps/session/print.hpp"
#include "apps/session/signals.hpp"
#include "apps/sweep/choice.hpp"
#include "apps/sweep/workers.hpp"
#include "core/parallel.hpp"
#include "io/files/provenance.hpp"
#include "io/sweep/claims.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

constexpr double seconds_for_checks = 10;

}  // namespace

SweepPlan plan_sweep(const Sweep& sweep, const SweepFolder& folder, bool retry_failed) {
  SweepPlan plan;
  std::vector<SweepWork> all;
  std::unordered_set<std::uint64_t> seen;
  for (std::uint64_t point = 0; point < sweep.size(); ++point) {
    const std::uint64_t hash = sweep.hash(point);
    if (!seen.insert(hash).second) continue;
    all.push_back({point, hash});
    plan.hashes.push_back(hash);
  }
  plan.history = history_of(folder, plan.hashes);
  plan.progress.total = all.size();
  for (const SweepWork& work : all) {
    const auto record = plan.history.records.find(work.hash);
    const PointState state = record == plan.history.records.end() ? PointState::waiting : record->second.state;
    if (state == PointState::finished) {
      ++plan.progress.finished;
    } else if (state == PointState::failed && !retry_failed) {
      ++plan.progress.failed;
    } else {
      plan.left.push_back(work);
    }
  }
  plan.progress.ended_before = plan.progress.finished + plan.progress.failed;
  return plan;
}

void check_points(const Sweep& sweep, const SweepPlan& plan) {
  if (!plan.left.empty()) sweep.check(seconds_for_checks);
}

fs::path sweep_directory(const SweepOptions& options) {
  return options.out.empty() ? fs::path(options.file).stem().concat(".sweep") : options.out;
}

int run_sweep(const SweepOptions& options) {
  const StopSignals signals;
  const Sweep sweep = open_sweep(options.file, options.overrides, options.plugins);
  const Stamps stamps(sweep.files());
  const SweepFolder folder(sweep_directory(options));
  const unsigned jobs = options.jobs > 0 ? options.jobs : std::max(1u, usable_processors() / options.threads);
  SweepPlan plan = plan_sweep(sweep, folder, options.retry_failed);
  check_points(sweep, plan);

  folder.make();
  // The usual journal, unless another host is writing to it.
  std::string share = "0";
  for (const SweepSession& session : plan.history.sessions)
    if (session.share == share && session.is_live() && session.host != host_name()) share = own_share();
  const SweepSession session = own_session(share, {}, jobs);
  SweepJournal journal(folder, session);
  journal.reject_others(folder.history({}));
  folder.describe(sweep);
  for (const std::uint64_t hash : plan.history.unlisted) journal.append(plan.history.records.at(hash));
  SweepClaims claims(folder, session);

  SweepOutcome ended;
  {
    const SweepWorker worker{sweep, stamps, folder, options, jobs, seconds_since_1970()};
    ended = worker.run(plan.left, plan.progress, signals, journal, claims);
  }
  if (!options.quiet) {
    if (plan.progress.failed > 0) {
      const SweepManifest manifest = folder.manifest();
      print(failed_text(folder, manifest, folder.points(manifest), folder.history(plan.hashes), 10));
    }
    print(summary_text(folder, plan.progress, ended));
  }
  return ended.code(plan.progress);
}

}  // namespace rheo

// The directory of a sweep. Nothing in it is locked, and each file has one writer:
//
//   sweep.json                    what is swept: SweepManifest
//   points.jsonl                  the points in their order, a line each: SweepPoint
//   points/ab/abcdef0123456789/   a point: the output of its run, and point.json once it ended: PointRecord
//   journal/<share>.jsonl         what one process did, a line per event, so that nobody opens all folders
//   claims/<point>                who runs a point now (io/sweep/claims.hpp)
//
// sweep.json, points.jsonl and point.json appear whole or not at all. All of them and each line of a journal have a
// checksum: who reads a damaged table is told, and a damaged record counts as none. A journal may end in a line that
// was cut short; where it does not know how a point ended, the point's folder does.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "io/files/statistics.hpp"
#include "io/sweep/session.hpp"
#include "io/sweep/sweep.hpp"

namespace rheo {

enum class PointState { waiting, running, finished, failed, interrupted };
inline constexpr std::array<const char*, 5> point_state_names{"waiting", "running", "finished", "failed",
                                                              "interrupted"};

// What became of a point.
struct PointRecord {
  std::uint64_t hash = 0;
  PointState state = PointState::waiting;
  std::string error;              // of one that failed
  double time = 0;                // s since 1970: when it ended, or began, where it is running
  double build_wall_time = 0;     // s
  double simulate_wall_time = 0;  // s
  std::optional<double> real_time_factor;
  std::uint64_t peak_memory = 0;  // bytes
  std::vector<PopulationStatistics> populations;
  std::vector<std::pair<std::string, std::optional<double>>> scores;  // of a task

  const char* state_name() const { return point_state_names[static_cast<std::size_t>(state)]; }
};

// A metric of [sweep] ("rate.E"), NaN where the point has none.
double metric_of(const std::string& name, const PointRecord& record);

struct SweepManifest {
  std::string file;                             // as the user named it
  std::vector<std::string> overrides, plugins;  // likewise
  std::string directory;                        // in which all these are meant
  std::string design;
  std::uint64_t points = 0;
  std::vector<std::string> keys;     // Sweep::keys
  std::vector<std::string> metrics;  // "rate.E"
  std::string objective;             // one of them; empty: it is no search
  bool maximise = false;
  std::string points_checksum;  // of points.jsonl
};

using SweepParameter = std::variant<std::int64_t, double, std::string>;  // lists and tables are texts here
std::string parameter_text(const SweepParameter& parameter);

struct SweepPoint {
  std::uint64_t hash = 0;
  std::uint32_t repeat = 0;
  std::vector<SweepParameter> parameters;  // by keys
};

struct SweepHistory {
  std::unordered_map<std::uint64_t, PointRecord> records;  // of points that were begun at least
  std::vector<SweepSession> sessions;                      // in the order of their begin
  std::vector<std::uint64_t> unlisted;                     // points that ended though no journal says so
};

class SweepFolder {
 public:
  explicit SweepFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::string name_of(std::uint64_t hash) const;  // "points/ab/abcdef0123456789"
  std::filesystem::path point(std::uint64_t hash) const { return path_ / name_of(hash); }

  // Makes the directory. Throws RecordingError, also where it holds anything but a sweep.
  void make() const;
  // Writes sweep.json and points.jsonl. Throws RecordingError.
  void describe(const Sweep& sweep) const;

  // Throw RecordingError where there is none.
  SweepManifest manifest() const;
  std::vector<SweepPoint> points(const SweepManifest& manifest) const;

  // What journals and folders know of these points. is_gone: whether a session that seems to be live is not, by one who
  // knows better, as a scheduler.
  SweepHistory history(const std::vector<std::uint64_t>& hashes,
                       const std::function<bool(const SweepSession&)>& is_gone = {}) const;

  // When the first session of a share began, s since 1970.
  std::optional<double> first_began(const std::string& share) const;

  std::optional<PointRecord> read_record(std::uint64_t hash) const;
  // point.json, with the parameters, which the journal does without. Throws RecordingError.
  void write_record(const PointRecord& record, const Sweep& sweep, std::uint64_t point) const;

 private:
  std::vector<std::uint64_t> folders() const;

  std::filesystem::path path_;
};

// Appends to the journal of a share as one session.
class SweepJournal {
 public:
  // Throws RecordingError.
  SweepJournal(const SweepFolder& folder, const SweepSession& session);
  ~SweepJournal();
  SweepJournal(const SweepJournal&) = delete;
  SweepJournal& operator=(const SweepJournal&) = delete;

  // Throws RecordingError where another process of this machine is at work on the share. `history`: read since the
  // journal was opened.
  void reject_others(const SweepHistory& history) const;
  // Throws RecordingError.
  void append(const PointRecord& record);
  // Says that the session is at work; cheap when it is too early for that. To be called about every second.
  void touch();

 private:
  void write(const std::string& line);

  std::filesystem::path path_;
  int file_ = -1;
  double touched_ = 0;  // s since 1970
};

// Takes wall times, memory and statistics of populations from a run's run.json; leaves the record as it is where there
// is none.
void add_report(PointRecord& record, const std::filesystem::path& directory);

}  // namespace rheo

#include "io/sweep_claims.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "io/recording.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string text_of(const SweepSession& session) {
  Json json;
  json["share"] = session.share;
  json["host"] = session.host;
  json["job"] = session.job;
  json["process"] = session.process;
  json["process_began"] = session.process_began;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

// Nothing where there is no file.
std::optional<std::string> read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(stream), {}};
}

std::optional<SweepSession> session_of(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    SweepSession session;
    session.share = json.at("share").get<std::string>();
    session.host = json.at("host").get<std::string>();
    session.job = json.at("job").get<std::string>();
    session.process = json.at("process").get<std::int64_t>();
    session.process_began = json.at("process_began").get<std::uint64_t>();
    return session;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// s since 1970 by the clock of the file system, 0 where there is none. Opened, so that a network file system asks its
// server.
double seconds_of_change(const fs::path& file) {
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return 0;
  struct stat found {};
  const int code = ::fstat(opened, &found);
  ::close(opened);
  if (code != 0) return 0;
  return static_cast<double>(found.st_mtim.tv_sec) + static_cast<double>(found.st_mtim.tv_nsec) * 1e-9;
}

}  // namespace

SweepClaims::SweepClaims(const SweepFolder& folder, SweepSession session)
    : folder_(folder), session_(std::move(session)), text_(text_of(session_)) {
  const fs::path directory = folder.path() / "claims";
  std::error_code error;
  fs::create_directories(directory, error);
  // One file with our name, to which every claim is a link.
  draft_ = draft_of(session_);
  std::ofstream stream(draft_, std::ios::binary);
  stream << text_;
  stream.close();
  if (!stream) refuse_recording(draft_, "cannot be written");
}

SweepClaims::~SweepClaims() {
  while (!held_.empty()) release(*held_.begin());
  ::unlink(draft_.c_str());
}

fs::path SweepClaims::draft_of(const SweepSession& session) const {
  return folder_.path() / "claims" / (share_of_process(session) + ".draft");
}

fs::path SweepClaims::file(std::uint64_t hash) const {
  return folder_.path() / "claims" / fs::path(folder_.name_of(hash)).filename();
}

SweepClaims::Answer SweepClaims::take(std::uint64_t hash) {
  const fs::path claim = file(hash);
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (::link(draft_.c_str(), claim.c_str()) == 0) {
      held_.insert(hash);
      return Answer::ours;
    }
    if (errno != EEXIST) refuse_recording(claim, fmt::format("cannot be made ({})", std::strerror(errno)));
    const std::optional<std::string> text = read(claim);
    if (!text) continue;   // given back just now
    if (*text == text_) {  // over a network, an answer may get lost after the link was made
      held_.insert(hash);
      return Answer::ours;
    }
    const std::optional<SweepSession> owner = session_of(*text);
    if (owner) {
      // A scheduler does not run a task twice at a time: that was an earlier start of ours.
      const bool same_job = !session_.job.empty() && owner->job == session_.job;
      if (owner->host == session_.host) {
        if (owner->is_live()) return Answer::others;
      } else if (!same_job) {
        // Both times are the file system's. That of our own journal is at most a heartbeat old.
        const auto journal = [&](const std::string& share) { return folder_.path() / "journal" / (share + ".jsonl"); };
        const double theirs = seconds_of_change(journal(owner->share)),
                     now = seconds_of_change(journal(session_.share));
        const auto [first, is_new] = first_heartbeat_.emplace(owner->share, theirs);
        if (theirs > first->second) return Answer::others;
        if (now - theirs < seconds_until_dead) return Answer::unsure;
      }
    }
    // Its owner is gone. Who moves it away looks whether it is still the one that he read: another may have been
    // faster, and have put up his own.
    const fs::path away = draft_.string() + ".old";
    if (::rename(claim.c_str(), away.c_str()) != 0) continue;
    if (read(away) != text && ::link(away.c_str(), claim.c_str()) == 0) {
      ::unlink(away.c_str());
      return Answer::unsure;
    }
    ::unlink(away.c_str());
    if (owner) ::unlink(draft_of(*owner).c_str());
  }
  return Answer::unsure;
}

void SweepClaims::release(std::uint64_t hash) {
  if (held_.erase(hash) == 0) return;
  // Another may have taken us for dead.
  if (read(file(hash)) == text_) ::unlink(file(hash).c_str());
}

}  // namespace rheo

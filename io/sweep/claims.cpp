#include "io/sweep/claims.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "io/files/recording.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;
std::string text_of(const SweepSession& session) {
  Json json;
  json["share"] = session.share;
  json["host"] = session.host;
  json["job"] = session.job;
  json["process"] = session.process;
  json["process_began"] = session.process_began;
  return json_text(json) + '\n';
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
  if (!stream) reject_recording(draft_, "cannot be written");
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
  const Answer answer = take_claim(file(hash), draft_, text_, [&](const std::string& text) {
    const std::optional<SweepSession> owner = session_of(text);
    if (!owner) return ClaimOwner::gone;
    // A scheduler does not run a task twice at a time: that was an earlier start of ours.
    const bool same_job = !session_.job.empty() && owner->job == session_.job;
    if (owner->host == session_.host) {
      if (owner->is_live()) return ClaimOwner::working;
    } else if (!same_job) {
      // Both times are the file system's. That of our own journal is at most a heartbeat old.
      const auto journal = [&](const std::string& share) { return folder_.path() / "journal" / (share + ".jsonl"); };
      const double theirs = seconds_of_change(journal(owner->share)), now = seconds_of_change(journal(session_.share));
      const auto [first, is_new] = first_heartbeat_.emplace(owner->share, theirs);
      if (theirs > first->second) return ClaimOwner::working;
      if (now - theirs < seconds_until_dead) return ClaimOwner::unknown;
    }
    ::unlink(draft_of(*owner).c_str());
    return ClaimOwner::gone;
  });
  if (answer == Answer::ours) held_.insert(hash);
  return answer;
}

void SweepClaims::release(std::uint64_t hash) {
  if (held_.erase(hash) > 0) release_claim(file(hash), text_);
}

}  // namespace rheo

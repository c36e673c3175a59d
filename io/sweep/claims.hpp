// Who runs a point now. Several processes, of several hosts, may work on one sweep; before one runs a point it puts a
// claim (io/files/claim.hpp) under claims/, and takes it away when the point has ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_set>

#include "io/files/claim.hpp"
#include "io/sweep/folder.hpp"

namespace rheo {

class SweepClaims {
 public:
  // `session`: this process. Its journal must be there, since that tells the others whether it lives.
  SweepClaims(const SweepFolder& folder, SweepSession session);
  // Gives back what it has.
  ~SweepClaims();
  SweepClaims(const SweepClaims&) = delete;
  SweepClaims& operator=(const SweepClaims&) = delete;

  // ours: the point may be run; others: another process is at work on it; unsure: one of another host has it, of which
  // it cannot be told yet whether it lives: ask again later.
  using Answer = ClaimAnswer;
  // Throws RecordingError.
  Answer take(std::uint64_t hash);
  void release(std::uint64_t hash);

 private:
  std::filesystem::path file(std::uint64_t hash) const;
  std::filesystem::path draft_of(
      const SweepSession& session) const;  // the file with its name, to which claims are links

  const SweepFolder& folder_;
  SweepSession session_;
  std::string text_;
  std::filesystem::path draft_;
  std::unordered_set<std::uint64_t> held_;
  std::map<std::string, double> first_heartbeat_;  // of shares that were in our way: when we first looked
};

}  // namespace rheo

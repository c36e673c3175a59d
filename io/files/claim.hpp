// A claim is a file that one process can make and no second one can: a link to a draft with the name of its owner
// (link(2), which network file systems have, too). A claim whose owner is gone is taken over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace rheo {

// A process of some host. Processes have equal numbers one after the other: when they began tells them apart.
struct ProcessName {
  std::string host;
  std::int64_t process = 0;
  std::uint64_t process_began = 0;  // clock ticks since the machine started

  bool is_of_this_host() const;
  // True while it is there and works. Only a process of this host can be asked.
  bool is_live() const;
};
ProcessName own_process();

// When a process of this machine began, in clock ticks since the machine started; 0: there is none, or none that works.
std::uint64_t process_began(std::int64_t process);

enum class ClaimOwner {
  gone,     // its claim may be taken over
  working,  // it holds what it claims
  unknown,  // a process of another host, of which it cannot be told yet whether it lives
};
enum class ClaimAnswer { ours, others, unsure };

// Makes `claim` a link to `draft`, a file with the text `text` on the same file system. owner(text) judges the owner of
// a claim that is there. Throws RecordingError where the claim cannot be made for another reason.
ClaimAnswer take_claim(const std::filesystem::path& claim, const std::filesystem::path& draft, const std::string& text,
                       const std::function<ClaimOwner(const std::string& text)>& owner);
// Removes the claim, unless another process has taken it over.
void release_claim(const std::filesystem::path& claim, const std::string& text);

// The bytes of a file; nothing where there is none.
std::optional<std::string> text_of_file(const std::filesystem::path& file);
// s since 1970 by the clock of the file system, 0 where there is no file. Opens it, so that a network file system asks
// its server.
double seconds_of_change(const std::filesystem::path& file);

}  // namespace rheo

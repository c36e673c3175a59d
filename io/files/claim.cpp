#include "io/files/claim.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#include "io/files/provenance.hpp"
#include "io/files/recording.hpp"

namespace rheo {

namespace fs = std::filesystem;

std::uint64_t process_began(std::int64_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  text.erase(0, text.rfind(')') + 1);  // the name before it may hold anything
  std::istringstream fields(text);
  std::string state, skipped;
  fields >> state;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  std::uint64_t ticks = 0;
  fields >> ticks;
  return state == "Z" || state == "X" ? 0 : ticks;
}

bool ProcessName::is_of_this_host() const {
  return host == host_name();
}

bool ProcessName::is_live() const {
  return rheo::process_began(process) == process_began;
}

ProcessName own_process() {
  return {host_name(), ::getpid(), process_began(::getpid())};
}

std::optional<std::string> text_of_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(stream), {}};
}

double seconds_of_change(const fs::path& file) {
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return 0;
  struct stat found {};
  const int code = ::fstat(opened, &found);
  ::close(opened);
  if (code != 0) return 0;
  return static_cast<double>(found.st_mtim.tv_sec) + static_cast<double>(found.st_mtim.tv_nsec) * 1e-9;
}

ClaimAnswer take_claim(const fs::path& claim, const fs::path& draft, const std::string& text,
                       const std::function<ClaimOwner(const std::string&)>& owner) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (::link(draft.c_str(), claim.c_str()) == 0) return ClaimAnswer::ours;
    if (const int code = errno; code != EEXIST)
      reject_recording(claim, fmt::format("cannot be made ({})", std::generic_category().message(code)));
    const std::optional<std::string> found = text_of_file(claim);
    if (!found) continue;                          // given back just now
    if (*found == text) return ClaimAnswer::ours;  // over a network, an answer may get lost after the link was made
    switch (owner(*found)) {
      case ClaimOwner::working:
        return ClaimAnswer::others;
      case ClaimOwner::unknown:
        return ClaimAnswer::unsure;
      case ClaimOwner::gone:
        break;
    }
    // Another process may have been faster and have put up its own claim: the file that was moved away must be the one
    // that was read.
    const fs::path away = draft.string() + ".old";
    if (::rename(claim.c_str(), away.c_str()) != 0) continue;
    const bool moved_another = text_of_file(away) != found && ::link(away.c_str(), claim.c_str()) == 0;
    ::unlink(away.c_str());
    if (moved_another) return ClaimAnswer::unsure;
  }
  return ClaimAnswer::unsure;
}

void release_claim(const fs::path& claim, const std::string& text) {
  if (text_of_file(claim) == text) ::unlink(claim.c_str());
}

}  // namespace rheo

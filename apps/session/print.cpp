#include "apps/session/print.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "core/diagnostics.hpp"

namespace rheo {

void print(const std::string& text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (const int code = errno; code != EPIPE)
    throw UserError({.file = "standard output",
                     .problem = fmt::format("cannot be written ({})", std::generic_category().message(code))});
}

}  // namespace rheo

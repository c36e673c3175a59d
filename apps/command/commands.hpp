// The sub-commands of rheo, one file each. Each add_* declares its options and hooks its work up as the callback; the
// callback throws UserError for what the user can mend and CLI::RuntimeError(code) to end with another code than 0.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

namespace rheo {

#ifdef RHEO_VERSION
inline constexpr const char* version = RHEO_VERSION;
#else
inline constexpr const char* version = "0.1.0";
#endif

// Exit codes are part of the interface: schedulers and scripts act on them (75 is EX_TEMPFAIL: run it again).
inline constexpr int exit_other_error = 1;
inline constexpr int exit_user_error = 2;
inline constexpr int exit_interrupted = 75;

void add_run(CLI::App& app);
void add_sweep(CLI::App& app);
void add_validate(CLI::App& app);
void add_models(CLI::App& app);
void add_inspect(CLI::App& app);
void add_resume(CLI::App& app);
void add_reservoir(CLI::App& app);
void add_continual(CLI::App& app);
void add_recover(CLI::App& app);
void add_verify(CLI::App& app);
void add_export(CLI::App& app);
void add_convert(CLI::App& app);
void add_report(CLI::App& app);
void add_bench(CLI::App& app);

// Writes to stdout. A reader that has gone away (rheo models | head) is no error; a disk that is full is, as a
// UserError.
void print(const std::string& text);

}  // namespace rheo

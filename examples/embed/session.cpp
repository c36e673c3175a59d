// An experiment file inside another program, by the library behind rheo run and rheo resume: spikes go to HDF5, the run
// is stopped half way with a checkpoint and goes on from there, and what it recorded is, byte for byte, what a run
// recorded that nobody stopped.
//   session examples/izhikevich.toml 500
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "apps/session/exit_codes.hpp"
#include "apps/session/resume.hpp"
#include "apps/session/run.hpp"
#include "io/spikes/reader.hpp"

namespace {

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void run_twice(const std::string& file, double stop_at) {
  rheo::RunOptions options;
  options.file = file;
  options.quiet = true;
  options.overwrite = true;
  options.out = "whole.out";
  rheo::run_experiment(options);

  options.out = "stopped.out";
  options.checkpoint_at = {stop_at};  // kept beside the results, too
  options.stop = [&](double ms) { return ms >= stop_at; };
  if (rheo::run_experiment(options) == rheo::exit_interrupted) std::printf("stopped at %g ms\n", stop_at);

  rheo::ResumeOptions rest;
  rest.directory = "stopped.out";
  rest.quiet = true;
  if (rheo::resume_run(rest) == 0) std::printf("resumed and finished\n");

  for (const std::string& population : rheo::spike_populations("stopped.out/spikes.h5"))
    std::printf("%s: %zu spikes\n", population.c_str(),
                rheo::read_spikes("stopped.out/spikes.h5", population).times.size());
  const bool same = bytes_of("whole.out/spikes.h5") == bytes_of("stopped.out/spikes.h5");
  std::printf("%s bytes as without the stop\n", same ? "the same" : "other");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run_twice(argc > 1 ? argv[1] : "", argc > 2 ? std::atof(argv[2]) : 0);
    return 0;
  } catch (const std::exception& error) {  // "file:line: key: problem; expected ..."
    std::fprintf(stderr, "%s\n", error.what());
    return rheo::exit_user_error;
  }
}

// What a run says about itself on stdout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/loop/simulation.hpp"
#include "io/experiment/experiment.hpp"
#include "io/files/provenance.hpp"
#include "networks/network.hpp"

namespace rheo {

// "12,345"
std::string grouped(std::uint64_t number);
// "1.92 GB"
std::string memory_text(double bytes);

// "E[0:100], I"
std::string selections_text(const std::vector<Selection>& selections);
// "0.5 to 2 nS at ex, excitatory", for each port.
std::string weights_text(const std::vector<PortWeights>& weights);

// Which projections learn: "all", "nothing" or names.
std::string learning_text(const Experiment& experiment, const Phase& phase);
// A line for each phase, behind a label.
std::string phases_text(const Experiment& experiment, std::string_view label = "  phase       ");

// phases: lines to show among the others.
std::string summary_text(const RunReport& report, const Network& network, const std::string& phases,
                         const std::filesystem::path& directory);

std::string profile_text(const StageTimes& times);

}  // namespace rheo

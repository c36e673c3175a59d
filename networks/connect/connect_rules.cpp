#include "networks/connect/connect_rules.hpp"

#include <algorithm>

namespace rheo {

const std::vector<ConnectRule>& connect_rules() {
  using R = Connect::Rule;
  const char* const none = "nothing";
  const ConnectKey autapses{"autapses", "a neuron may be its own source", "true", "true, false"};
  const ConnectKey no_autapses{"autapses", "a neuron may be its own source", "false", "true, false"};
  const ConnectKey multapses{"multapses", "a pair may be connected several times", "true", "true, false"};
  const ConnectKey no_multapses{"multapses", "can only be false: a pair is connected at most once", "false", "false"};
  const std::string whole = "whole numbers from 0 to 4294967295";
  static const std::vector<ConnectRule> rules = {
      {"fixed_indegree",
       R::fixed_indegree,
       "Every target draws `indegree` sources, each uniformly from all.",
       {{"indegree", "synapses onto each target", "needed", whole}, multapses, autapses},
       true,
       none,
       {}},
      {"bernoulli",
       R::bernoulli,
       "Every pair is connected with probability `p`, independently: the random graph G(n, p) of Erdos and Renyi.",
       {{"p", "probability of each pair", "needed", "0 to 1"}, no_multapses, autapses},
       false,
       none,
       "Gilbert, Ann. Math. Statist. 30 (1959)"},
      {"all_to_all", R::all_to_all, "Every pair once.", {no_multapses, autapses}, false, none, {}},
      {"one_to_one",
       R::one_to_one,
       "Source i to target i; there must be as many sources as targets.",
       {no_multapses, autapses},
       false,
       none,
       {}},
      {"list",
       R::list,
       "Edge k goes from `source[k]` to `target[k]`, which count within the projection's source and target.",
       {{"source", "the sources, or the dataset of `file` that holds them", "needed without a CSV file",
         "a list of whole numbers, or a text"},
        {"target", "the targets, likewise", "needed without a CSV file", "a list of whole numbers, or a text"},
        {"file", "a CSV or HDF5 file with the edges", "none", "a path"}},
       true,
       "8 bytes per edge for the list, 4 for its order, 8 for each value per edge",
       {}},
      {"fixed_outdegree",
       R::fixed_outdegree,
       "Every source draws `outdegree` targets, each uniformly from all.",
       {{"outdegree", "synapses of each source", "needed", whole}, multapses, autapses},
       true,
       "4 bytes per synapse, 8 per target",
       {}},
      {"fixed_total",
       R::fixed_total,
       "`total` synapses in all, each a pair drawn uniformly from all pairs; without multapses the random graph G(n, "
       "M) "
       "of Erdos and Renyi.",
       {{"total", "number of synapses", "needed", "whole numbers from 0 to 9223372036854775807"}, multapses, autapses},
       true,
       "4 bytes per target",
       "Erdos & Renyi, Publ. Math. Debrecen 6 (1959)"},
      {"small_world",
       R::small_world,
       "A ring on which every target has its `k` nearest neighbours as sources, k / 2 on either side; each synapse is "
       "rewired with probability `p` to a source drawn uniformly from all that are not yet connected to the target.",
       {{"k", "sources of each target", "needed", "even numbers from 2 to the number of sources - 1"},
        {"p", "probability of rewiring", "needed", "0 to 1"}},
       false,
       none,
       "Watts & Strogatz, Nature 393 (1998)"},
      {"scale_free",
       R::scale_free,
       "Out-degrees follow a power law: every source draws x uniformly from 1 to n - 1, n the number of sources, and "
       "then "
       "floor(`beta` x^-`alpha`) targets, each uniformly from all.",
       {{"alpha", "how fast out-degrees fall; P(degree = d) falls as d^-(1 + 1 / alpha)", "needed", "> 0 to 100"},
        {"beta", "the largest out-degree", "needed", "> 0 to 4294967295"},
        multapses,
        no_autapses},
       true,
       "4 bytes per synapse, 8 per target",
       "PLOD: Palmer & Steffan, GLOBECOM (2000); `boost::plod_iterator`"},
      {"modular",
       R::modular,
       "Sources and targets are cut into groups of equal size; every pair is connected with the probability of its two "
       "groups.",
       {{"groups", "number of groups on either side", "needed with `p_in`",
         "1 to the number of sources and of targets"},
        {"p_in", "probability of a pair in groups of the same number", "needed, or `p`", "0 to 1"},
        {"p_out", "probability of a pair in groups of different numbers", "needed with `p_in`", "0 to 1"},
        {"p", "all probabilities instead: a row for each group of sources, in it one for each group of targets",
         "needed, or `p_in`", "a list of lists of numbers from 0 to 1"},
        autapses},
       false,
       "nothing but the probabilities",
       "the stochastic block model: Holland, Laskey & Leinhardt, Soc. Networks 5 (1983)"},
      {"distance",
       R::distance,
       "A pair at distance d is connected with a probability that falls with d. Both sides need `positions`.",
       {{"kernel",
         "exponential: p exp(-d / scale); gaussian: p exp(-d^2 / (2 scale^2)); linear: p (1 - d / scale) up "
         "to scale; box: p up to scale",
         "needed", "exponential, gaussian, linear, box"},
        {"p", "probability at distance 0", "needed", "0 to 1"},
        {"scale", "length of the kernel", "needed", "> 0, in the unit of the positions"},
        {"max_distance", "no synapse beyond", "none", "> 0, in the unit of the positions"},
        autapses},
       false,
       "28 bytes per source",
       {}},
  };
  return rules;
}

const ConnectRule& find_connect_rule(Connect::Rule rule) {
  return *std::find_if(connect_rules().begin(), connect_rules().end(),
                       [&](const ConnectRule& one) { return one.rule == rule; });
}

}  // namespace rheo

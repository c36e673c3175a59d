// The connection rules: what the experiment file may say and what docs/connectors.md explains.
#pragma once

#include <memory>
#include <vector>

#include "networks/connect/all_to_all.hpp"
#include "networks/connect/bernoulli.hpp"
#include "networks/connect/distance.hpp"
#include "networks/connect/fixed_indegree.hpp"
#include "networks/connect/fixed_outdegree.hpp"
#include "networks/connect/fixed_total.hpp"
#include "networks/connect/list.hpp"
#include "networks/connect/matrix.hpp"
#include "networks/connect/modular.hpp"
#include "networks/connect/one_to_one.hpp"
#include "networks/connect/scale_free.hpp"
#include "networks/connect/small_world.hpp"
#include "networks/description/connect.hpp"

namespace rheo {

// Whoever adds a rule writes a file like those above and adds its name here.
template <template <class...> class To>
using ForEachConnectRule = To<FixedIndegree, Bernoulli, AllToAll, OneToOne, List, FixedOutdegree, FixedTotal,
                              SmallWorld, ScaleFree, Modular, Distance, MatrixEntries>;

// One of each, with the defaults of its fields, in the order of the manual.
const std::vector<std::unique_ptr<const ConnectRule>>& connect_rules();

}  // namespace rheo

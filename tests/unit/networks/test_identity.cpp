// Fingerprints tell kinds with other numbers apart, and those of the first versions are as they were.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "networks/connect/rules.hpp"
#include "networks/description/identity.hpp"

namespace test_identity {

namespace {

using namespace rheo;

// Gives a field another number; false where it has none.
struct Alter {
  bool operator()(bool* flag) const { return *flag = !*flag, true; }
  bool operator()(OnlyFalse*) const { return false; }
  bool operator()(double* x) const { return *x += 0.25, true; }
  bool operator()(std::optional<double>* x) const { return *x = 0.25, true; }
  bool operator()(std::uint32_t* n) const { return ++*n, true; }
  bool operator()(std::optional<std::uint32_t>* n) const { return *n = 3, true; }
  bool operator()(std::uint64_t* n) const { return ++*n, true; }
  bool operator()(std::vector<double>* list) const { return list->push_back(1.5), true; }
  bool operator()(Value* value) const { return *value = Uniform{2, 3}, true; }
  bool operator()(const ChoiceMember& choice) const { return choice.set(choice.member, 1), true; }
  bool operator()(std::shared_ptr<const NumberTable>* table) const {
    return *table = std::make_shared<const NumberTable>(NumberTable{1, 1, {0.5}}), true;
  }
  bool operator()(std::optional<bool>* flag) const { return *flag = true, true; }
  bool operator()(std::string* text) const { return *text += "x", true; }
  bool operator()(std::vector<std::string>* texts) const { return texts->push_back("x"), true; }
  bool operator()(AllOrNamed* some) const { return *some = {false, {"x"}}, true; }
  bool operator()(KeyOfEdges*) const { return false; }
  // Of inputs, signals and recordings, which have no number there.
  bool operator()(std::vector<Selection>*) const { return false; }
  bool operator()(Profile*) const { return false; }
  bool operator()(std::shared_ptr<const SpikeTrains>*) const { return false; }
  bool operator()(KeyOfTrains*) const { return false; }
  bool operator()(TimedValues* timed) const { return timed->values.push_back(1.5), true; }
};

std::string text_of(const ConnectRule& rule) {
  const ConnectRule::Identity identity = rule.identity();
  return identity.name + identity.numbers;
}

template <class K>
std::string text_of(const K& rule) {
  return text_of(*Connect(rule));
}

}  // namespace

TEST_CASE("every number of every connection rule stands in the fingerprint", "[fingerprint]") {
  const std::set<std::string> elsewhere = {"fixed_total.total"};  // is the number of synapses
  std::set<std::string> names;
  for (const auto& rule : connect_rules()) {
    CHECK(names.insert(rule->identity().name).second);
    const std::size_t fields = rule->clone()->fields().size();
    for (std::size_t k = 0; k < fields; ++k) {
      const auto other = rule->clone();
      const KindField field = other->fields()[k];
      const std::string key = fmt::format("{}.{}", rule->name(), field.name);
      if (!std::visit(Alter{}, field.member) || elsewhere.count(key) != 0) continue;
      CAPTURE(key);
      CHECK(text_of(*other) != text_of(*rule));
    }
  }
  const auto edges = [](std::vector<std::uint32_t> from, std::vector<std::uint32_t> to) {
    return text_of(List{std::make_shared<const EdgeList>(EdgeList{std::move(from), std::move(to)})});
  };
  CHECK(edges({0, 1}, {0, 1}) != edges({0, 2}, {0, 1}));
  CHECK(edges({0, 1}, {0, 1}) != edges({0, 1}, {1, 1}));
}

TEST_CASE("every number of every distribution stands in the fingerprint", "[fingerprint]") {
  std::set<std::string> texts;
  for (const AnyDistribution& kind : distributions()) {
    CAPTURE(name_of(kind));
    CHECK(texts.insert(identity_of("w", Distribution{kind})).second);
    AnyDistribution other = kind;
    for (const KindField& field : fields_of(other)) {
      REQUIRE(std::visit(Alter{}, field.member));
      CHECK(texts.insert(identity_of("w", Distribution{other})).second);
    }
    for (auto limit : {&Distribution::min, &Distribution::max}) {
      Distribution limited{kind};
      limited.*limit = 0.5;
      CHECK(texts.insert(identity_of("w", limited)).second);
    }
  }
}

TEST_CASE("every number of what depends on pairs stands in the fingerprint", "[fingerprint]") {
  std::set<std::string> texts;
  for (const AnyPairValue& kind : pair_values()) {
    CHECK(texts.insert(identity_of("w", PairValue(kind))).second);
    AnyPairValue other = kind;
    for (const KindField& field : fields_of(other)) {
      CAPTURE(field.name);
      REQUIRE(std::visit(Alter{}, field.member));
      CHECK(texts.insert(identity_of("w", PairValue(other))).second);
    }
  }
}

TEST_CASE("the text of the first versions is as it was", "[fingerprint]") {
  CHECK(text_of(FixedIndegree{.indegree = 7.0, .multapses = false}) == "0 7 0 false true");
  CHECK(text_of(FixedIndegree{.indegree = Integers{3, 7}}) == "0 0 0 true true indegree=4(3, 7, -inf, inf)");
  CHECK(text_of(Bernoulli{.p = 0.1}) == "1 0 0.1 true true");
  CHECK(text_of(AllToAll{.autapses = false}) == "2 0 0 true false");
  CHECK(text_of(OneToOne{}) == "3 0 0 true true");
  CHECK(text_of(List{std::make_shared<const EdgeList>(EdgeList{{0, 1}, {2, 3}})}) ==
        "4 0 0 true true sources=list of 2: 08cd4c29d1e47d34 targets=list of 2: 06cd822b3b579854");
  CHECK(text_of(FixedOutdegree{.outdegree = 5}) == "5 0 0 true true outdegree 5");
  CHECK(text_of(FixedTotal{.total = 5, .autapses = false}) == "6 0 0 true false");
  CHECK(text_of(SmallWorld{.k = 4, .p = 0.5}) == "7 0 0.5 true true k 4");
  CHECK(text_of(ScaleFree{.alpha = 2.5, .beta = 10}) == "8 0 0 true true alpha 2.5 beta 10 false");
  CHECK(text_of(ScaleFree{.alpha = 2.5, .beta = 10, .multapses = false}) ==
        "8 0 0 true true alpha 2.5 beta 10 false multapses false");
  CHECK(text_of(Modular{.groups = 4, .p_in = 0.5, .p_out = 0.25}) == "9 0 0 true true groups 4 4 p 0.5 0.25");
  CHECK(text_of(Distance{.kernel = DistanceKernel::gaussian, .p = 0.5, .scale = 0.2, .max_distance = 3}) ==
        "10 0 0.5 true true kernel 1 scale 0.2 max 3");
  CHECK(identity_of("w", Value(1.5)) == " w=1.5");
  CHECK(identity_of("w", Value(Uniform{1, 2})) == " w=0(1, 2, -inf, inf)");
  CHECK(identity_of("w", Value(Distribution(Normal{1, 2}, 0))) == " w=1(1, 2, 0, inf)");
  CHECK(identity_of("w", Value(Lognormal{1, 2})) == " w=2(1, 2, -inf, inf)");
  CHECK(identity_of("w", Value(Choice{{1}})) == " w=3(0, 0, -inf, inf) choices=list of 1: aab1693229ba1db8");
}

}  // namespace test_identity

// Libraries that are broken, or say what is not so, are refused with the file and the reason; good ones are taken in.
#include <array>
#include <catch2/catch.hpp>
#include <cfloat>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "io/record/weight_recorder.hpp"
#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "plasticity/library.hpp"
#include "tests/files.hpp"

using namespace rheo;

namespace {

const std::string liars = RHEO_LIARS;
const std::string good = liars + "/libliar_good.so", levels = liars + "/libliar_levels.so";

// The liar tells this lie while the object lives.
struct Lie {
  explicit Lie(const std::string& name) { ::setenv("RHEO_TEST_LIE", name.c_str(), 1); }
  ~Lie() { ::unsetenv("RHEO_TEST_LIE"); }
};

// What loading a file complains about, "" if nothing; a refusal must leave the library as it was.
std::string refusal(const std::string& file, const std::vector<std::string>& folders = {}) {
  RuleLibrary library;
  const std::size_t before = library.rules().size();
  try {
    library.load(file, folders);
  } catch (const PluginError& error) {
    CHECK(library.rules().size() == before);
    CHECK(error.complaint().file == file.c_str());
    CHECK(!error.complaint().problem.empty());
    return error.what();
  }
  CHECK(library.rules().size() > before);
  return "";
}

bool has_isa(Isa isa) {
  for (const Isa usable : usable_isas())
    if (usable == isa) return true;
  return false;
}

}  // namespace

TEST_CASE("all that a rule keeps per synapse can be recorded") {
  const Scratch scratch;
  auto library = std::make_shared<RuleLibrary>();
  library->load(good);
  NetworkSpec spec;
  spec.rules = library;
  spec.populations = {
      {.name = "N", .model = "iaf_psc_exp", .size = 3, .params = {}, .options = {}, .initial = {}, .trains = {}}};
  ProjectionSpec projection;
  projection.name = "p";
  projection.source = projection.target = {{.population = "N", .end = {}}};
  projection.connect = rheo::AllToAll{};
  projection.weight = 2.5;
  projection.plasticity.rule = "liar";
  spec.projections = {projection};
  Network network(spec, Threads(1));
  WeightRecorder recorder(scratch.path, network, spec,
                          {"w", "p", "w.h5", {"hidden", "weight", "tag"}, {{.first = 0, .every = 5, .end = 11}}});
  for (const Tick t : {0, 5, 10}) {
    network.simulation().run(t - network.simulation().now());
    REQUIRE(recorder.next() == t);
    recorder.take();
  }
  CHECK(recorder.finish().snapshots == 3);
  const h5::Group group = h5::File::open((scratch / "w.h5").string()).group("/weights/p");
  const std::map<std::string, float> values{{"weight", 2.5f}, {"tag", 0.5f}, {"hidden", -1.0f}};
  for (const auto& [name, value] : values) {
    CHECK(group.dataset(name).shape() == std::vector<std::uint64_t>{3, 9});
    CHECK(group.dataset(name).read<float>() == std::vector<float>(27, value));
  }
  CHECK(group.list() ==
        std::vector<std::string>{"delay", "hidden", "source_node_id", "tag", "target_node_id", "time", "weight"});
}

TEST_CASE("a good library, and what it says") {
  RuleLibrary library;
  const std::size_t before = library.rules().size();
  library.load(good);
  library.load(good);  // once
  REQUIRE(library.rules().size() == before + 1);
  const Rule* rule = library.find("liar");
  REQUIRE(rule);
  CHECK(rule->file == good);
  REQUIRE(rule->params.size() == 3);
  CHECK(rule->params[1].name == "rho");
  CHECK(rule->params[1].per_target);
  REQUIRE(rule->columns.size() == 3);
  CHECK(rule->columns[2].name == "hidden");
  CHECK(rule->columns[2].initial == -1);
  REQUIRE(rule->pre.size() == 2);
  CHECK(rule->pre[1].kind == RuleTrace::Kind::holds);
  REQUIRE(rule->post.size() == 3);
  CHECK(rule->post[2].kind == RuleTrace::Kind::parameter);
  CHECK(rule->post[2].meaning == "a rate");
  CHECK(rule->tables.size() == 3);
  CHECK(rule->problem({20, 5, 0.1}).empty());
  for (const Isa isa : usable_isas()) CHECK(rule->kernels(isa, Precision::double_).coefficient_bytes == 8);

  // Copies know the file as well, and another library loads it anew.
  RuleLibrary copy = library;
  copy.load(good);
  CHECK(copy.rules().size() == before + 1);
  CHECK(refusal(good).empty());
  const Lie text("utf8");
  CHECK(refusal(good).empty());
}

TEST_CASE("every lie is found out") {
  const std::pair<const char*, const char*> lies[] = {
      {"null_list", "gives no list of rules"},
      {"abi", "= version 5: was made for another version of the plug-in table; expected version 4"},
      {"list_bytes", "its rheo_rule_list has"},
      {"rule_bytes", "its rheo_rule has"},
      {"batch_bytes", "its rheo_batch has 0 bytes"},
      {"level", "= 5: unknown x86-64 level"},
      {"no_rules", "has no rules"},
      {"many_rules", "= 1001: too many rules; expected at most 1000"},
      {"null_rules", "its rules are missing (a null pointer)"},
      {"null_probe", "its function probe is missing (a null pointer)"},
      {"contraction", "was compiled with contraction (-ffp-contract=off is missing)"},
      {"re_association", "was compiled to re-associate sums"},
      {"absurd_probe", "does not multiply and add as double precision does"},
      {"null_name", "the name of a rule is missing (a null pointer)"},
      {"empty_name", "the name of a rule is empty"},
      {"bad_name", "the name of a rule is badly formed; expected 1 to 64 letters, digits and _"},
      {"long_name", "the name of a rule is too long"},
      {"builtin_name",
       "stdp_pair: there is a rule of this name already; expected another name than that of a built-in"},
      {"two_rules", "liar: there are two rules of this name"},
      {"null_summary", "liar: its summary is missing (a null pointer)"},
      {"control_summary", "liar: its summary is no text"},
      {"lines_in_summary", "liar: its summary is no text"},
      {"not_utf8", "liar: its source is no text"},
      {"endless_equation", "liar: its equation has no end"},
      {"null_problem", "liar: its function problem is missing (a null pointer)"},
      {"problem_null", "liar: its problem is missing (a null pointer)"},
      {"own_problem", "liar: it refuses its own defaults: tau must be a prime number"},
      {"many_params", "liar = 65: too many parameters; expected at most 64"},
      {"null_params", "liar: its parameters are missing (a null pointer)"},
      {"null_param_name", "liar.params: the name of a parameter is missing (a null pointer)"},
      {"null_unit", "liar.params.tau: its unit is missing (a null pointer)"},
      {"null_meaning", "liar.params.tau: its meaning is missing (a null pointer)"},
      {"duplicate_param", "liar.params.tau: there are two parameters of this name"},
      {"nan_default", "liar.params.tau: its default is not a finite number"},
      {"default_outside", "liar.params.tau = 2000: its default is out of range; expected 1 to 1000"},
      {"nan_range", "liar.params.tau = nan to 1000: its range is none"},
      {"infinite_range", "liar.params.tau = 1 to inf: its range is none"},
      {"unordered_range", "liar.params.tau = 1000 to 1: its range is none"},
      {"per_target_2", "liar.params.rho = 2: per_target must be 0 or 1"},
      {"unread_per_target", "liar.params.eta: may differ between targets, but no post trace reads it"},
      {"many_columns", "liar = 17: too many columns; expected at most 16"},
      {"null_columns", "liar: its columns are missing (a null pointer)"},
      {"duplicate_column", "liar.synapse.tag: there are two columns of this name"},
      {"column_weight", "liar.synapse.weight: there are two columns of this name"},
      {"nan_column", "liar.synapse.tag: its value at the start is not a finite number"},
      {"many_traces", "liar.pre = 9: too many traces; expected at most 8"},
      {"null_traces", "liar.post: its traces are missing (a null pointer)"},
      {"duplicate_trace", "liar.pre.x: there are two traces of this name"},
      {"bad_kind", "liar.pre.x = 3: unknown kind of trace"},
      {"bad_trace_param", "liar.pre.x: its time constant is not a parameter of the rule"},
      {"time_may_be_zero", "liar.pre.x = eta: its time constant may become 0 or less"},
      {"time_per_target", "liar.post.y = rho: its time constant may not differ between targets"},
      {"parameter_of_source", "liar.pre.x: only targets have parameters of their own"},
      {"parameter_of_all", "liar.post.rho = eta: is not a parameter that may differ between targets"},
      {"bad_column_kind", "liar.synapse.tag = 2: unknown kind of column"},
      {"column_without_time", "liar.synapse.hidden: its time constant is not a parameter of the rule"},
      {"many_signals", "liar.signals = 9: too many signals; expected at most 8"},
      {"null_signals", "liar.signals: its signals are missing (a null pointer)"},
      {"duplicate_signal", "liar.signals.error: there are two signals of this name"},
      {"nan_signal", "liar.signals.error: its value where it is not given is not a finite number"},
      {"bad_scope", "liar.signals.error = 4: unknown scope of a signal; expected 0 to 3"},
      {"dose_without_time", "liar.signals.reward: its time constant is not a parameter of the rule"},
      {"signed_2", "liar = 2: signed_weights must be 0 or 1"},
      {"consolidates_2", "liar = 2: consolidates must be 0 or 1"},
      {"publishes_2", "liar = 2: publishes must be 0 or 1"},
      {"many_sums", "liar = 9: too many sums; expected at most 8"},
      {"bad_interval", "liar.interval: its time constant is not a parameter of the rule"},
      {"interval_may_be_zero", "liar.interval = eta: its time constant may become 0 or less"},
      {"never_consolidates", "liar: it never consolidates; expected an interval, or a first signal that is no dose"},
      {"dose_first", "liar: it never consolidates; expected an interval, or a first signal that is no dose"},
      {"sums_without_consolidation",
       "liar: has an interval, sums or signals of consolidation, but does not consolidate"},
      {"large_step", "liar.single_precision = 4097: its step is too large; expected at most 4096 bytes"},
      {"null_arrive", "liar.double_precision: its function"},
      {"null_prepare", "liar.double_precision: its function 0 is missing (a null pointer)"},
      {"prepare_beyond", "liar.single_precision: prepare() writes more than it declares; expected 8 bytes"},
      {"negative_bounds", "liar.single_precision = -1 to 1: its bounds of weights are none"},
      {"unordered_bounds", "liar.double_precision = 2 to 1: its bounds of weights are none"},
  };
  for (const auto& [name, message] : lies) {
    INFO(name);
    const Lie lie(name);
    const std::string said = refusal(good);
    CHECK_THAT(said, Catch::StartsWith(good) && Catch::Contains(message));
  }
}

TEST_CASE("tables for several instruction sets") {
  RuleLibrary library;
  library.load(levels);
  const Rule* rule = library.find("liar");
  REQUIRE(rule);
  CHECK((rule->tables[1] == rule->tables[0]) == !has_isa(Isa::v3));
  CHECK((rule->tables[2] == rule->tables[1]) == !has_isa(Isa::v4));

  const auto said = [](const char* name) {
    const Lie lie(name);
    return refusal(levels);
  };
  using Catch::Contains;
  CHECK_THAT(said("abi"), Contains("rheo_rules_base = version 5: was made for another version"));
  if (has_isa(Isa::v3)) {
    CHECK_THAT(said("base_is_v3"), Contains("rheo_rules_base = x86-64-v3: is compiled for a higher instruction set"));
    CHECK_THAT(said("v3_is_v4"), Contains("rheo_rules_v3 = x86-64-v4: is compiled for a higher instruction set"));
    CHECK_THAT(said("v3_contracted"), Contains("was compiled with contraction"));
  }
  if (has_isa(Isa::v4)) {
    CHECK_THAT(said("v4_other_count"), Contains("has other rules for x86-64-v4"));
    CHECK_THAT(said("v4_other_summary"), Contains("liar: is described differently for x86-64-v4"));
  }
  CHECK_THAT(refusal(liars + "/libliar_only_v3.so"), Contains("exports rheo_rules_v3 or rheo_rules_v4, but no "));
}

TEST_CASE("files that are none") {
  const Scratch scratch;
  const auto file = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(scratch / name, std::ios::binary) << bytes;
    return (scratch / name).string();
  };
  using Catch::Contains;
  CHECK_THAT(refusal((scratch / "missing.so").string()), Contains("no such file"));
  CHECK_THAT(refusal(scratch.path.string()), Contains("is not a file"));
  CHECK_THAT(refusal("/dev/zero"), Contains("is not a file"));
  CHECK_THAT(refusal(file("empty.so", "")), Contains("cannot be loaded: "));
  CHECK_THAT(refusal(file("text.so", "this is not a library\n")), Contains("cannot be loaded: "));
  CHECK_THAT(refusal(file("half.so", bytes_of(good).substr(0, 4000))), Contains("= 4000 bytes: is cut off"));
  CHECK_THAT(refusal(file("head.so", bytes_of(good).substr(0, 64))), Contains("is cut off"));
  CHECK_THAT(refusal(file("rule.cpp", "RHEO_RULES(Rule)\n")),
             Contains("expected a shared library with plasticity rules"));
  CHECK_THAT(refusal(liars + "/libliar_no_symbol.so"), Contains("exports no rheo_rules"));
  CHECK_THAT(refusal(liars + "/libliar_undefined.so"), Contains("cannot be loaded: ") && Contains("nobody_has_this"));
  CHECK_THAT(refusal(""), Contains("is not a name of a plug-in"));
  CHECK_THAT(refusal(std::string("a\0b", 3)), Contains("is not a name of a plug-in"));
}

TEST_CASE("names are looked up in folders, then in RHEO_PLUGIN_PATH") {
  const Scratch scratch;
  fs::copy_file(good, scratch / "libcopy.so");
  fs::copy_file(good, scratch / "other.so");
  const std::string folder = scratch.path.string();
  ::unsetenv("RHEO_PLUGIN_PATH");
  using Catch::Contains;
  CHECK_THAT(refusal("copy"),
             Contains("copy: no such plug-in; expected NAME, NAME.so or libNAME.so in one of the folders (none)"));
  CHECK_THAT(refusal("copy", {"/nowhere", "/else"}), Contains("folders /nowhere, /else (RHEO_PLUGIN_PATH names more)"));

  const auto file_of = [&](const std::string& name, const std::vector<std::string>& folders) {
    RuleLibrary library;
    library.load(name, folders);
    const Rule* rule = library.find("liar");
    return rule ? rule->file : "";
  };
  CHECK(file_of("copy", {"/nowhere", folder}) == folder + "/libcopy.so");
  CHECK(file_of("other", {folder}) == folder + "/other.so");
  CHECK(file_of("other.so", {folder}) == folder + "/other.so");
  ::setenv("RHEO_PLUGIN_PATH", (":/nowhere::" + folder + ":").c_str(), 1);
  CHECK(file_of("copy", {}) == folder + "/libcopy.so");
  CHECK(file_of("liar_good", {liars, folder}) == good);
  ::unsetenv("RHEO_PLUGIN_PATH");

  // The same rule from another file.
  RuleLibrary library;
  library.load(good);
  try {
    library.load(folder + "/other.so");
    FAIL("two rules of one name");
  } catch (const PluginError& error) {
    CHECK_THAT(error.what(),
               Contains("liar: there is a rule of this name already; expected another name than that of a "
                        "rule of " +
                        good));
  }
}

TEST_CASE("a library that changes how the processor computes is refused, and undone") {
  CHECK_THAT(refusal(liars + "/libliar_tiny_numbers.so"),
             Catch::Contains("changes how the processor treats tiny numbers"));
  const volatile double tiny = DBL_MIN, half = 0.5;
  CHECK(tiny * half > 0);
}

TEST_CASE("built-in rules pass the checks of plug-ins") {
  const RuleLibrary library;
  CHECK(library.rules().size() >= 2);
  for (const Rule& rule : library.rules()) {
    CHECK(rule.file.empty());
    CHECK(rule.source.size() > 20);
    CHECK(rule.columns.front().name == "weight");
  }
}

TEST_CASE("a rule that makes a number that is not finite stops the run, and is named") {
  auto library = std::make_shared<RuleLibrary>();
  library->load(liars + "/libbroken_rule.so");
  const char* const ways[] = {"weight", "weight", "weight", "weight", "c"};
  for (int way = 0; way < 5; ++way)
    for (const Precision precision : {Precision::single_, Precision::double_}) {
      CAPTURE(way, precision == Precision::double_);
      NetworkSpec spec;
      spec.rules = library;
      spec.precision = precision;
      PopulationSpec source;
      source.name = "S";
      source.model = "spike_source";
      source.size = 2;
      auto trains = std::make_shared<SpikeTrains>();
      trains->begin = {0, 0, 1};  // the second one spikes
      trains->times = {1.0};
      source.trains = trains;
      spec.populations = {
          source,
          {.name = "N", .model = "iaf_psc_delta", .size = 3, .params = {}, .options = {}, .initial = {}, .trains = {}}};
      ProjectionSpec projection;
      projection.name = "p";
      projection.source = {{.population = "S", .end = {}}};
      projection.target = {{.population = "N", .end = {}}};
      projection.connect = rheo::AllToAll{};
      projection.weight = 2.5;
      projection.plasticity.rule = "broken";
      projection.plasticity.params = {{"way", static_cast<double>(way)}};
      spec.projections = {projection};
      InputSpec input;  // the last neuron is made to spike
      input.name = "i";
      input.target = {{.population = "N", .begin = 2, .end = {}}};
      auto made = std::make_shared<SpikeTrains>();
      made->begin = {0, 1};
      made->times = {3.0};
      input.kind = rheo::GivenSpikes{.trains = made, .weight = 1000.0};
      spec.inputs = {input};
      const std::string synapse = way == 0 ? "S[0] to N[2]" : way == 2 ? "S[0] to N[0]" : "S[1] to N[0]";
      const std::string right = std::string("projections.p: rule broken made ") + ways[way] + " of the synapse from " +
                                synapse + " not finite, as found at tick ";
      // Found when weights are asked for, and by what they do to a target.
      Network asked(spec, Threads(1));
      asked.simulation().run(60);
      CHECK_THROWS_WITH(asked.simulation().settle(), Catch::Contains(right + "60"));
      CHECK_THROWS_AS(asked.simulation().save(), NumericalError);
      if (way == 1 || way == 3) {
        trains->begin = {0, 0, 2};
        trains->times = {1.0, 4.0};
        Network used(spec, Threads(1));
        CHECK_THROWS_WITH(used.simulation().run(1000), Catch::Contains(right));
      }
    }
}

TEST_CASE("a member that is named like a verb and has another form does not compile, and the form is shown") {
  const Scratch scratch;
  const std::string head = R"(#include "plasticity/rule_sdk.hpp"
using rheo::Nothing;
struct P { double tau = 20; };
#define RULE(NAME, BODY) \
  template <class V> struct NAME { \
    static constexpr const char *name = #NAME, *summary = "s", *equation = "e", *source = "n"; \
    using Params = P; \
    static constexpr auto params = rheo::fields(rheo::field("tau", &P::tau, "ms", "trace", rheo::positive)); \
    struct Synapse { V weight; }; \
    struct Post { V y; }; \
    static constexpr std::array post{rheo::trace("y", "tau", "", "target")}; \
    struct Coefficients { V eta; }; \
    static Coefficients prepare(const Params&, double) { return {1}; } \
    static void post_spike(Post& post, const Coefficients&) { post.y += 1; } \
    static V arrive(Synapse& s, const Coefficients&, const Nothing&, const Post&) { return s.weight; } \
    BODY \
  };
)";
  struct Case {
    std::string body, form;  // no form: it compiles
  };
  const Case cases[] = {
      {"static void post_spike(Synapse& s, const Coefficients& k, const Nothing&, const Post& post) { s.weight += "
       "k.eta * "
       "post.y; }",
       ""},
      {"static void post_spike(Synapse& s, const Coefficients& k, const Nothing&) { s.weight += k.eta; }", ""},
      {"static void post_spike(Synapse& s, const Coefficients& k, const Post& post) { s.weight += k.eta * post.y; }",
       "static void post_spike(Synapse&, const Coefficients&, const Pre&, const Post&)"},
      {"static void post_spike(Synapse& s) { s.weight += 1; }",
       "static void post_spike(Synapse&, const Coefficients&, const Pre&, const Post&)"},
      {"static void post_spike(const Coefficients& k, Synapse& s, const Nothing&, const Post&) { s.weight += k.eta; }",
       "static void post_spike(Synapse&, const Coefficients&, const Pre&, const Post&)"},
      {"static void post_spike(Synapse s, const Coefficients& k, const Nothing&) { s.weight += k.eta; }",
       "changes a copy of the synapse"},
      {"static void pre_spike(Nothing&, const Coefficients&) {}", "static constexpr std::array pre{"},
      {"static rheo::Bounds<V> bounds(const Coefficients&) { return {0, 1}; }", ""},
      {"static rheo::Bounds<V> bounds(const Params&) { return {0, 1}; }",
       "static Bounds<V> bounds(const Coefficients&)"},
      {"static void elapse(Synapse& s, const Coefficients& k) { s.weight += k.eta; }",
       "static void elapse(Synapse&, const Coefficients&, const Signals&)"},
      {"static const char* problem() { return \"\"; }", "static const char* problem(const Params&)"},
      {"static double relative_step(const Params&) { return 1; }", "relative_step(const Params&, double weight)"},
      {"static constexpr const char* interval = \"tau\"; static void consolidate(Synapse& s, const Coefficients& k, "
       "const Post&) { "
       "s.weight += k.eta; }",
       "static void consolidate(Synapse&, const Coefficients&, const Pre&, const Post&, const Signals&)"},
      {"static constexpr const char* interval = \"tau\"; static void consolidate(Synapse& s, const Coefficients& k, "
       "const Nothing&, "
       "const Post&, const Nothing&) { s.weight += k.eta; }",
       ""},
      {"static V publish(const Coefficients& k) { return k.eta; }",
       "static V publish(const Coefficients&, const Pre&, const Signals&, const Back&)"},
      {"static void collect(const Synapse&) {}", "static Sums collect(const Synapse&"},
      {"static void reflect(const Synapse&) {}", "static Back reflect(const Synapse&"},
  };
  // One compiler run for those that compile, and one for all others.
  for (const bool right : {true, false}) {
    std::string text = head, names;
    for (std::size_t i = 0; i < std::size(cases); ++i) {
      if (cases[i].form.empty() != right) continue;
      const std::string name = "R" + std::to_string(i);
      text += "RULE(" + name + ", " + "BODY_" + name + ")\n";
      names += (names.empty() ? "" : ", ") + name;
      text = "#define BODY_" + name + " " + cases[i].body + "\n" + text;
    }
    text += "RHEO_RULES(" + names + ")\n";
    std::ofstream(scratch / "rules.cpp") << text;
    const std::string log = (scratch / "log").string();
    const int status = std::system((std::string(RHEO_CXX) + " -std=c++20 -fsyntax-only -fPIC -ffp-contract=off -I " +
                                    RHEO_SOURCE_DIR + " " + (scratch / "rules.cpp").string() + " > " + log + " 2>&1")
                                       .c_str());
    const std::string said = bytes_of(log);
    INFO(said);
    CHECK((status == 0) == right);
    for (const Case& one : cases)
      if (!right && !one.form.empty()) {
        CAPTURE(one.body);
        CHECK(said.find(one.form) != std::string::npos);
      }
  }
}

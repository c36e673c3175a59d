/* A library of one rule, which is good, or tells the one lie that the environment variable RHEO_TEST_LIE names. It is
 * written against the table alone: nothing of the SDK is needed to make a plug-in. */
#include <float.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "plasticity/rule_abi.h"

#define EXPORT __attribute__((visibility("default")))

static char long_name[66], endless[20000];
static rheo_rule_param params[3];
static rheo_rule_column columns[3];
static rheo_rule_trace pre[2], post[3];
static rheo_rule_signal signals[2];
static rheo_rule rules[2];
static rheo_rule_list list;

static int lie(const char* name) {
  const char* told = getenv("RHEO_TEST_LIE");
  return told != NULL && strcmp(told, name) == 0;
}

static void nothing(void) {}
static void prepare(const double* values, double dt, void* step) {
  (void)dt;
  memcpy(step, values, 8);
}
static void prepare_beyond(const double* values, double dt, void* step) {
  (void)dt;
  memcpy((char*)step + 16, values, 8);
}
static void bounds(const void* step, double low_high[2]) {
  (void)step;
  low_high[0] = 0, low_high[1] = 2 * DBL_MAX;
}
static void negative_bounds(const void* step, double low_high[2]) {
  (void)step;
  low_high[0] = -1, low_high[1] = 1;
}
static void unordered_bounds(const void* step, double low_high[2]) {
  (void)step;
  low_high[0] = 2, low_high[1] = 1;
}
static const char* no_problem(const double* values) {
  (void)values;
  return "";
}
static const char* a_problem(const double* values) {
  (void)values;
  return "tau must be a prime number";
}
static const char* null_problem(const double* values) {
  (void)values;
  return NULL;
}
static void probe(const double in[3], double results[2]) {
  results[0] = in[0] * in[1] + in[2];
  results[1] = (in[0] + in[1]) - in[0];
}
static void contracted(const double in[3], double results[2]) {
  probe(in, results);
  if (in[2] == -1) results[0] = -0x1p-60; /* what fma() gives */
}
static void re_associated(const double in[3], double results[2]) {
  probe(in, results);
  results[1] = in[1];
}
static void absurd_probe(const double in[3], double results[2]) {
  (void)in;
  results[0] = results[1] = 0.0 / (in[0] - in[0]);
}

/* However many functions the table has, those that loading does not call do nothing. */
static void fill_in(rheo_rule_kernels* kernels) {
  const size_t first = offsetof(rheo_rule_kernels, prepare);
  void (*const function)(void) = nothing;
  for (size_t at = first; at < sizeof *kernels; at += sizeof function)
    memcpy((char*)kernels + at, &function, sizeof function);
  kernels->coefficient_bytes = 8;
  kernels->prepare = prepare;
  kernels->bounds = bounds;
}

static void tell(void) {
  const double infinite = 2 * DBL_MAX, not_a_number = infinite - infinite;

  if (lie("abi")) list.abi = RHEO_RULE_ABI + 1;
  if (lie("list_bytes")) list.list_bytes += 8;
  if (lie("rule_bytes")) list.rule_bytes -= 8;
  if (lie("batch_bytes")) list.batch_bytes = 0;
  if (lie("level")) list.level = 5;
  if (lie("no_rules")) list.count = 0;
  if (lie("many_rules")) list.count = 1001;
  if (lie("null_rules")) list.rules = NULL;
  if (lie("null_probe")) list.probe = NULL;
  if (lie("contraction")) list.probe = contracted;
  if (lie("re_association")) list.probe = re_associated;
  if (lie("absurd_probe")) list.probe = absurd_probe;

  if (lie("null_name")) rules[0].name = NULL;
  if (lie("empty_name")) rules[0].name = "";
  if (lie("bad_name")) rules[0].name = "my rule";
  if (lie("long_name")) rules[0].name = memset(long_name, 'x', 65);
  if (lie("builtin_name")) rules[0].name = "stdp_pair";
  if (lie("two_rules")) list.count = 2;
  if (lie("null_summary")) rules[0].summary = NULL;
  if (lie("control_summary")) rules[0].summary = "\033[2J";
  if (lie("lines_in_summary")) rules[0].summary = "one\ntwo";
  if (lie("not_utf8")) rules[0].source = "G\xfctig";
  if (lie("utf8")) rules[0].source = "G\xc3\xbctig"; /* no lie */
  if (lie("endless_equation")) rules[0].equation = memset(endless, 'x', sizeof endless);
  if (lie("null_problem")) rules[0].problem = NULL;
  if (lie("problem_null")) rules[0].problem = null_problem;
  if (lie("own_problem")) rules[0].problem = a_problem;

  if (lie("many_params")) rules[0].params = 65;
  if (lie("null_params")) rules[0].param = NULL;
  if (lie("null_param_name")) params[0].name = NULL;
  if (lie("null_unit")) params[0].unit = NULL;
  if (lie("null_meaning")) params[0].meaning = NULL;
  if (lie("duplicate_param")) params[1].name = "tau";
  if (lie("nan_default")) params[0].initial = not_a_number;
  if (lie("default_outside")) params[0].initial = 2000;
  if (lie("nan_range")) params[0].low = not_a_number;
  if (lie("infinite_range")) params[0].high = infinite;
  if (lie("unordered_range")) params[0].low = 1000, params[0].high = 1;
  if (lie("per_target_2")) params[1].per_target = 2;
  if (lie("unread_per_target")) params[2].per_target = 1;

  if (lie("many_columns")) rules[0].columns = 17;
  if (lie("null_columns")) rules[0].column = NULL;
  if (lie("duplicate_column")) columns[1].name = "tag";
  if (lie("column_weight")) columns[1].name = "weight";
  if (lie("nan_column")) columns[0].initial = not_a_number;

  if (lie("many_traces")) rules[0].pre_traces = 9;
  if (lie("null_traces")) rules[0].post_trace = NULL;
  if (lie("duplicate_trace")) pre[1].name = "x";
  if (lie("bad_kind")) pre[0].kind = 3;
  if (lie("bad_trace_param")) pre[0].param = 3;
  if (lie("time_may_be_zero")) pre[0].param = 2;
  if (lie("time_per_target")) post[0].param = 1;
  if (lie("parameter_of_source")) pre[0].kind = RHEO_PARAMETER, pre[0].param = 1;
  if (lie("parameter_of_all")) post[2].param = 2;

  if (lie("bad_column_kind")) columns[0].kind = RHEO_PARAMETER;
  if (lie("column_without_time")) columns[1].kind = RHEO_DECAYS, columns[1].param = 3;

  if (lie("many_signals")) rules[0].signals = 9;
  if (lie("null_signals")) rules[0].signal = NULL;
  if (lie("duplicate_signal")) signals[1].name = "error";
  if (lie("nan_signal")) signals[0].otherwise = not_a_number;
  if (lie("bad_scope")) signals[0].scope = 4;
  if (lie("dose_without_time")) signals[1].param = RHEO_NONE;
  if (lie("signed_2")) rules[0].signed_weights = 2;
  if (lie("consolidates_2")) rules[0].consolidates = 2;
  if (lie("publishes_2")) rules[0].publishes = 2;
  if (lie("many_sums")) rules[0].target_sums = 9;
  if (lie("bad_interval")) rules[0].interval = 3;
  if (lie("interval_may_be_zero")) rules[0].interval = 2;
  if (lie("never_consolidates")) rules[0].signals = 0, rules[0].interval = RHEO_NONE;
  if (lie("dose_first")) {
    const rheo_rule_signal first = signals[0];
    signals[0] = signals[1], signals[1] = first, rules[0].interval = RHEO_NONE;
  }
  if (lie("sums_without_consolidation")) rules[0].consolidates = 0;

  if (lie("large_step")) rules[0].single_precision.coefficient_bytes = 4097;
  if (lie("null_arrive")) rules[0].double_precision.arrive = NULL;
  if (lie("null_prepare")) rules[0].double_precision.prepare = NULL;
  if (lie("prepare_beyond")) rules[0].single_precision.prepare = prepare_beyond;
  if (lie("negative_bounds")) rules[0].single_precision.bounds = negative_bounds;
  if (lie("unordered_bounds")) rules[0].double_precision.bounds = unordered_bounds;
}

static const rheo_rule_list* made(uint32_t level) {
  static const rheo_rule_param good_params[3] = {{"tau", "ms", "a time constant", 20, 1, 1000, 0},
                                                 {"rho", "Hz", "a rate", 5, 0.1, 100, 1},
                                                 {"eta", "", "a step", 0.1, 0, 1, 0}};
  static const rheo_rule_column good_columns[2] = {{"tag", "", "a tag", 0.5, RHEO_HOLDS, 0},
                                                    {"hidden", "", "a state", -1, RHEO_HOLDS, 0}};
  static const rheo_rule_trace good_pre[2] = {{"x", "", "recent spikes", RHEO_DECAYS, 0},
                                              {"n", "", "number of spikes", RHEO_HOLDS, 0xffffffffu}};
  static const rheo_rule_trace good_post[3] = {{"y", "", "recent spikes", RHEO_DECAYS, 0},
                                               {"n", "", "number of spikes", RHEO_HOLDS, 0},
                                               {"rho", "", "", RHEO_PARAMETER, 1}};
  static const rheo_rule_signal good_signals[2] = {{"error", "", "a third factor", 0, RHEO_PER_TARGET, 0},
                                                   {"reward", "", "another", 0, RHEO_DOSE, 0}};
  memcpy(signals, good_signals, sizeof good_signals);
  memcpy(params, good_params, sizeof good_params);
  memcpy(columns, good_columns, sizeof good_columns);
  memcpy(pre, good_pre, sizeof good_pre);
  memcpy(post, good_post, sizeof good_post);

  memset(rules, 0, sizeof rules);
  rules[0].name = "liar";
  rules[0].summary = "says what it is told to";
  rules[0].equation = "w = w\nx = x";
  rules[0].source = "nobody";
  rules[0].params = 3, rules[0].param = params;
  rules[0].columns = 2, rules[0].column = columns;
  rules[0].pre_traces = 2, rules[0].pre_trace = pre;
  rules[0].post_traces = 3, rules[0].post_trace = post;
  rules[0].signals = 2, rules[0].signal = signals;
  rules[0].consolidates = 1, rules[0].interval = 0;
  rules[0].target_sums = rules[0].source_sums = 1;
  rules[0].problem = no_problem;
  fill_in(&rules[0].single_precision);
  fill_in(&rules[0].double_precision);
  rules[1] = rules[0];

  list.abi = RHEO_RULE_ABI;
  list.list_bytes = sizeof(rheo_rule_list);
  list.rule_bytes = sizeof(rheo_rule);
  list.batch_bytes = sizeof(rheo_batch);
  list.level = level;
  list.probe = probe;
  list.count = 1;
  list.rules = rules;
  tell();
  return lie("null_list") ? NULL : &list;
}

#if defined(LEVELS)
/* Copies, so that the three can be told apart. */
static rheo_rule_list lists[3];
static rheo_rule rule_of[3][2];
static const rheo_rule_list* made_for(int i) {
  const uint32_t levels[3] = {1, 3, 4};
  lists[i] = *made(levels[i]);
  memcpy(rule_of[i], rules, sizeof rules);
  lists[i].rules = rule_of[i];
  if (lie("base_is_v3") && i == 0) lists[i].level = 3;
  if (lie("v3_is_v4") && i == 1) lists[i].level = 4;
  if (lie("v3_contracted") && i == 1) lists[i].probe = contracted;
  if (lie("v4_other_count") && i == 2) lists[i].count = 2;
  if (lie("v4_other_summary") && i == 2) rule_of[i][0].summary = "something else";
  return &lists[i];
}
EXPORT const rheo_rule_list* rheo_rules_base(void);
EXPORT const rheo_rule_list* rheo_rules_v3(void);
EXPORT const rheo_rule_list* rheo_rules_v4(void);
EXPORT const rheo_rule_list* rheo_rules_base(void) { return made_for(0); }
EXPORT const rheo_rule_list* rheo_rules_v3(void) { return made_for(1); }
EXPORT const rheo_rule_list* rheo_rules_v4(void) { return made_for(2); }
#elif defined(ONLY_V3)
EXPORT const rheo_rule_list* rheo_rules_v3(void);
EXPORT const rheo_rule_list* rheo_rules_v3(void) { return made(3); }
#elif defined(NO_SYMBOL)
EXPORT const rheo_rule_list* rheo_rules_of_mine(void);
EXPORT const rheo_rule_list* rheo_rules_of_mine(void) { return made(0); }
#elif defined(UNDEFINED)
extern const rheo_rule_list* nobody_has_this(void);
EXPORT const rheo_rule_list* rheo_rules(void);
EXPORT const rheo_rule_list* rheo_rules(void) { return made(0) ? nobody_has_this() : NULL; }
#else
EXPORT const rheo_rule_list* rheo_rules(void);
EXPORT const rheo_rule_list* rheo_rules(void) { return made(0); }
#endif

#if defined(TINY_NUMBERS)
/* What libraries that are linked with -ffast-math do when they are loaded. */
#include <xmmintrin.h>
__attribute__((constructor)) static void flush_tiny_numbers(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }
#endif

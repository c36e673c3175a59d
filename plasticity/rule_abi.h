/* The one door for plasticity rules: a table of C, versioned. Built-in rules walk through it like those of plug-ins,
 * which are shared libraries that are loaded at run time. Authors do not write against it but against rule_sdk.hpp,
 * which fills it in; the engine (networks/plastic) calls what it points to.
 *
 * A library exports `const rheo_rule_list* rheo_rules(void)`, and may export rheo_rules_base, rheo_rules_v3 and
 * rheo_rules_v4 instead: the same rules, compiled for the x86-64 levels.
 *
 * Real is float or double, by the precision of the simulation. Ticks are counted from the epoch of the lane, the tick
 * up to and including which every spike of a target has reached every synapse; those of a history are at most 65535.
 */
#ifndef RHEO_RULE_ABI_H
#define RHEO_RULE_ABI_H

#include <stdint.h>

#define RHEO_RULE_ABI 4u
#define RHEO_NONE 0xffffffffu /* instead of the number of a parameter */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rheo_rule_param {
  const char *name, *unit, *meaning;
  double initial, low, high; /* default and allowed range, both ends included */
  uint32_t per_target;       /* 1: may differ between target neurons, and is read as a post trace only */
} rheo_rule_param;

/* What is kept per source or target neuron: 0 at the start, changed by the neuron's own spikes. */
enum {
  RHEO_DECAYS,   /* between spikes by exp(-t / parameter number `param`, in ms) */
  RHEO_HOLDS,    /* its value between spikes */
  RHEO_PARAMETER /* not a trace: each target's value of parameter number `param`; of targets only */
};
typedef struct rheo_rule_trace {
  const char *name, *unit, *meaning;
  uint32_t kind, param;
} rheo_rule_trace;

/* What is kept per synapse beside its weight. */
typedef struct rheo_rule_column {
  const char *name, *unit, *meaning;
  double initial;
  uint32_t kind, param; /* RHEO_DECAYS between the events of the synapse, or RHEO_HOLDS */
} rheo_rule_column;

/* Third factors, which come by name. What is not given is `otherwise`. */
enum {
  RHEO_FOR_ALL,    /* one number for each tick */
  RHEO_PER_TARGET, /* one for each target neuron and tick */
  RHEO_PER_SOURCE, /* one for each source neuron and tick */
  RHEO_DOSE        /* for all; between events t1 and t2 of a synapse, rules see the sum over the ticks t of (t1, t2] of
                      its value x dt x exp(-(t - t1) / parameter number `param`) */
};
typedef struct rheo_rule_signal {
  const char *name, *unit, *meaning;
  double otherwise;
  uint32_t scope, param;
} rheo_rule_signal;

/* Synapses begin, begin + 1, ... of one source with one delay. */
typedef struct rheo_slice {
  uint32_t begin, count;
  int32_t base;    /* tick of the arrival before this one; very small where there was none */
  int32_t from;    /* spikes of targets in ticks >= from are still to be learnt from */
  uint32_t record; /* where the source's traces are */
} rheo_slice;

typedef struct rheo_batch {
  const void* step; /* what prepare() made */
  const rheo_slice* slices;
  uint64_t slice_count;
  uint32_t learns; /* 0: synapses stay as they are */

  /* Synapses of the lane; 64 bytes beyond the last one are there, to be read and written back as they are. */
  const void* targets;   /* number of the target among the lane's: uint16_t or uint32_t */
  uint32_t target_bytes; /* 2 or 4 */
  void* const* columns;  /* Real: the weight's magnitude, then the rule's columns */

  /* Sources: [trace][record]. */
  const void* const* pre_base;  /* just after the arrival at `base` */
  const void* const* pre_now;   /* arrive: before the spike that arrives */
  const void* const* pre_decay; /* [trace] Real[8][16], or null: decay over 16^d k ticks at [d][k] */

  /* Targets, `width` of them. */
  uint32_t width;
  uint32_t now;                  /* low bits of the number of the tick */
  void* sums;                    /* arrive: Real [width], to which is added what is transmitted */
  uint32_t negative;             /* 1: it is subtracted */
  const uint32_t* recent;        /* [4][width]: ticks of the last two spikes, 16 bits each, the last one lower; of the
                                    two before; ...; 0: none */
  const void* const* recent_before; /* [trace] Real [4][width][2]: just before the last two spikes, the last one first;
                                       before the two before; ...; not of parameters */
  const int32_t* newest;         /* [9]: of all targets' last spikes the newest tick, of the spikes before those, ... */
  const uint16_t* count;         /* spikes since the epoch */
  const uint16_t* ticks;         /* [count][width]: tick of each */
  const void* const* before;     /* [trace] Real [count][width]: just before each; not of parameters */
  const void* const* after;      /* [trace] Real [width]: just after the last spike; parameters: their values */
  const uint32_t* last;          /* low bits of the number of the tick of the last spike */
  uint64_t* now_room;            /* [width]: targets_now() leaves there what arrive() likes to read */
  const void* const* now_values; /* [trace] Real [width]: traces as arrivals see them, or null: to be computed */
  const void* const* post_decay; /* as pre_decay */

  /* Between events. A synapse's last event is the last one of its arrivals, of its target's spikes, and `fixed`. */
  int32_t fixed;
  int32_t arrival;                 /* tick of the arrivals */
  int32_t until;                   /* settle: synapses elapse to this tick in the end; very small: they do not */
  const int32_t* settled;          /* [width] tick of the last spike up to the epoch; very small: none */
  const void* const* column_decay; /* [column of the rule] as pre_decay */
  const void* const* doses;        /* [signal] Real at [t - dose_epoch][2]: A, E with the sum for (t1, t2] being
                                      (A(t2) - A(t1)) E(t1); null: no dose */
  int32_t dose_epoch;
  uint32_t steady;                 /* 1: no dose changes; instead of `doses` there are the two that follow */
  const void* const* steady_doses; /* [signal] Real[8][16], or null: the sum over 16^d k ticks at [d][k] */
  const void* const* dose_decay;   /* [signal] as pre_decay, or null */

  /* Consolidation. */
  const void* const* signals;   /* [signal] Real, for all, [width] or [record], as its scope says */
  const void* const* collected; /* [target sum] Real [width] */
  const void* const* reflected; /* [source sum] Real [record] */
} rheo_batch;

/* Functions of one precision. None keeps a pointer, allocates or throws; all may run concurrently. */
typedef struct rheo_rule_kernels {
  uint32_t coefficient_bytes;
  uint32_t reads_before; /* 1: it reads `before` and `recent_before` of batches, which are left unwritten otherwise */
  void (*prepare)(const double* params, double dt, void* step);
  void (*bounds)(const void* step, double low_high[2]); /* that weights keep to; low >= 0, unless they have a sign */
  /* Traces of n neurons, [trace][n] Real, which spike once each; parameters are there to be read. */
  void (*pre_spike)(const void* step, uint32_t n, void* const* traces);
  void (*post_spike)(const void* step, uint32_t n, void* const* traces);
  /* Fills in [trace] Real [width], what `now_values` is to be, of traces that decay; width is a multiple of 16. */
  void (*targets_now)(const rheo_batch*, void* const* now_values);
  void (*arrive)(const rheo_batch*); /* learns from spikes of targets, transmits, learns from the arrival */
  void (*settle)(const rheo_batch*); /* learns from spikes of targets */
  /* The steps of a consolidation, at the end of a tick; settled, pre_now and now_values are of that tick. Sums run in the order
   * of the slices, and over the synapses of each one by one. */
  void (*collect)(const rheo_batch*, void* const* sums);  /* adds to [target sum] Real [width] */
  void (*reflect)(const rheo_batch*, void* const* backs); /* adds to [source sum] Real [record] */
  /* Of n sources: the signal that other rules may read, Real [n], from [trace], [signal] and [source sum] Real [n]. */
  void (*publish)(const void* step, uint32_t n, const void* const* traces, const void* const* signals,
                  const void* const* backs, void* published);
  void (*consolidate)(const rheo_batch*); /* learns from all that the batch holds */
} rheo_rule_kernels;

typedef struct rheo_rule {
  const char *name, *summary, *equation, *source;
  uint32_t params, columns, pre_traces, post_traces;
  const rheo_rule_param* param;
  const rheo_rule_column* column;
  const rheo_rule_trace *pre_trace, *post_trace;
  uint32_t signals;
  const rheo_rule_signal* signal;
  uint32_t signed_weights;           /* 1: weights may be below 0, and there are no magnitudes */
  uint32_t consolidates;                   /* 1: it does */
  uint32_t interval;                 /* parameter that says how often, in ms; RHEO_NONE: in ticks in which its first
                                        signal differs from 0 */
  uint32_t target_sums, source_sums; /* of its consolidates */
  uint32_t publishes;                /* 1: a signal of one number per source */
  const char* (*problem)(const double* params); /* what is wrong with parameters that are each in range, or "" */
  rheo_rule_kernels single_precision, double_precision;
  /* May be null: it then says nothing. The smallest change that one event, or one consolidation, makes to a weight where traces
   * and signals are 1, as a part of `weight`, the largest magnitude at the start (0: unknown). Projections whose steps
   * are too small for single precision keep and change what their synapses hold in double precision. */
  double (*relative_step)(const double* params, double weight);
} rheo_rule;

typedef struct rheo_rule_list {
  uint32_t abi;                                         /* RHEO_RULE_ABI */
  uint32_t list_bytes, rule_bytes, batch_bytes;         /* sizeof of the structures, as the library knows them */
  uint32_t level;                                       /* x86-64 level that it is compiled for: 1, 3 or 4; 0: other */
  void (*probe)(const double in[3], double results[2]); /* in[0] * in[1] + in[2]; (in[0] + in[1]) - in[0] */
  uint32_t count;
  const rheo_rule* rules;
} rheo_rule_list;

#ifdef __cplusplus
}
#endif
#endif

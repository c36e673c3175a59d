// Exact propagators over one tick h of a membrane (tau_m, C_m) driven by a synaptic current, in double.
//
// For I(t) = exp(-t/tau_s) and x = h (1/tau_s - 1/tau_m):
//   V(h) = (h/C) exp(-h/tau_m) phi1(x),   phi1(x) = int_0^1 exp(-x s) ds   = (1 - exp(-x))/x
// and for I(t) = t exp(-t/tau_s):
//   V(h) = (h^2/C) exp(-h/tau_m) phi2(x), phi2(x) = int_0^1 s exp(-x s) ds = (1 - (1 + x) exp(-x))/x^2
// In this form tau_m = tau_s (x = 0) is no special case: phi1 = 1, phi2 = 1/2, and near it nothing cancels. Where a
// long time makes exp(-x) overflow, exp(-h/tau_m) phi1(x) = exp(-h/tau_s) phi1(-x) is used.
#pragma once

#include "core/math.hpp"

namespace rheo {

inline double phi1(double x) {
  return x == 0 ? 1.0 : -math::expm1(-x) / x;
}

inline double phi2(double x) {
  if (x > 0.5 || x < -0.5) return (phi1(x) - math::exp(-x)) / x;
  double term = 1, sum = 0;  // sum over k of (-x)^k / (k! (k + 2))
  for (int k = 0; k < 20; ++k) {
    sum += term / (k + 2);
    term *= -x / (k + 1);
  }
  return sum;
}

// State (I, dI) of an alpha current: I' = dI - I/tau_s, dI' = -dI/tau_s.
struct AlphaPropagator {
  double V_I, V_dI, I_I, I_dI;
  AlphaPropagator(double tau_m, double tau_s, double C_m, double h) {
    const double x = h / tau_s - h / tau_m;
    I_I = math::exp(-h / tau_s);
    if (x < -100) {
      const double synaptic = I_I * (h / C_m);
      V_I = synaptic * phi1(-x);
      V_dI = synaptic * h * (phi1(-x) - 1) / x;
    } else {
      const double membrane = math::exp(-h / tau_m) * (h / C_m);
      V_I = membrane * phi1(x);
      V_dI = membrane * h * phi2(x);
    }
    I_dI = h * I_I;
  }
};

}  // namespace rheo

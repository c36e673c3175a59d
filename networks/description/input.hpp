// What an input brings: one of the kinds of networks/inputs/kinds.hpp with its numbers, as a plain value.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "networks/description/described.hpp"

namespace rheo {

class Input;
struct InputEnds;
struct InputPart;

// Makes the input of one part of the target.
using MakeInput = std::function<std::unique_ptr<Input>(const InputPart&)>;

class InputKind : public Described {
 public:
  template <class K>
  class Of;  // networks/inputs/kind_of.hpp

  virtual std::unique_ptr<InputKind> clone() const = 0;

  const Value* weight() const { return find<Value>("weight"); }  // of its spikes; nullptr: it brings a current
  // Empty: by the sign of each weight.
  std::string port() const { return weight() == nullptr ? "I" : *find<std::string>("port"); }
  // The name of the signal that it reads; empty: none.
  std::string signal() const { return find<std::string>("signal") == nullptr ? "" : *find<std::string>("signal"); }
  // Whether it may stay the same for long, so that a potential comes to rest beside it.
  virtual bool lasts() const = 0;
  // Bytes that it takes besides numbers that differ between neurons.
  virtual double bytes(double targets) const = 0;

  // What ranges of fields do not say; throws BuildError with a field's name as key.
  virtual void check(const InputEnds& ends) const = 0;
  // Draws what differs between neurons, except for weights. The kind and the ends' network must outlive the result.
  virtual MakeInput prepare(const InputEnds& ends) const = 0;
};

}  // namespace rheo

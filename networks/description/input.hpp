// What an input brings: one of the kinds of networks/inputs/kinds.hpp with its numbers, as a plain value.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "networks/description/chosen.hpp"
#include "networks/description/kind.hpp"

namespace rheo {

class Input;
struct InputEnds;
struct InputPart;

// Makes the input of one part of the target.
using MakeInput = std::function<std::unique_ptr<Input>(const InputPart&)>;

// A kind when it is no longer known which.
class InputKind {
 public:
  template <class K>
  class Of;  // networks/inputs/kind_of.hpp

  virtual ~InputKind() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;
  virtual std::string_view source() const = 0;  // where the definition is from; empty: common knowledge
  virtual std::vector<KindField> fields() = 0;  // which must not outlive the kind
  virtual std::unique_ptr<InputKind> clone() const = 0;

  virtual const Value* weight() const = 0;  // of its spikes; nullptr: it brings a current
  virtual std::string port() const = 0;     // "I" for a current; empty: by the sign of each weight
  virtual std::string signal() const = 0;   // the name of the signal that it reads; empty: none
  virtual std::optional<std::uint32_t> channel() const = 0;
  // Whether it may stay the same for long, so that a potential comes to rest beside it.
  virtual bool lasts() const = 0;
  // Bytes that it takes besides numbers that differ between neurons.
  virtual double bytes(double targets) const = 0;

  // Throws BuildError with a field's name as key.
  virtual void check(const InputEnds& ends) const = 0;
  // Draws what differs between neurons, except for weights. The kind and the ends' network must outlive the result.
  virtual MakeInput prepare(const InputEnds& ends) const = 0;
};

}  // namespace rheo

// One kind of a list, with its numbers, as a plain value: `kind = PoissonSpikes{.rate = 100.0}`. The interface `Kind`
// has a member template Of<K>, which implements it for a described struct K.
#pragma once

#include <memory>
#include <utility>

namespace rheo {

template <class Kind>
class Chosen {
 public:
  Chosen() = default;  // none; the judge refuses that
  template <class K>
  Chosen(const K& numbers) : kind_(std::make_unique<typename Kind::template Of<K>>(numbers)) {}
  explicit Chosen(std::unique_ptr<Kind> kind) : kind_(std::move(kind)) {}
  Chosen(const Chosen& other) : kind_(other.kind_ ? other.kind_->clone() : nullptr) {}
  Chosen(Chosen&&) noexcept = default;
  Chosen& operator=(Chosen other) noexcept {
    kind_ = std::move(other.kind_);
    return *this;
  }

  explicit operator bool() const { return kind_ != nullptr; }
  const Kind& operator*() const { return *kind_; }
  const Kind* operator->() const { return kind_.get(); }
  Kind* operator->() { return kind_.get(); }
  // Its numbers; nullptr where it is another kind.
  template <class K>
  const K* as() const {
    const auto* const of = dynamic_cast<const typename Kind::template Of<K>*>(kind_.get());
    return of == nullptr ? nullptr : &of->numbers();
  }
  template <class K>
  K* as() {
    return const_cast<K*>(std::as_const(*this).template as<K>());
  }

 private:
  std::unique_ptr<Kind> kind_;
};

}  // namespace rheo

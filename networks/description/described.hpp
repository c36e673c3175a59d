// What the interfaces of kinds share: a kind says its name, what it is and its fields (networks/description/kind.hpp),
// and is held as a plain value: `kind = PoissonSpikes{.rate = 100.0}`.
#pragma once

#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "networks/description/kind.hpp"

namespace rheo {

// A kind when it is no longer known which.
class Described {
 public:
  virtual ~Described() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;
  virtual std::string_view source() const = 0;  // where the definition is from; empty: common knowledge
  virtual std::vector<KindField> fields() = 0;  // which must not outlive the kind
  // The member of a field; nullptr where there is none of this name and type.
  template <class T>
  const T* find(std::string_view name) const {
    return static_cast<const T*>(member(name, typeid(T)));
  }

 protected:
  virtual const void* member(std::string_view name, const std::type_info& type) const = 0;
};

// The same of a described struct K. Interface has clone() and a member template Of<K>, which derives from this.
template <class Interface, class K>
class DescribedAs : public Interface {
 public:
  explicit DescribedAs(K numbers = {}) : numbers_(std::move(numbers)) {}
  const K& numbers() const { return numbers_; }

  std::string_view name() const final { return K::name; }
  std::string_view summary() const final { return K::summary; }
  std::string_view source() const final { return K::source; }
  std::vector<KindField> fields() final { return fields_of(numbers_); }
  std::unique_ptr<Interface> clone() const final {
    return std::make_unique<typename Interface::template Of<K>>(numbers_);
  }

 protected:
  const void* member(std::string_view name, const std::type_info& type) const final {
    const void* found = nullptr;
    const auto look = [&](const auto& field) {
      if (field.name == name && typeid(numbers_.*(field.member)) == type) found = &(numbers_.*(field.member));
    };
    std::apply([&](const auto&... field) { (look(field), ...); }, K::fields);
    return found;
  }

 private:
  K numbers_;
};

// One of each of a list of structs, with the defaults of their fields.
template <class Interface>
struct OneOf {
  template <class... K>
  struct Each {
    static std::vector<std::unique_ptr<const Interface>> made() {
      std::vector<std::unique_ptr<const Interface>> all;
      (all.push_back(std::make_unique<const typename Interface::template Of<K>>()), ...);
      return all;
    }
  };
};

// One kind with its numbers, which are copied with it.
template <class Interface>
class Chosen {
 public:
  Chosen() = default;  // none; the judge refuses that
  template <class K>
  Chosen(const K& numbers) : kind_(std::make_unique<typename Interface::template Of<K>>(numbers)) {}
  explicit Chosen(std::unique_ptr<Interface> kind) : kind_(std::move(kind)) {}
  Chosen(const Chosen& other) : kind_(other.kind_ ? other.kind_->clone() : nullptr) {}
  Chosen(Chosen&&) noexcept = default;
  Chosen& operator=(Chosen other) noexcept {
    kind_ = std::move(other.kind_);
    return *this;
  }

  explicit operator bool() const { return kind_ != nullptr; }
  const Interface& operator*() const { return *kind_; }
  const Interface* operator->() const { return kind_.get(); }
  Interface* operator->() { return kind_.get(); }
  // Its numbers; nullptr where it is another kind.
  template <class K>
  const K* as() const {
    const auto* const of = dynamic_cast<const typename Interface::template Of<K>*>(kind_.get());
    return of == nullptr ? nullptr : &of->numbers();
  }
  template <class K>
  K* as() {
    return const_cast<K*>(std::as_const(*this).template as<K>());
  }

 private:
  std::unique_ptr<Interface> kind_;
};

}  // namespace rheo

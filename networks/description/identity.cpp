#include "networks/description/identity.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

namespace rheo {

namespace {

// Distributions of the first versions have a number for a name.
std::string identity_of_distribution(std::string_view name, const Distribution& d) {
  AnyDistribution kind = d.kind;
  const std::vector<KindField> fields = fields_of(kind);
  std::string text = std::visit(
      []<class K>(const K&) {
        if constexpr (requires { K::first_text; })
          return std::string(K::first_text);
        else
          return fmt::format("{}(", K::name);
      },
      kind);
  for (const KindField& field : fields)
    if (const auto* const number = std::get_if<double*>(&field.member)) text += fmt::format("{}, ", **number);
  text += fmt::format("{}, {})", d.min.value_or(-std::numeric_limits<double>::infinity()),
                      d.max.value_or(std::numeric_limits<double>::infinity()));
  for (const KindField& field : fields)
    if (const auto* const list = std::get_if<std::vector<double>*>(&field.member))
      text += list_identity(field.name, **list);
  return fmt::format(" {}={}", name, text);
}

}  // namespace

std::string list_identity(std::string_view name, std::size_t count, std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3u;
  return fmt::format(" {}=list of {}: {:016x}", name, count, hash);
}

std::string identity_of(std::string_view name, const Value& value) {
  if (const auto* pairs = std::get_if<PairValue>(&value)) {
    AnyPairValue kind = pairs->kind;
    return fmt::format(" {}=by {}:{};", name, std::visit([](const auto& one) { return one.name; }, kind),
                       identity_of(fields_of(kind)));
  }
  if (const auto* constant = std::get_if<double>(&value)) return fmt::format(" {}={}", name, *constant);
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return list_identity(name, *list);
  return identity_of_distribution(name, std::get<Distribution>(value));
}

std::string identity_of(std::span<const KindField> fields) {
  std::string text;
  for (const KindField& field : fields) {
    if (const auto* const value = std::get_if<Value*>(&field.member))
      text += identity_of(field.name, **value);
    else if (const auto* const list = std::get_if<std::vector<double>*>(&field.member))
      text += list_identity(field.name, **list);
    else if (const auto* const table = std::get_if<std::shared_ptr<const NumberTable>*>(&field.member))
      text += **table == nullptr ? fmt::format(" {}=none", field.name)
                                 : list_identity(fmt::format("{} {}", field.name, (**table)->rows), (**table)->values);
    else if (!std::holds_alternative<KeyOfEdges*>(field.member))
      text += fmt::format(" {}={}", field.name, value_text(field));
  }
  return text;
}

std::string first_identity(double indegree, double p, bool multapses, bool autapses) {
  return fmt::format(" {} {} {} {}", indegree, p, multapses, autapses);
}

}  // namespace rheo

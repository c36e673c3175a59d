#include "apps/command/vocabulary.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "networks/connect/rules.hpp"
#include "networks/description/kind.hpp"
#include "networks/description/values.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/signals/kinds.hpp"

namespace rheo {

namespace {

// The catalogues say "no limit" by a number that is none.
Json limit(double x) {
  return x > -1e30 && x < 1e30 ? Json(x) : Json(nullptr);
}

template <class Info>
Json infos(const std::vector<Info>& all) {
  Json list = Json::array();
  for (const Info& info : all)
    list.push_back({{"name", info.name},
                    {"unit", info.unit},
                    {"meaning", info.meaning},
                    {"initial", info.initial},
                    {"low", limit(info.low)},
                    {"high", limit(info.high)}});
  return list;
}

Json fields(const std::vector<KindField>& all) {
  Json list = Json::array();
  for (const KindField& field : all)
    list.push_back({{"name", field.name},
                    {"unit", field.unit},
                    {"meaning", field.meaning},
                    {"initial", initial_text(field)},
                    {"allowed", allowed_text(field)},
                    {"needed", field.needed}});
  return list;
}

Json kind(std::string_view name, std::string_view summary, std::string_view source,
          const std::vector<KindField>& fields_of_it) {
  return {{"name", name}, {"summary", summary}, {"source", source}, {"fields", fields(fields_of_it)}};
}

template <class Kind>
Json kinds(const std::vector<std::unique_ptr<const Kind>>& all) {
  Json list = Json::array();
  for (const auto& one : all) list.push_back(kind(one->name(), one->summary(), one->source(), one->clone()->fields()));
  return list;
}

template <class Any>
Json kinds(std::vector<Any> all) {
  Json list = Json::array();
  for (Any& any : all)
    std::visit([&](auto& one) { list.push_back(kind(one.name, one.summary, {}, fields_of(one))); }, any);
  return list;
}

Json traces(const std::vector<RuleTrace>& all) {
  Json list = Json::array();
  for (const RuleTrace& trace : all)
    if (trace.kind != RuleTrace::Kind::parameter)
      list.push_back({{"name", trace.name}, {"unit", trace.unit}, {"meaning", trace.meaning}});
  return list;
}

}  // namespace

Json json_of(const ModelInfo& model) {
  Json json{{"name", model.name},
            {"summary", model.summary},
            {"equation", model.equation},
            {"source", model.source},
            {"params", infos(model.params)},
            {"options", Json::object()},
            {"variables", infos(model.columns)},
            {"ports", Json::array()},
            {"spikes", model.spikes},
            {"value", model.value}};
  for (const OptionInfo& option : model.options) json["options"][option.name] = option.choices;
  for (const PortInfo& port : model.ports) json["ports"].push_back({{"name", port.name}, {"unit", port.unit}});
  return json;
}

Json json_of(const Rule& rule) {
  Json columns = Json::array(), signals = columns;
  for (const RuleColumn& column : rule.columns)
    columns.push_back({{"name", column.name}, {"unit", column.unit}, {"meaning", column.meaning}});
  for (const RuleSignal& signal : rule.signals)
    signals.push_back({{"name", signal.name}, {"unit", signal.unit}, {"meaning", signal.meaning}});
  return {{"name", rule.name},         {"summary", rule.summary},
          {"equation", rule.equation}, {"source", rule.source},
          {"file", rule.file},         {"params", infos(rule.params)},
          {"columns", columns},        {"traces", {{"source", traces(rule.pre)}, {"target", traces(rule.post)}}},
          {"signals", signals}};
}

Json vocabulary(const RuleLibrary& library) {
  Json models = Json::array(), rules = models;
  for (const ModelInfo& model : neuron_models()) models.push_back(json_of(model));
  for (const Rule& rule : library.rules()) rules.push_back(json_of(rule));
  return {{"models", models},
          {"rules", rules},
          {"connect_rules", kinds(connect_rules())},
          {"inputs", kinds(input_kinds())},
          {"signals", kinds(signal_kinds())},
          {"distributions", kinds(distributions())},
          {"pair_values", kinds(pair_values())}};
}

}  // namespace rheo

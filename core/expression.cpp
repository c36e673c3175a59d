#include "core/expression.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <string_view>

#include "core/diagnostics.hpp"

namespace rheo {

namespace {

constexpr std::size_t longest_text = 10'000;
constexpr int deepest = 200;          // brackets within brackets
constexpr double largest_power = 64;  // that is a product

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

// Reads a text from left to right, each rule of the grammar by one function, and adds up the steps that compute it.
class ExpressionParser {
 public:
  ExpressionParser(const std::string& text, const Expression::Names& names, Expression& made)
      : text_(text), names_(names), made_(made) {}

  void parse() {
    if (text_.size() > longest_text) fail(0, "is too long", "at most 10,000 characters");
    skip_blanks();
    if (at_ == text_.size()) fail(0, "is empty", "an expression such as \"2 * x + 1\"");
    const Part whole = parse_or();
    if (at_ != text_.size()) fail(at_, "is not understood from here on", "an operator, or the end");
    made_.result_ = finish(number(whole, 0));
  }

 private:
  using Op = Expression::Op;
  static constexpr auto nothing = Expression::nothing;
  // Of constants, references and steps while there may be more of each: kind and number.
  struct Value {
    enum class Kind { constant, reference, step } kind = Kind::constant;
    std::uint32_t number = 0;
    bool operator==(const Value&) const = default;
  };
  struct Part {
    Value value;
    bool is_condition = false;
  };
  struct Draft {
    Op op;
    std::array<std::optional<Value>, 3> operands;
    bool operator==(const Draft&) const = default;
  };

  [[noreturn]] void fail(std::size_t at, std::string problem, std::string expected, std::string suggestion = {}) const {
    reject({.key = {},
            .value = '"' + text_ + '"',
            .problem = "column " + std::to_string(at + 1) + " " + problem,
            .expected = std::move(expected),
            .suggestion = std::move(suggestion)});
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  // Takes a sign where it stands here.
  bool take(std::string_view sign) {
    if (!std::string_view(text_).substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    skip_blanks();
    return true;
  }
  void need(char sign, const std::string& where) {
    if (!take(std::string_view(&sign, 1)))
      fail(at_, std::string("has no \"") + sign + "\" " + where, std::string(1, sign));
  }
  std::string_view name_here() const {
    std::size_t end = at_;
    if (end < text_.size() && starts_name(text_[end]))
      while (end < text_.size() && (starts_name(text_[end]) || is_digit(text_[end]))) ++end;
    return std::string_view(text_).substr(at_, end - at_);
  }
  bool take_word(std::string_view word) { return name_here() == word && take(word); }

  Value constant(double x) {
    const auto same = [x](double y) { return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y); };
    const auto found = std::find_if(made_.constants_.begin(), made_.constants_.end(), same);
    const auto number = static_cast<std::uint32_t>(found - made_.constants_.begin());
    if (found == made_.constants_.end()) made_.constants_.push_back(x);
    return {Value::Kind::constant, number};
  }
  std::optional<double> known(const Value& value) const {
    if (value.kind != Value::Kind::constant) return std::nullopt;
    return made_.constants_[value.number];
  }
  // The step that computes this; what is known already is computed here.
  Value step(Op op, Value a, std::optional<Value> b = {}, std::optional<Value> c = {}) {
    const auto x = known(a), y = b ? known(*b) : 0.0, z = c ? known(*c) : 0.0;
    if (x && y && z) return constant(Expression::compute(op, *x, *y, *z));
    const Draft draft{op, {a, b, c}};
    const auto found = std::find(drafts_.begin(), drafts_.end(), draft);
    const auto number = static_cast<std::uint32_t>(found - drafts_.begin());
    if (found == drafts_.end()) drafts_.push_back(draft);
    return {Value::Kind::step, number};
  }

  Value number(const Part& part, std::size_t at) const {
    if (part.is_condition)
      fail(at, "has a condition where a number should be", "if(condition, 1, 0), or int(condition)");
    return part.value;
  }
  Value condition(const Part& part, std::size_t at) const {
    if (!part.is_condition) fail(at, "has a number where a condition should be", "a comparison such as x > 0");
    return part.value;
  }

  Part parse_or() {
    if (++depth_ > deepest) fail(at_, "is nested too deeply", "at most 200 brackets within each other");
    std::size_t at = at_;
    Part left = parse_and();
    while (take_word("or")) {
      const Value a = condition(left, at);
      at = at_;
      left = {step(Op::logical_or, a, condition(parse_and(), at)), true};
    }
    --depth_;
    return left;
  }
  Part parse_and() {
    std::size_t at = at_;
    Part left = parse_not();
    while (take_word("and")) {
      const Value a = condition(left, at);
      at = at_;
      left = {step(Op::logical_and, a, condition(parse_not(), at)), true};
    }
    return left;
  }
  Part parse_not() {
    bool turned = false, any = false;
    while (take_word("not")) turned = !turned, any = true;
    const std::size_t at = at_;
    const Part part = parse_comparison();
    if (!any) return part;
    const Value value = condition(part, at);
    return {turned ? step(Op::logical_not, value) : value, true};
  }
  Part parse_comparison() {
    const std::size_t at = at_;
    const Part left = parse_sum();
    struct Sign {
      std::string_view text;
      Op op;
      bool swapped;
    };
    static constexpr std::array signs{Sign{"<=", Op::less_equal, false}, Sign{">=", Op::less_equal, true},
                                      Sign{"==", Op::equal, false},      Sign{"!=", Op::not_equal, false},
                                      Sign{"<", Op::less, false},        Sign{">", Op::less, true}};
    const auto find = [this] {
      return std::find_if(signs.begin(), signs.end(), [this](const Sign& s) { return take(s.text); });
    };
    const auto sign = find();
    if (sign == signs.end()) {
      if (at_ < text_.size() && text_[at_] == '=') fail(at_, "assigns nothing here", "== to compare");
      return left;
    }
    const std::size_t second = at_;
    const Value a = number(left, at), b = number(parse_sum(), second);
    const std::size_t third = at_;
    if (find() != signs.end()) fail(third, "compares a third number", "a < b and b < c");
    return {sign->swapped ? step(sign->op, b, a) : step(sign->op, a, b), true};
  }
  Part parse_sum() {
    std::size_t at = at_;
    Part left = parse_product();
    for (;;) {
      const bool adds = take("+");
      if (!adds && !take("-")) return left;
      const Value a = number(left, at);
      at = at_;
      left = {step(adds ? Op::add : Op::subtract, a, number(parse_product(), at))};
    }
  }
  Part parse_product() {
    std::size_t at = at_;
    Part left = parse_sign();
    for (;;) {
      if (std::string_view(text_).substr(at_).starts_with("**")) fail(at_, "has \"**\"", "^ for a power");
      const bool multiplies = take("*");
      if (!multiplies && !take("/")) return left;
      const Value a = number(left, at);
      at = at_;
      left = {step(multiplies ? Op::multiply : Op::divide, a, number(parse_sign(), at))};
    }
  }
  Part parse_sign() {
    bool negative = false, any = false;
    for (;; any = true) {
      if (take("-"))
        negative = !negative;
      else if (!take("+"))
        break;
    }
    const std::size_t at = at_;
    const Part part = parse_power();
    if (!any) return part;
    const Value value = number(part, at);
    return {negative ? step(Op::negate, value) : value};
  }
  Part parse_power() {
    const std::size_t at = at_;
    const Part base = parse_atom();
    if (!take("^")) return base;
    if (++depth_ > deepest) fail(at_, "is nested too deeply", "at most 200 powers of powers");
    const std::size_t second = at_;
    const Value a = number(base, at), b = number(parse_sign(), second);
    --depth_;
    const auto exponent = known(b);
    const bool whole = exponent && *exponent >= -largest_power && *exponent <= largest_power &&
                       *exponent == static_cast<double>(static_cast<int>(*exponent));
    return {step(whole ? Op::whole_power : Op::power, a, b)};
  }

  Part parse_atom() {
    const std::size_t at = at_;
    if (take("(")) {
      const Part inner = parse_or();
      need(')', "for the bracket of column " + std::to_string(at + 1));
      return inner;
    }
    if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) return {parse_number()};
    const std::string name(name_here());
    if (name.empty() || name == "and" || name == "or")
      fail(at_, at_ == text_.size() ? "ends too early" : "is not understood",
           "a number, a name, a function or a bracket");
    at_ += name.size();
    skip_blanks();
    if (take("(")) return parse_call(name, at);
    return {parse_name(name, at)};
  }
  Value parse_number() {
    double x = 0;
    const char* const end = text_.data() + text_.size();
    const auto [rest, error] = std::from_chars(text_.data() + at_, end, x);
    if (error != std::errc()) fail(at_, "is no number that can be kept", "a number such as 0.5 or 1e-3");
    if (rest != end && (starts_name(*rest) || *rest == '.'))
      fail(static_cast<std::size_t>(rest - text_.data()), "goes on after a number", "an operator such as *");
    at_ = static_cast<std::size_t>(rest - text_.data());
    skip_blanks();
    return constant(x);
  }
  Value parse_name(const std::string& name, std::size_t at) {
    const auto variable = std::find(names_.variables.begin(), names_.variables.end(), name);
    if (variable == names_.variables.end()) {
      for (const auto& [known_name, x] : names_.constants)
        if (known_name == name) return constant(x);
      std::vector<std::string> all = names_.variables;
      for (const auto& one : names_.constants) all.push_back(one.first);
      fail(at, "has the unknown name \"" + name + '"', all.empty() ? "numbers: no names are known here" : one_of(all),
           nearest(name, all));
    }
    Expression::Reference reference{static_cast<std::size_t>(variable - names_.variables.begin())};
    if (take("[")) {
      std::uint32_t channel = 0;
      const char* const end = text_.data() + text_.size();
      const auto [rest, error] = std::from_chars(text_.data() + at_, end, channel);
      if (error != std::errc()) fail(at_, "is no number of a channel", "a whole number from 0 on");
      at_ = static_cast<std::size_t>(rest - text_.data());
      skip_blanks();
      need(']', "behind the number of a channel");
      reference.channel = channel;
    }
    auto& all = made_.references_;
    const auto found = std::find(all.begin(), all.end(), reference);
    const auto number = static_cast<std::uint32_t>(found - all.begin());
    if (found == all.end()) all.push_back(reference);
    return {Value::Kind::reference, number};
  }

  struct Function {
    const char* name;
    std::size_t least, most;  // arguments
    Op op;
  };
  static constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();
  static constexpr std::array functions{Function{"if", 3, 3, Op::select},
                                        Function{"min", 2, any_number, Op::minimum},
                                        Function{"max", 2, any_number, Op::maximum},
                                        Function{"clip", 3, 3, Op::minimum},
                                        Function{"abs", 1, 1, Op::absolute},
                                        Function{"sqrt", 1, 1, Op::square_root},
                                        Function{"exp", 1, 1, Op::exponential},
                                        Function{"log", 1, 1, Op::logarithm},
                                        Function{"log1p", 1, 1, Op::log1p},
                                        Function{"expm1", 1, 1, Op::expm1},
                                        Function{"exprel", 1, 1, Op::exprel},
                                        Function{"sin", 1, 1, Op::sine},
                                        Function{"cos", 1, 1, Op::cosine},
                                        Function{"tanh", 1, 1, Op::tanh},
                                        Function{"floor", 1, 1, Op::floor},
                                        Function{"int", 1, 1, Op::truncate}};

  Part parse_call(const std::string& name, std::size_t at) {
    const auto function =
        std::find_if(functions.begin(), functions.end(), [&](const Function& f) { return name == f.name; });
    if (function == functions.end()) {
      const std::vector<std::string> all = names_in(functions);
      fail(at, "has the unknown function \"" + name + '"', one_of(all), nearest(name, all));
    }
    std::vector<Part> parts;
    std::vector<std::size_t> places;
    do {
      places.push_back(at_);
      parts.push_back(parse_or());
    } while (take(","));
    need(')', "behind the arguments of " + name);
    if (parts.size() < function->least || parts.size() > function->most) {
      const std::string least = std::to_string(function->least);
      fail(at, "has " + name + " with " + std::to_string(parts.size()) + " arguments",
           function->most == any_number ? least + " or more" : least);
    }
    if (function->op == Op::truncate && parts[0].is_condition)
      return {step(Op::select, parts[0].value, constant(1), constant(0))};
    if (function->op == Op::select) {
      if (parts[1].is_condition != parts[2].is_condition)
        fail(places[2], "is another kind than the part before it", "two numbers, or two conditions");
      return {step(Op::select, condition(parts[0], places[0]), parts[1].value, parts[2].value), parts[1].is_condition};
    }
    std::vector<Value> values;
    for (std::size_t i = 0; i < parts.size(); ++i) values.push_back(number(parts[i], places[i]));
    if (name == "clip") return {step(Op::minimum, step(Op::maximum, values[0], values[1]), values[2])};
    if (function->most == 1) return {step(function->op, values[0])};
    Value all = values[0];
    for (std::size_t i = 1; i < values.size(); ++i) all = step(function->op, all, values[i]);
    return {all};
  }

  // Numbers the values, now that all of them are known; only the steps that the result needs are kept.
  std::uint32_t finish(const Value& result) const {
    const auto references = static_cast<std::uint32_t>(made_.references_.size()),
               constants = static_cast<std::uint32_t>(made_.constants_.size());
    std::vector<char> needed(drafts_.size());
    if (result.kind == Value::Kind::step) needed[result.number] = 1;
    for (std::size_t i = drafts_.size(); i-- > 0;)
      for (const auto& operand : drafts_[i].operands)
        if (needed[i] && operand && operand->kind == Value::Kind::step) needed[operand->number] = 1;
    std::vector<std::uint32_t> place(drafts_.size());
    const auto number_of = [&](const std::optional<Value>& value) {
      if (!value) return nothing;
      if (value->kind == Value::Kind::reference) return value->number;
      return value->kind == Value::Kind::constant ? references + value->number : place[value->number];
    };
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      if (!needed[i]) continue;
      const auto& [a, b, c] = drafts_[i].operands;
      place[i] = references + constants + static_cast<std::uint32_t>(made_.steps_.size());
      made_.steps_.push_back({drafts_[i].op, number_of(a), number_of(b), number_of(c)});
    }
    return number_of(result);
  }

  const std::string& text_;
  const Expression::Names& names_;
  Expression& made_;
  std::vector<Draft> drafts_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

Expression::Expression(const std::string& text, const Names& names) {
  ExpressionParser(text, names, *this).parse();
}

std::optional<double> Expression::constant() const {
  if (!steps_.empty() || result_ < references_.size()) return std::nullopt;
  return constants_[result_ - references_.size()];
}

}  // namespace rheo

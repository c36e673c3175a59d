// Expressions as text: what they compute, and what is said of those that are wrong.
#include "core/expression.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/math.hpp"

namespace test_expression {

using namespace rheo;

namespace {

double value_of(const std::string& text, double x = 0, double y = 0) {
  const Expression made(text, {.variables = {"x", "y"}, .constants = {{"left", 0}, {"right", 1}}});
  const std::vector<double> given{x, y};
  std::vector<std::span<const double>> values;
  for (const Expression::Reference& reference : made.references()) values.emplace_back(&given[reference.variable], 1);
  Expression::Scratch scratch;
  double result = 0;
  made.evaluate(values, {&result, 1}, scratch);
  if (made.references().empty()) CHECK(made.constant() == result);
  return result;
}

std::string complaint_of(const std::string& text) {
  try {
    const Expression made(text, {.variables = {"rate", "t_trial"}, .constants = {{"A", 0}}});
    return "parsed";
  } catch (const BuildError& error) {
    const Complaint& c = error.complaint();
    CHECK(c.value == '"' + text + '"');
    CHECK_FALSE(c.expected.empty());
    return c.problem + "; " + c.expected + (c.suggestion.empty() ? "" : "; " + c.suggestion);
  }
}

}  // namespace

TEST_CASE("operators bind as in the grammar", "[expression]") {
  const double x = 3, y = -2;
  CHECK(value_of("1 + 2 * 3 - 4 / 8") == 6.5);
  CHECK(value_of("8 / 4 / 2 - 1 - 1") == -1);
  CHECK(value_of("-x^2", x) == -9);
  CHECK(value_of("(-x)^2", x) == 9);
  CHECK(value_of("2^3^2") == 512);
  CHECK(value_of("x^-2", x) == 1 / 9.0);
  CHECK(value_of("2 * -x", x) == -6);
  CHECK(value_of("- - x + + y", x, y) == 1);
  CHECK(value_of("if(x > 2 and y > 2 or not x == 3, 1, 0)", x, y) == 0);
  CHECK(value_of("if(not (x < 2 or y < -5) and x >= 3, 1, 0)", x, y) == 1);
  CHECK(value_of("int(if(x < 2, x > 0, y < 0)) ", x, y) == 1);
  CHECK(value_of("if(x == right, 5, 6)", 1) == 5);
  CHECK(value_of("int(x != left) + int(x <= 3) + int(-2.7)", x) == 0);
  CHECK(value_of(" .5e1\t+\n1. ") == 6);
}

TEST_CASE("functions are those of our own mathematics", "[expression]") {
  for (const double x : {-3.25, -0.5, 0.0, 0.25, 1.0, 7.5}) {
    CAPTURE(x);
    CHECK(value_of("exp(x)", x) == math::exp(x));
    CHECK(value_of("expm1(x)", x) == math::expm1(x));
    CHECK(value_of("tanh(x)", x) == math::tanh(x));
    CHECK(value_of("abs(x)", x) == std::abs(x));
    CHECK(value_of("floor(x)", x) == std::floor(x));
    CHECK(value_of("int(x)", x) == std::trunc(x));
    CHECK(value_of("sin(x)", x) == Approx(std::sin(x)).margin(1e-15));
    CHECK(value_of("cos(x)", x) == Approx(std::cos(x)).margin(1e-15));
    CHECK(value_of("exprel(x)", x) == (x == 0 ? 1 : math::expm1(x) / x));
    CHECK(value_of("min(x, 1, y)", x, 0.5) == std::min(x, 0.5));
    CHECK(value_of("max(x, y)", x, 0.5) == std::max(x, 0.5));
    CHECK(value_of("clip(x, -1, 2)", x) == std::clamp(x, -1.0, 2.0));
    CHECK(value_of("x^5", x) == Approx(std::pow(x, 5)).epsilon(1e-15));
    if (x < 0) continue;
    CHECK(value_of("sqrt(x)", x) == std::sqrt(x));
    CHECK(value_of("log1p(x)", x) == math::log1p(x));
    CHECK(value_of("x^1.5", x) == math::pow(x, 1.5));
    if (x > 0) CHECK(value_of("log(x)", x) == math::log(x));
  }
  CHECK(std::isnan(value_of("min(x, 1)", std::nan(""))));
  CHECK(std::isnan(value_of("max(1, x)", std::nan(""))));
  CHECK(std::isnan(value_of("x^0.5", -1)));
  CHECK(value_of("1 / x", 0) == std::numeric_limits<double>::infinity());
}

TEST_CASE("many items are computed side by side, each as if it were alone", "[expression]") {
  const Expression made("if(channel == 1, a * b[1], a / (1 + b[0]^2)) + a * b[1]",
                        {.variables = {"a", "b", "channel"}});
  REQUIRE(made.references().size() == 4);
  CHECK(made.references()[0] == Expression::Reference{2});
  CHECK(made.references()[1] == Expression::Reference{0});
  CHECK(made.references()[2] == Expression::Reference{1, 1});
  CHECK(made.references()[3] == Expression::Reference{1, 0});
  CHECK_FALSE(made.constant());
  const std::vector<double> channel{0, 1, 2}, a{0.1, 0.2, 0.3}, b{3, 4};
  Expression::Scratch scratch;
  std::vector<double> all(3);
  made.evaluate(std::vector<std::span<const double>>{channel, a, {&b[1], 1}, {&b[0], 1}}, all, scratch);
  for (std::size_t i = 0; i < 3; ++i) {
    double one = 0;
    made.evaluate(std::vector<std::span<const double>>{{&channel[i], 1}, {&a[i], 1}, {&b[1], 1}, {&b[0], 1}}, {&one, 1},
                  scratch);
    CHECK(all[i] == one);
    CHECK(one == (i == 1 ? a[i] * 4 : a[i] / 10) + a[i] * 4);
  }
  // What needs no variable fills all of them.
  const Expression constant("2 * 3", {});
  constant.evaluate({}, all, scratch);
  CHECK(all == std::vector<double>{6, 6, 6});
}

TEST_CASE("what is wrong with an expression is said with its column", "[expression]") {
  CHECK(complaint_of("") == "column 1 is empty; an expression such as \"2 * x + 1\"");
  CHECK(complaint_of("1 + rat") == "column 5 has the unknown name \"rat\"; one of rate, t_trial, A; rate");
  CHECK(complaint_of("1 +") == "column 4 ends too early; a number, a name, a function or a bracket");
  CHECK(complaint_of("(1 + 2") == "column 7 has no \")\" for the bracket of column 1; )");
  CHECK(complaint_of("1 2") == "column 3 is not understood from here on; an operator, or the end");
  CHECK(complaint_of("2 rate") == "column 3 is not understood from here on; an operator, or the end");
  CHECK(complaint_of("2rate") == "column 2 goes on after a number; an operator such as *");
  CHECK(complaint_of("1.2.3") == "column 4 goes on after a number; an operator such as *");
  CHECK(complaint_of("1e999") == "column 1 is no number that can be kept; a number such as 0.5 or 1e-3");
  CHECK(complaint_of("2 ** 3") == "column 3 has \"**\"; ^ for a power");
  CHECK(complaint_of("rate = 3") == "column 6 assigns nothing here; == to compare");
  CHECK(complaint_of("int(1 < rate < 3)") == "column 14 compares a third number; a < b and b < c");
  CHECK(complaint_of("rate > 0") ==
        "column 1 has a condition where a number should be; if(condition, 1, 0), or int(condition)");
  CHECK(complaint_of("1 + (rate > 0)") ==
        "column 5 has a condition where a number should be; if(condition, 1, 0), or int(condition)");
  CHECK(complaint_of("if(rate, 1, 0)") ==
        "column 4 has a number where a condition should be; a comparison such as x > 0");
  CHECK(complaint_of("if(rate > 0, 1, rate > 2)") ==
        "column 17 is another kind than the part before it; two numbers, or two conditions");
  CHECK(complaint_of("not rate") == "column 5 has a number where a condition should be; a comparison such as x > 0");
  CHECK(complaint_of("min(rate)") == "column 1 has min with 1 arguments; 2 or more");
  CHECK(complaint_of("exp(rate, 2)") == "column 1 has exp with 2 arguments; 1");
  CHECK(complaint_of("expp(rate)").ends_with("; exp"));
  CHECK(complaint_of("rate[x]") == "column 6 is no number of a channel; a whole number from 0 on");
  CHECK(complaint_of("rate[1") == "column 7 has no \"]\" behind the number of a channel; ]");
  CHECK(complaint_of("rate # 2") == "column 6 is not understood from here on; an operator, or the end");
  CHECK(
      complaint_of(std::string(300, '(') + "1" + std::string(300, ')')).starts_with("column 201 is nested too deeply"));
  CHECK(complaint_of("2" + std::string(600, '^') + "2").starts_with("column 3"));
  std::string powers = "2";
  for (int i = 0; i < 300; ++i) powers += "^2";
  CHECK(complaint_of(powers).find("nested too deeply") != std::string::npos);
  CHECK(complaint_of(std::string(20'000, '1')).starts_with("column 1 is too long"));
  CHECK(complaint_of(std::string(150, '(') + "1" + std::string(150, ')')) == "parsed");
}

TEST_CASE("texts that nobody wrote are parsed or refused", "[expression]") {
  const std::vector<std::string> pieces{
      "x",    "y",    "left", "1",  "2.5", "1e-3", "+",     "-",    "*",   "/",  "^",       "(",
      ")",    ",",    "if(",  "<=", "==",  "!=",   "<",     ">",    "and", "or", "not",     "min(",
      "exp(", "log(", "[0]",  " ",  "[",   "]",    "clip(", "int(", ".",   "#",  "\xc3\xa9"};
  std::mt19937 random(1);
  std::size_t parsed = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 12 + 1; n > 0; --n) text += pieces[random() % pieces.size()];
    try {
      const Expression made(text, {.variables = {"x", "y"}, .constants = {{"left", 0}}});
      const double one = 1.5;
      std::vector<std::span<const double>> values(made.references().size(), {&one, 1});
      Expression::Scratch scratch;
      double result = 0;
      made.evaluate(values, {&result, 1}, scratch);
      ++parsed;
    } catch (const BuildError& error) {
      CHECK(error.complaint().problem.starts_with("column "));
    }
  }
  CHECK(parsed > 100);
}

}  // namespace test_expression

#include "apps/python/values.hpp"

#include <fmt/format.h>
#include <pybind11/numpy.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"

namespace py = pybind11;

namespace rheo {

namespace {

[[noreturn]] void reject_value(const std::string& key, py::handle value, std::string problem, std::string expected) {
  std::string shown = py::repr(value).cast<std::string>();
  if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
  reject<ExperimentError>(
      {.key = key, .value = std::move(shown), .problem = std::move(problem), .expected = std::move(expected)});
}

bool is_number(py::handle value) {
  return (PyLong_Check(value.ptr()) && !PyBool_Check(value.ptr())) || PyFloat_Check(value.ptr());
}

std::int64_t integer_of(py::handle value, const std::string& key) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow != 0) reject_value(key, value, "is too large", "a whole number of at most 64 bits");
  return number;
}

void set_numbers(TomlNode& node, std::vector<double> numbers, bool has_reals) {
  node.kind = TomlNode::Kind::numbers;
  node.numbers = std::move(numbers);
  node.has_reals = has_reals;
}

// A list may hold itself.
class Depth {
 public:
  Depth() {
    if (Py_EnterRecursiveCall(" in a value") != 0) throw py::error_already_set();
  }
  ~Depth() { Py_LeaveRecursiveCall(); }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
};

class Reader {
 public:
  TomlNode operator()(py::handle value, const std::string& key) const {
    const Depth depth;
    TomlNode node;
    node.source = program_;
    if (PyBool_Check(value.ptr())) {
      node.kind = TomlNode::Kind::boolean;
      node.boolean = value.cast<bool>();
    } else if (PyLong_Check(value.ptr())) {
      node.kind = TomlNode::Kind::integer;
      node.integer = integer_of(value, key);
    } else if (PyFloat_Check(value.ptr())) {
      node.kind = TomlNode::Kind::real;
      node.real = PyFloat_AsDouble(value.ptr());
    } else if (PyUnicode_Check(value.ptr())) {
      set_text(node, value);
    } else if (py::hasattr(value, "_rheo_text")) {
      set_text(node, value.attr("_rheo_text"));
    } else if (PyDict_Check(value.ptr())) {
      read_table(node, value, key);
    } else if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr())) {
      read_list(node, py::reinterpret_borrow<py::sequence>(value), key);
    } else if (py::hasattr(value, "__array__")) {
      read_array(node, value, key);
    } else {
      reject_value(key, value, fmt::format("is a {}", Py_TYPE(value.ptr())->tp_name),
                   "a number, a text, a list, a dictionary or an array");
    }
    return node;
  }

 private:
  static void set_text(TomlNode& node, py::handle value) {
    node.kind = TomlNode::Kind::text;
    node.text = value.cast<std::string>();
  }

  void read_table(TomlNode& node, py::handle value, const std::string& key) const {
    node.kind = TomlNode::Kind::table;
    for (const auto& [name, item] : py::reinterpret_borrow<py::dict>(value)) {
      if (!PyUnicode_Check(name.ptr())) reject_value(key, name, "is no name", "a text");
      if (item.is_none()) continue;
      auto text = name.cast<std::string>();
      if (text.ends_with('_')) text.pop_back();
      TomlNode child = (*this)(item, key.empty() ? text : key + '.' + text);
      node.entries.emplace_back(std::move(text), std::move(child));
    }
  }

  void read_list(TomlNode& node, const py::sequence& list, const std::string& key) const {
    node.kind = TomlNode::Kind::list;
    std::vector<double> numbers;
    bool has_reals = false;
    for (const py::handle item : list) {
      if (!is_number(item)) break;
      has_reals = has_reals || PyFloat_Check(item.ptr());
      numbers.push_back(PyFloat_Check(item.ptr()) ? PyFloat_AsDouble(item.ptr())
                                                  : static_cast<double>(integer_of(item, key)));
    }
    if (!numbers.empty() && numbers.size() == list.size()) return set_numbers(node, std::move(numbers), has_reals);
    for (std::size_t i = 0; i < list.size(); ++i) node.items.push_back((*this)(list[i], fmt::format("{}[{}]", key, i)));
  }

  // Of one dimension, or of two, row by row; one of none is a number.
  void read_array(TomlNode& node, py::handle value, const std::string& key) const {
    const py::array array = py::array::ensure(value);
    if (!array) reject_value(key, value, "becomes no array", "numbers");
    const char kind = array.dtype().kind();
    if (kind != 'i' && kind != 'u' && kind != 'f')
      reject_value(key, value, fmt::format("is an array of dtype {}", py::str(array.dtype()).cast<std::string>()),
                   "whole or real numbers");
    if (array.ndim() == 0) {
      node = (*this)(array.attr("item")(), key);
      return;
    }
    if (array.ndim() > 2)
      reject_value(key, value, fmt::format("is an array of {} dimensions", array.ndim()), "one dimension, or two");
    const auto numbers = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(array);
    if (!numbers) reject_value(key, value, "becomes no array of real numbers", "numbers");
    const double* const data = numbers.data();
    if (array.ndim() == 1) {
      if (array.size() > 0) return set_numbers(node, {data, data + array.size()}, kind == 'f');
      node.kind = TomlNode::Kind::list;
      return;
    }
    node.kind = TomlNode::Kind::list;
    for (py::ssize_t row = 0; row < array.shape(0); ++row) {
      TomlNode& item = node.items.emplace_back();
      item.source = program_;
      item.kind = TomlNode::Kind::list;
      const double* const begin = data + row * array.shape(1);
      if (array.shape(1) > 0) set_numbers(item, {begin, begin + array.shape(1)}, kind == 'f');
    }
  }

  // Files that a program names are found from its working directory.
  std::shared_ptr<const TomlSource> program_ =
      std::make_shared<TomlSource>(TomlSource{.name = "", .directory = "", .has_lines = false});
};

}  // namespace

TomlNode node_of(py::handle value, const std::string& key) {
  return Reader()(value, key);
}

}  // namespace rheo

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "apps/learning/patterns.hpp"
#include "apps/learning/series.hpp"
#include "core/diagnostics.hpp"
#include "io/h5/h5.hpp"
#include "tests/files.hpp"

namespace test_series {

using namespace rheo;
using Catch::Contains;

namespace {

std::string written(const Scratch& scratch, const std::string& text) {
  const std::string file = (scratch / "series.csv").string();
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

template <class Read>
std::string message_of(const Read& read) {
  try {
    read();
  } catch (const ExperimentError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("uniform series fill their range and follow seed and name", "[reservoir]") {
  const Eigen::VectorXd series = uniform_series(1, "input", 20000, -0.5, 1.5);
  CHECK(series.minCoeff() >= -0.5);
  CHECK(series.maxCoeff() <= 1.5);
  CHECK(series.mean() == Approx(0.5).margin(0.02));
  CHECK((series.array() - 0.5).square().mean() == Approx(4.0 / 12).epsilon(0.02));
  CHECK(uniform_series(1, "input", 100, -0.5, 1.5) == series.head(100));
  CHECK(uniform_series(2, "input", 100, -0.5, 1.5) != series.head(100));
  CHECK(uniform_series(1, "other", 100, -0.5, 1.5) != series.head(100));
}

TEST_CASE("NARMA-10 recomputed by hand and by its recursion", "[reservoir]") {
  // Nothing before the series: y1 = 0.1, y2 = 0.3 y1 + 0.05 y1 y1 + 0.1, y3 = 0.3 y2 + 0.05 y2 (y2 + y1) + 0.1.
  const Eigen::VectorXd first = narma10_target(Eigen::Vector3d(0.5, 0.25, 0.5));
  CHECK(first[0] == Approx(0.1));
  CHECK(first[1] == Approx(0.1305));
  CHECK(first[2] == Approx(0.3 * 0.1305 + 0.05 * 0.1305 * 0.2305 + 0.1));
  // The first product: u(9) u(0), where all targets before are those without input.
  Eigen::VectorXd pulses = Eigen::VectorXd::Zero(12);
  pulses[0] = 0.5;
  const Eigen::VectorXd without = narma10_target(pulses);
  pulses[9] = 0.4;
  CHECK(narma10_target(pulses)[8] == without[8]);
  CHECK(narma10_target(pulses)[9] == Approx(without[9] + 1.5 * 0.5 * 0.4));

  const Narma series = narma10(3, "task", 2000);
  CHECK(series.input.minCoeff() >= 0);
  CHECK(series.input.maxCoeff() <= 0.5);
  std::vector<double> y(2001);  // y[t + 1] is target[t]
  for (std::size_t t = 0; t < 2000; ++t) {
    double sum = 0;
    for (std::size_t i = 0; i < 10 && i <= t; ++i) sum += y[t - i];
    const auto u = [&](std::size_t back) { return t < back ? 0.0 : series.input[static_cast<Eigen::Index>(t - back)]; };
    y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * sum + 1.5 * u(9) * u(0) + 0.1;
    REQUIRE(series.target[static_cast<Eigen::Index>(t)] == Approx(y[t + 1]).epsilon(1e-12));
  }
}

TEST_CASE("NARMA-10 series that leave the bound are drawn again and counted", "[reservoir]") {
  std::size_t redrawn = 0, untouched = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Narma series = narma10(seed, "task", 20000);
    redrawn += series.redrawn;
    untouched += series.redrawn == 0;
    CHECK(series.target.cwiseAbs().maxCoeff() <= 1);
    CHECK(series.target.size() == 20000);
  }
  CHECK(redrawn > 0);
  CHECK(untouched > 0);
  // The largest input throughout: the recursion has no fixed point and runs away.
  CHECK_FALSE(narma10_target(Eigen::VectorXd::Constant(2000, 0.5)).cwiseAbs().maxCoeff() < 1e3);
  CHECK_THAT(message_of([] { narma10(1, "long", 3'000'000); }), Contains("long") && Contains("3000000"));
}

TEST_CASE("Mackey-Glass agrees with a much finer step", "[reservoir]") {
  const auto series = [](std::size_t steps) { return mackey_glass(4, "mg", 120, {.washout = 0, .steps = steps}); };
  const Eigen::VectorXd fine = series(400), usual = series(10), coarse = series(5);
  const double error = (usual - fine).cwiseAbs().maxCoeff(), coarse_error = (coarse - fine).cwiseAbs().maxCoeff();
  CHECK(error < 1e-6);
  CHECK(error > 1e-13);
  CHECK(coarse_error / error > 12);  // fourth order: 16
  CHECK(coarse_error / error < 20);
  CHECK(fine[0] >= 1.1);
  CHECK(fine[0] <= 1.3);
}

TEST_CASE("Mackey-Glass decays as its equation says and stays on its attractor", "[reservoir]") {
  // With a very long delay and a history near 1.2 the drive lies between 0.2 x / (1 + x^10) at both ends, so that x
  // falls between two exponentials.
  const Eigen::VectorXd decay = mackey_glass(1, "mg", 40, {.tau = 60, .washout = 0});
  const auto drive = [](double x) { return 0.2 * x / (1 + std::pow(x, 10)); };
  for (Eigen::Index t = 0; t < 40; ++t) {
    const double left = std::exp(-0.1 * static_cast<double>(t));
    CHECK(decay[t] >= decay[0] * left + drive(1.3) / 0.1 * (1 - left) - 1e-9);
    CHECK(decay[t] <= decay[0] * left + drive(1.1) / 0.1 * (1 - left) + 1e-9);
  }
  const Eigen::VectorXd series = mackey_glass(1, "mg", 5000);
  CHECK(series.minCoeff() > 0.2);
  CHECK(series.minCoeff() < 0.5);
  CHECK(series.maxCoeff() < 1.4);
  CHECK(series.maxCoeff() > 1.25);
  CHECK(series.mean() == Approx(0.93).margin(0.03));
  CHECK(mackey_glass(1, "mg", 100, {.washout = 600}) == series.segment(100, 100));
  CHECK((mackey_glass(2, "mg", 100) - series.head(100)).cwiseAbs().maxCoeff() > 0.05);
}

TEST_CASE("Lorenz-63 agrees with a much finer step", "[reservoir]") {
  const auto series = [](std::size_t steps) { return lorenz(4, "l", 150, {.washout = 0, .steps = steps}); };
  const Matrix fine = series(400), usual = series(10), coarse = series(5);
  const double error = (usual - fine).cwiseAbs().maxCoeff(), coarse_error = (coarse - fine).cwiseAbs().maxCoeff();
  CHECK(error < 1e-4);
  CHECK(coarse_error / error > 10);
  CHECK(coarse_error / error < 24);
  // The derivative at the first sample, from the equations.
  const double x = fine(0, 0), y = fine(0, 1), z = fine(0, 2);
  const Matrix start = lorenz(4, "l", 2, {.washout = 0, .steps = 1000});
  const Eigen::RowVector3d slope(10 * (y - x), x * (28 - z) - y, x * y - 8.0 / 3 * z);
  const Eigen::RowVector3d forward = (start.row(1) - start.row(0)) / 0.02;
  CHECK((forward - slope).norm() < 0.2 * slope.norm());
}

TEST_CASE("Lorenz-63 has its two wings and known means", "[reservoir]") {
  const Matrix series = lorenz(1, "l", 20000);
  CHECK(series.col(2).mean() == Approx(23.55).margin(0.3));
  CHECK(std::abs(series.col(0).mean()) < 1.0);
  CHECK(series.col(0).minCoeff() < -15);
  CHECK(series.col(0).maxCoeff() > 15);
  CHECK(series.cwiseAbs().maxCoeff() < 60);
  CHECK(lorenz(1, "l", 10, {.washout = 1005}) == series.middleRows(5, 10));
  CHECK(lorenz(2, "l", 10) != series.topRows(10));
}

TEST_CASE("delayed copies begin with zeros", "[reservoir]") {
  const Matrix copies = delayed_copies(Eigen::Vector3d(1, 2, 3), 4);
  Matrix expected(3, 4);
  expected << 0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0;
  CHECK(copies == expected);
}

TEST_CASE("series from CSV, with and without a header", "[reservoir]") {
  const Scratch scratch;
  Matrix expected(2, 2);
  expected << 1, -2.5, 0.03, 4;
  for (const char* text : {"1,-2.5\n3e-2,4\n", "x,y\n1,-2.5\n3e-2,4", "x , y\r\n 1 ,\t-2.5\r\n+3e-2, +4\r\n\r\n",
                           "\xef\xbb\xbf"
                           "1,-2.5\n3e-2,4\n\n\n"}) {
    CAPTURE(text);
    CHECK(read_csv_series(written(scratch, text)).values == expected);
  }
  CHECK(read_csv_series(written(scratch, "u\n7\n8\n")).values == Eigen::Vector2d(7, 8));
  const SeriesFile named = read_csv_series(written(scratch, "\"time\",x y\n1,2\n"));
  CHECK(named.names == std::vector<std::string>{"time", "x y"});
  CHECK(named.first_line == 2);
  CHECK(read_csv_series(written(scratch, "1,2\n")).name(1) == "column 2");
}

TEST_CASE("errors in CSV files name file and line", "[reservoir]") {
  const Scratch scratch;
  const auto message = [&](const std::string& text) {
    return message_of([&] { read_csv_series(written(scratch, text)); });
  };
  CHECK_THAT(message("x,y\n1,2\n3\n"),
             Contains("series.csv:3") && Contains("1 columns") && Contains("2, as in line 1"));
  CHECK_THAT(message("1,2\n3,4,5\n"), Contains("series.csv:2") && Contains("3 columns"));
  CHECK_THAT(message("1,2\n3,four\n"), Contains("series.csv:2") && Contains("column 2") && Contains("four"));
  CHECK_THAT(message("1,b\n3,4\n"), Contains("series.csv:1") && Contains("column 2") && Contains("not a number"));
  CHECK_THAT(message("1,2\n3,\n"), Contains("series.csv:2") && Contains("column 2"));
  CHECK_THAT(message("1\n2 3\n"), Contains("series.csv:2") && Contains("2 3"));
  CHECK_THAT(message("1\n0x10\n"), Contains("series.csv:2"));
  CHECK_THAT(message("1\nnan\n"), Contains("series.csv:2") && Contains("finite"));
  CHECK_THAT(message("1\n1e999\n"), Contains("series.csv:2") && Contains("finite"));
  CHECK_THAT(message("1\n\n2\n"), Contains("series.csv:2") && Contains("blank"));
  CHECK_THAT(message("x,y\n"), Contains("series.csv") && Contains("no values"));
  CHECK_THAT(message(""), Contains("no values"));
  CHECK_THAT(message_of([&] { read_csv_series((scratch / "none.csv").string()); }),
             Contains("none.csv") && Contains("cannot be opened"));
  CHECK_THAT(message_of([&] { read_csv_series(scratch.path.string()); }), Contains("directory"));
  // A first line that names nothing is no header.
  for (const char* text : {"NA,NA\n1,2\n", ",\n1,2\n", "x,\n1,2\n", "null,x\n1,2\n", "x,#N/A\n1,2\n"}) {
    CAPTURE(text);
    CHECK_THAT(message(text),
               Contains("series.csv:1: column") &&
                   Contains("is neither a number nor the name of a column; expected numbers, or a name"));
  }
  CHECK_THAT(message("NaN,NaN\n1,2\n"), Contains("series.csv:1") && Contains("column 1 = NaN: must be finite"));
  CHECK_THAT(message("x,NaN\n1,2\n"), Contains("series.csv:1") && Contains("column 1 = x: is not a number"));
  CHECK_THAT(message("x,y,x\n1,2,3\n"), Contains("series.csv:1: column 3 = \"x\": is the name of column 1, too"));
  CHECK_THAT(message("0,058443;1\n"), Contains("column 2 = 058443;1") && Contains("separated by semicolons"));
  CHECK_THAT(message("t;x\n0,5;1,2\n"), Contains("series.csv:2") && Contains("separated by semicolons"));
  CHECK_THAT(message("1\n1\t2\n"), Contains("separated by tabs"));
  CHECK_THAT(message("1,b\n"), !Contains("separated by"));
}

TEST_CASE("the content of a file says what it is, not its name", "[reservoir]") {
  const Scratch scratch;
  const auto read = [&](const char* name, const std::string& dataset = {}) {
    return read_series((scratch / name).string(), dataset, "data.d");
  };
  for (const char* name : {"s.txt", "s.CSV", "s.h5", "s"}) {
    std::ofstream(scratch / name) << "x\n1\n2\n";
    CHECK(read(name).values == Eigen::Vector2d(1, 2));
  }
  {
    h5::File file = h5::File::create((scratch / "columns.csv").string());
    file.create_dataset<double>("x", 2).write<double>(0, std::vector<double>{3, 4});
    file.close();
  }
  CHECK(read("columns.csv", "x").values == Eigen::Vector2d(3, 4));
  CHECK_THAT(message_of([&] { read("columns.csv"); }), Contains("which dataset"));
  CHECK_THAT(message_of([&] { read("s.h5", "x"); }), Contains("data.d.dataset = \"x\"") && Contains("no HDF5 file"));
  std::ofstream(scratch / "array.npy", std::ios::binary) << std::string("\x93NUMPY\x01\x00\x76\x00", 10);
  CHECK_THAT(message_of([&] { read("array.npy"); }), Contains("array.npy: ends within its header"));
  std::ofstream(scratch / "zeros.bin", std::ios::binary) << std::string(10, '\0');
  CHECK_THAT(message_of([&] { read("zeros.bin"); }), Contains("neither a text nor an HDF5 file"));
  // A user block stands before the signature.
  const std::string bytes = bytes_of(scratch / "columns.csv");
  std::ofstream(scratch / "block.bin", std::ios::binary) << std::string(512, ' ') << bytes;
  CHECK_THAT(message_of([&] { read("block.bin"); }), Contains("which dataset"));
}

TEST_CASE("times rise in equal steps, as far as they are written", "[reservoir]") {
  const auto times = [](std::size_t count, const auto& time) {
    Eigen::VectorXd all(count);
    for (std::size_t t = 0; t < count; ++t) all[static_cast<Eigen::Index>(t)] = time(static_cast<double>(t));
    return all;
  };
  const auto row = [](const Eigen::VectorXd& all) {
    const auto uneven = first_uneven_step(all);
    return uneven ? uneven->row : Eigen::Index{-1};
  };
  const auto rounded = [](double x, double unit) { return std::round(x / unit) * unit; };
  CHECK(row(times(1000, [](double t) { return 0.5 * t; })) == -1);
  CHECK(row(times(1000, [](double t) { return 1e9 + t / 3; })) == -1);
  CHECK(row(times(1000, [&](double t) { return rounded(t / 128, 1e-3); })) == -1);
  CHECK(row(times(1000, [&](double t) { return rounded(7.5 * t, 1); })) == -1);
  CHECK(row(times(1000, [](double t) { return static_cast<double>(static_cast<float>(3 + 0.1 * t)); })) == -1);
  // A sample is missing, whatever the digits are.
  CHECK(row(times(1000, [](double t) { return t < 700 ? t : t + 1; })) == 700);
  CHECK(row(times(1000, [&](double t) { return rounded((t < 700 ? t : t + 1) / 128, 1e-3); })) == 700);
  CHECK(row(times(1000, [](double t) { return static_cast<double>(static_cast<float>(0.1 * (t < 3 ? t : t + 1))); })) ==
        3);
  // Stands still, falls, jitters, gets slower.
  CHECK(row(times(10, [](double t) { return t < 5 ? t : t - 1; })) == 5);
  CHECK(row(times(10, [](double t) { return -t; })) == 1);
  CHECK(row(times(10, [](double t) { return t + (t == 4 ? 0.05 : 0); })) == 4);
  CHECK(row(times(1000, [&](double t) { return rounded(8 * t + 0.0005 * t * t, 1); })) > 0);
}

TEST_CASE("a column of times is taken out, or remarked on", "[reservoir]") {
  const Scratch scratch;
  const auto read = [&](const std::string& text) { return read_csv_series(written(scratch, text)); };
  SeriesFile series = read("a,time,b\n1,0.0,2\n3,0.5,4\n5,1.0,6\n");
  CHECK(remark_on_times(series, "s.csv", "data.d").empty() == false);  // a rises as well
  remove_times(series, "s.csv", "time", "data.d");
  Matrix expected(3, 2);
  expected << 1, 2, 3, 4, 5, 6;
  CHECK(series.values == expected);
  CHECK(series.names == std::vector<std::string>{"a", "b"});
  const auto message = [&](const std::string& text, const std::string& name) {
    return message_of([&] {
      SeriesFile file = read(text);
      remove_times(file, "s.csv", name, "data.d");
    });
  };
  CHECK_THAT(message("time,x\n0.0,1\n0.5,1\n1.5,2\n2.0,3\n", "time"),
             Contains("s.csv:4: data.d.time = \"time\": goes from 0.5 to 1.5, a step of 1 among steps of 0.5"));
  CHECK_THAT(message("time,x\n0,1\n1,1\n", "tme"), Contains("one of time, x") && Contains("did you mean \"time\""));
  CHECK_THAT(message("0,1\n1,1\n", "time"), Contains("does not name its columns"));
  CHECK_THAT(message("time\n0\n1\n", "time"), Contains("the only column"));
  CHECK_THAT(remark_on_times(read("time,x\n0,1\n1,1\n2,3\n"), "s.csv", "data.d"),
             Contains("time rises in equal steps") && Contains("data.d.time = \"time\""));
  CHECK_THAT(remark_on_times(read("0,1\n1,1\n5,3\n"), "s.csv", "data.d"), Contains("column 1 rises in unequal steps"));
  CHECK(remark_on_times(read("x\n0\n1\n2\n"), "s.csv", "data.d").empty());
  CHECK(remark_on_times(read("x,y\n0,1\n1,2\n0,3\n"), "s.csv", "data.d").empty());
}

TEST_CASE("series from HDF5", "[reservoir]") {
  const Scratch scratch;
  const std::string file = (scratch / "series.h5").string();
  {
    h5::File h5 = h5::File::create(file);
    const std::vector<std::uint64_t> shape{3, 2}, cube{1, 1, 2};
    const std::vector<double> values{1, 2, 3, 4, 5, 6}, wrong{1, 2, 3, NAN, 5, 6}, two{1, 2};
    const std::vector<std::int32_t> whole{7, 8};
    h5.create_dataset<double>("two", shape).write<double>(0, values);
    h5.create_dataset<double>("wrong", shape).write<double>(0, wrong);
    h5.create_dataset<double>("cube", cube).write<double>(0, two);
    h5.create_dataset<std::int32_t>("one", 2).write<std::int32_t>(0, whole);
    const std::vector<std::string> words{"a", "b"};
    h5.create_texts("words", words);
    h5.create_growing<double>("empty", 8);
    h5.close();
  }
  Matrix expected(3, 2);
  expected << 1, 2, 3, 4, 5, 6;
  CHECK(read_h5_series(file, "/two").values == expected);
  CHECK(read_h5_series(file, "one").values == Eigen::Vector2d(7, 8));
  const auto message = [&](const std::string& dataset) { return message_of([&] { read_h5_series(file, dataset); }); };
  CHECK_THAT(message("/wrong"), Contains("series.h5") && Contains("/wrong") && Contains("row 1 "));
  CHECK_THAT(message("/cube"), Contains("/cube") && Contains("3 dimensions"));
  CHECK_THAT(message("/words"), Contains("/words") && Contains("numbers"));
  CHECK_THAT(message("/empty"), Contains("no values"));
  CHECK_THAT(message("/none"), Contains("series.h5") && Contains("/none"));
  CHECK_THAT(message_of([&] { read_h5_series((scratch / "none.h5").string(), "/x"); }), Contains("none.h5"));
}

TEST_CASE("spike patterns are Poisson trains of their classes", "[reservoir]") {
  const SpikePatterns patterns({.classes = 10, .channels = 50, .length = 1000, .rate = 20}, 1, "task");
  double count = 0, squares = 0;
  for (std::size_t c = 0; c < 10; ++c) {
    REQUIRE(patterns.pattern(c).size() == 50);
    for (const auto& train : patterns.pattern(c)) {
      CHECK(std::is_sorted(train.begin(), train.end()));
      CHECK((train.empty() || (train.front() >= 0 && train.back() < 1000)));
      const auto n = static_cast<double>(train.size());
      count += n / 500;
      squares += n * n / 500;
    }
    CHECK(patterns.sample(c, 3) == patterns.pattern(c));  // nothing jitters
  }
  CHECK(count == Approx(20.0).margin(0.8));  // 4 standard errors
  CHECK(squares - count * count == Approx(20.0).epsilon(0.25));
  CHECK(patterns.pattern(0) != patterns.pattern(1));
  CHECK(SpikePatterns({.classes = 1, .channels = 50, .length = 1000, .rate = 20}, 2, "task").pattern(0) !=
        patterns.pattern(0));
}

TEST_CASE("samples of spike patterns jitter, leave out and add", "[reservoir]") {
  const SpikePatternOptions plain{.classes = 2, .channels = 40, .length = 2000, .rate = 30};
  const auto size = [](const PatternTrains& trains) {
    double n = 0;
    for (const auto& train : trains) n += static_cast<double>(train.size());
    return n;
  };
  SpikePatternOptions options = plain;
  options.jitter = 0.01;  // far below the distances, so that spikes keep their order
  const SpikePatterns jittered(options, 5, "task");
  CHECK(jittered.pattern(1) == SpikePatterns(plain, 5, "task").pattern(1));
  const double spikes = size(jittered.pattern(1));
  double squares = 0, sum = 0, n = 0;
  const PatternTrains sample = jittered.sample(1, 9);
  for (std::size_t c = 0; c < 40; ++c) {
    REQUIRE(sample[c].size() == jittered.pattern(1)[c].size());
    for (std::size_t i = 0; i < sample[c].size(); ++i) {
      const double shift = sample[c][i] - jittered.pattern(1)[c][i];
      sum += shift;
      squares += shift * shift;
      ++n;
    }
  }
  CHECK(std::abs(sum / n) < 4 * 0.01 / std::sqrt(n));
  CHECK(std::sqrt(squares / n) == Approx(0.01).epsilon(0.1));
  CHECK(jittered.sample(1, 9) == sample);
  CHECK(jittered.sample(1, 10) != sample);

  options = plain;
  options.deletion = 0.25;
  const SpikePatterns thinned(options, 5, "task");
  CHECK(size(thinned.sample(1, 0)) == Approx(0.75 * spikes).margin(4 * std::sqrt(spikes * 0.25 * 0.75)));
  for (std::size_t c = 0; c < 40; ++c) {
    const auto all = thinned.pattern(1)[c], kept = thinned.sample(1, 0)[c];
    CHECK(std::includes(all.begin(), all.end(), kept.begin(), kept.end()));
  }
  // Spikes that stay go where they would go if none were left out.
  options.jitter = 3;
  const PatternTrains both = SpikePatterns(options, 5, "task").sample(1, 2);
  options.deletion = 0;
  const PatternTrains jitter = SpikePatterns(options, 5, "task").sample(1, 2);
  for (std::size_t c = 0; c < 40; ++c)
    CHECK(std::includes(jitter[c].begin(), jitter[c].end(), both[c].begin(), both[c].end()));

  options = plain;
  options.noise_rate = 10;
  const double added = size(SpikePatterns(options, 5, "task").sample(1, 0)) - spikes;
  CHECK(added == Approx(800.0).margin(4 * std::sqrt(800.0)));

  // Jitter as wide as the pattern: nothing is lost, nothing is outside.
  options = plain;
  options.jitter = 4000;
  const PatternTrains wide = SpikePatterns(options, 5, "task").sample(1, 0);
  CHECK(size(wide) == spikes);
  double mean = 0;
  for (const auto& train : wide) {
    CHECK(std::is_sorted(train.begin(), train.end()));
    for (const double time : train) {
      CHECK((time >= 0 && time <= 2000));
      mean += time / spikes;
    }
  }
  CHECK(mean == Approx(1000.0).margin(60));
}

}  // namespace test_series

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/report/page_text.hpp"
#include "apps/report/recordings.hpp"
#include "apps/report/report.hpp"
#include "apps/report/run_file.hpp"
#include "apps/report/spikes.hpp"
#include "apps/report/task.hpp"
#include "apps/session/run_directory.hpp"
#include "apps/session/summary.hpp"

namespace rheo::report {

namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t raster_spikes = 1'500'000;

struct Recording {
  fs::path file;
  RecordingKind kind = RecordingKind::none;
  bool unfinished = false;
};

class RunPage {
 public:
  explicit RunPage(const fs::path& directory)
      : directory_(directory), run_(directory / report_file), page_("Run", title(), subtitle()) {}

  Page operator()() {
    read_populations();
    find_recordings();
    overview();
    add_task(page_, run_, directory_);
    spikes();
    states();
    weights();
    connectivity();
    times();
    provenance();
    return std::move(page_);
  }

 private:
  std::string title() const {
    std::string title = run_.text("title");
    if (title.empty()) title = fs::path(run_.text("experiment")).filename().string();
    return title.empty() ? directory_.filename().string() : title;
  }

  std::string subtitle() const {
    std::string text = fmt::format("{}, rheo {}", run_.text("experiment"), run_.text("rheobase"));
    if (const std::string host = run_.text("host"); !host.empty()) text += " on " + host;
    if (const std::string started = run_.text("started"); !started.empty()) text += ", started " + started;
    return text;
  }

  void read_populations() {
    for (const auto& [name, value] : run_.members(run_.json(), "populations")) {
      const std::string place = "populations." + name + ".";
      if (!value.is_object()) run_.reject("populations." + name, value, "a table");
      sizes_[name] = run_.whole(value, place, "size");
      if (sizes_[name] > std::numeric_limits<std::uint32_t>::max())
        run_.reject(place + "size", value["size"], "a number of neurons, below 2^32");
      order_.push_back(name);
    }
    is_cut_ = run_.text("status") == "interrupted" || run_.text("status") == "failed";
  }

  // Those that run.json lists. A run that was killed lists none: then all that lie there.
  void find_recordings() {
    std::vector<std::string> names;
    const auto listed = run_.json().find("files");
    if (listed != run_.json().end()) {
      if (!listed->is_array()) run_.reject("files", *listed, "a list of names");
      for (const Json& file : *listed) {
        if (!file.is_string() || fs::path(file.get<std::string>()).filename() != file.get<std::string>())
          run_.reject("files", file, "a name without a directory");
        names.push_back(file.get<std::string>());
      }
    }
    const bool is_listed = !names.empty();
    if (!is_listed && is_cut_) {
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(directory_, error)) {
        const std::string name = entry.path().filename().string();
        const bool part = name.ends_with(".h5.part");
        if ((part || name.ends_with(".h5")) && !name.starts_with("checkpoint"))
          names.push_back(part ? name.substr(0, name.size() - 5) : name);
      }
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
    }
    std::vector<std::string> missing, unfinished, others;
    std::error_code error;
    for (const std::string& name : names) {
      Recording recording{directory_ / name};
      // The part is younger than what an earlier run sealed.
      if (fs::exists(part_of(recording.file), error)) {
        recording.file = part_of(recording.file);
        recording.unfinished = true;
        unfinished.push_back(name + ".part");
      } else if (!fs::exists(recording.file, error)) {
        missing.push_back(name);
        continue;
      }
      recording.kind = kind_of_recording(recording.file);
      if (name == task_file) continue;
      if (recording.kind == RecordingKind::none)
        others.push_back(recording.file.filename().string());
      else
        recordings_.push_back(std::move(recording));
    }
    if (!others.empty())
      page_.note(fmt::format("Not shown are files that hold no spikes, states, weights or synapses: {}.",
                             fmt::join(others, ", ")));
    if (!missing.empty())
      page_.note(
          fmt::format("Missing in {}, though the run recorded it: {}.", directory_.string(), fmt::join(missing, ", ")));
    if (!unfinished.empty())
      page_.note(
          fmt::format("The run is still at work, or was killed. The page shows what had been written of {} when it "
                      "was made; the last moments may be missing. If it was killed, \"rheo recover {}\" seals the "
                      "files and \"rheo resume\" may go on with it.",
                      fmt::join(unfinished, ", "), directory_.string()));
  }

  void overview() {
    const std::string status = run_.text("status");
    if (status == "failed") page_.note("The run failed: " + run_.text("problem"));
    const double simulated = run_.number("simulated_ms").value_or(0);
    const double asked = run_.number("duration_ms").value_or(0);
    if (status == "interrupted" && simulated > 0)
      page_.note(fmt::format("The run was interrupted after {} of {} ms.", number_text(simulated), number_text(asked)));
    if (status == "interrupted" && !(simulated > 0) && recordings_.empty())
      page_.note("The run is still at work, or was killed, and recorded nothing so far.");
    if (status == "interrupted" && !(simulated > 0) && sizes_.empty())
      page_.note(
          "How it went is not known: run.json is from its begin. Populations are as large as the highest neuron "
          "that spiked, or that was recorded.");

    page_.section("Summary");
    summary(simulated);
    populations();
    phases();
  }

  void summary(double simulated) {
    const std::string status = run_.text("status");
    double neurons = 0, spikes = 0, synapses = 0;
    for (const auto& [name, size] : sizes_) neurons += static_cast<double>(size);
    for (const auto& [name, value] : run_.members(run_.json(), "populations"))
      spikes += run_.number(value, "populations." + name + ".", "spikes").value_or(0);
    for (const auto& [name, value] : run_.members(run_.json(), "projections"))
      synapses += static_cast<double>(run_.whole(value, "projections." + name + ".", "synapses"));
    std::vector<std::pair<std::string, std::string>> cards{{status, "status"}};
    if (!sizes_.empty()) cards.emplace_back(whole(neurons), "neurons");
    cards.emplace_back(whole(synapses), "synapses");
    if (!sizes_.empty()) cards.emplace_back(whole(spikes), "spikes");
    if (simulated > 0) cards.emplace_back(fmt::format("{} ms", number_text(simulated)), "simulated");
    if (const auto wall = run_.number("simulate_wall_time_s"); wall && simulated > 0)
      cards.emplace_back(time_text(*wall), "simulation took");
    if (const auto factor = run_.number("real_time_factor"))
      cards.emplace_back(number_text(*factor), "real-time factor");
    if (const auto memory = run_.number("peak_memory_bytes"); memory && *memory > 0)
      cards.emplace_back(memory_text(*memory), "memory at most");
    page_.cards(cards);
  }

  static std::string whole(double number) { return grouped(static_cast<std::uint64_t>(number)); }

  void populations() {
    Table table{"Populations: all neurons, the whole run, whether recorded or not",
                {"population", "neurons", "spikes", "rate (Hz)", "CV of intervals", "synchrony"},
                {},
                {false, true, true, true, true, true}};
    for (const auto& [name, value] : run_.members(run_.json(), "populations")) {
      const std::string place = "populations." + name + ".";
      const auto number = [&, &json = value](const char* key, int decimals) {
        const auto found = run_.number(json, place, key);
        return found ? fmt::format("{:.{}f}", *found, decimals) : std::string("-");
      };
      table.rows.push_back({name, grouped(sizes_[name]), whole(run_.number(value, place, "spikes").value_or(0)),
                            number("rate_Hz", 2), number("cv_isi", 3), number("synchrony", 3)});
    }
    if (!table.rows.empty()) page_.table(table);
  }

  void phases() {
    Table phases{"Phases", {"phase", "begin (ms)", "end (ms)", "learning"}, {}, {false, true, true, false}};
    const auto found = run_.json().find("phases");
    if (found == run_.json().end()) return;
    for (const Json& phase : *found) {
      if (!phase.is_object() || !phase.contains("name") || !phase["name"].is_string())
        run_.reject("phases", phase, "a table with a name");
      std::vector<std::string> learning;
      if (phase.contains("learning") && phase["learning"].is_array())
        for (const Json& name : phase["learning"])
          if (name.is_string()) learning.push_back(name.get<std::string>());
      const double begin = run_.number(phase, "phases.", "begin_ms").value_or(0);
      phases.rows.push_back({phase["name"].get<std::string>(), number_text(begin),
                             number_text(run_.number(phase, "phases.", "end_ms").value_or(0)),
                             learning.empty() ? "nothing" : fmt::format("{}", fmt::join(learning, ", "))});
      phase_begins_.emplace_back(begin, phases.rows.back().front());
    }
    if (!phases.rows.empty()) page_.table(phases);
  }

  SpikeTimes spike_times() const {
    SpikeTimes times;
    times.dt = run_.number("dt_ms").value_or(0);
    if (!(times.dt > 0)) run_.reject("dt_ms", run_.json().value("dt_ms", Json()), "a number > 0");
    const auto tick = [&](double ms) -> Tick {
      if (!(ms / times.dt < 9e15)) run_.reject("simulated_ms", ms, "a time of a run");
      return std::llround(ms / times.dt);
    };
    const double begin = run_.number("begin_ms").value_or(0), simulated = run_.number("simulated_ms").value_or(0);
    times.begin = tick(begin);
    times.end = tick(begin + simulated);
    times.end_is_known = simulated > 0;
    if (!times.end_is_known) times.end = times.begin;
    times.order = order_;
    times.sizes = sizes_;
    const auto found = run_.json().find("recorded_spikes");
    if (found == run_.json().end()) return times;
    for (const auto& [name, value] : run_.members(*found, "neurons")) {
      if (!value.is_number_unsigned()) run_.reject("recorded_spikes.neurons." + name, value, "a whole number");
      times.recorded[name] = value.get<std::uint64_t>();
    }
    if (const auto spans = found->find("spans_ms"); spans != found->end()) {
      for (const Json& span : *spans) {
        if (!span.is_array() || span.size() != 2 || !span[0].is_number() || !span[1].is_number())
          run_.reject("recorded_spikes.spans_ms", span, "begin and end (ms)");
        times.spans.emplace_back(tick(span[0].get<double>()), tick(span[1].get<double>()));
      }
      std::sort(times.spans.begin(), times.spans.end());
    }
    return times;
  }

  void spikes() {
    const auto found = std::find_if(recordings_.begin(), recordings_.end(),
                                    [](const Recording& one) { return one.kind == RecordingKind::spikes; });
    page_.section("Spikes");
    if (found == recordings_.end()) {
      page_.paragraph("No spikes were recorded; [record.spikes] in the experiment file records them.");
      return;
    }
    const SpikeFigures figures = read_spike_figures(found->file, spike_times());
    if (figures.spikes() == 0) {
      page_.paragraph("The recorded populations did not spike.");
      return;
    }
    say_what_is_recorded(page_, figures);
    if (figures.times.recorded.empty()) say_how_much_is_recorded(figures);
    raster(found->file, figures);
    add_spikes(page_, found->file, figures, phase_begins_);
  }

  // Of an older version: nobody knows what was recorded.
  void say_how_much_is_recorded(const SpikeFigures& figures) {
    std::uint64_t all = 0;
    for (const auto& [name, value] : run_.members(run_.json(), "populations"))
      for (const PopulationSpikes& one : figures.populations)
        if (one.name == name) all += run_.whole(value, "populations." + name + ".", "spikes");
    if (all > figures.spikes() && !found_unfinished())
      page_.note(
          fmt::format("The file has {} of {} spikes: a part of the neurons or of the time was recorded, and run.json "
                      "does not say which. Rates in the pictures are too low by that part, and intervals may "
                      "reach over gaps.",
                      grouped(figures.spikes()), grouped(all)));
  }

  bool found_unfinished() const {
    return std::any_of(recordings_.begin(), recordings_.end(), [](const Recording& one) { return one.unfinished; });
  }

  void raster(const fs::path& file, const SpikeFigures& figures) {
    const Raster raster = read_raster(file, figures, raster_bytes, raster_spikes);
    std::string caption = thinned_text(raster, figures.spikes());
    Json data{{"dt", figures.times.dt}, {"begin", figures.times.begin}, {"end", figures.times.end},
              {"bin", figures.bin},     {"step", raster.step},          {"populations", Json::array()},
              {"rates", Json::array()}, {"spans", figures.times.spans}, {"phases", Json::array()}};
    for (const auto& [begin, name] : phase_begins_) data["phases"].push_back({begin / figures.times.dt, name});
    std::string spikes;
    for (std::size_t p = 0; p < figures.populations.size(); ++p) {
      const PopulationSpikes& one = figures.populations[p];
      // A population of nobody would divide by zero.
      data["populations"].push_back(
          {{"name", one.name}, {"size", std::max<std::uint64_t>(1, one.size)}, {"shown", raster.populations[p].shown}});
      Json rates = Json::array();
      for (const double rate : one.rates)
        rates.push_back(std::isnan(rate) ? Json() : Json(std::round(rate * 1000) / 1000));
      data["rates"].push_back(std::move(rates));
      std::string bytes = raster.populations[p].bytes;
      if (one.size == 0) bytes += '\0';
      spikes += fmt::format("<script type=\"text/plain\" id=\"spikes-{}\">{}</script>\n", p, base64(bytes));
    }
    static constexpr std::pair<const char*, std::pair<const char*, const char*>> buttons[] = {
        {"in", {"+", "Zoom in"}},
        {"out", {"−", "Zoom out"}},
        {"back", {"←", "Earlier"}},
        {"on", {"→", "Later"}},
        {"rows-in", {"↕ +", "Fewer neurons"}},
        {"rows-out", {"↕ −", "More neurons"}},
        {"all", {"All", "Show all"}}};
    std::string html = "<figure id=\"raster\">\n<div class=\"bar\" role=\"group\" aria-label=\"View of the raster\">\n";
    for (const auto& [action, texts] : buttons)
      html += fmt::format("<button type=\"button\" data-do=\"{}\" aria-label=\"{}\" title=\"{}\">{}</button>\n", action,
                          texts.second, texts.second, texts.first);
    html += "<output aria-live=\"polite\"></output>\n</div>\n";
    html += fmt::format(
        "<canvas tabindex=\"0\" role=\"img\" aria-label=\"Raster of {} spikes of {} populations, and their "
        "rates over time below. Keys: plus and minus zoom, arrows move, Home shows all.\"></canvas>\n",
        grouped(raster.shown()), figures.populations.size());
    html += fmt::format(
        "<figcaption>{} The rates below it, in bins of {} ms, are of all recorded spikes. Where marks share a pixel, "
        "its "
        "shade says how many. <kbd>+</kbd> <kbd>−</kbd> zoom, arrows move, <kbd>Page up</kbd> <kbd>Page "
        "down</kbd> zoom into neurons, <kbd>Home</kbd> shows all; or drag, double-click, and turn the wheel "
        "after a click (with Shift: neurons). The address of the page follows: it is a link to what you "
        "see.</figcaption>\n</figure>\n<noscript><p class=\"note\">The raster needs JavaScript; rheo report "
        "--svg writes it as a picture.</p></noscript>\n",
        html_text(caption), number_text(static_cast<double>(figures.bin) * figures.times.dt));
    html += fmt::format("<script type=\"application/json\" id=\"raster-data\">{}</script>\n{}",
                        script_text(data.dump(-1, ' ', true, Json::error_handler_t::replace)), spikes);
    page_.html(html);
    page_.script(raster_script);
  }

  void states() {
    bool any = false;
    for (const Recording& one : recordings_) {
      if (one.kind != RecordingKind::states) continue;
      if (!any) page_.section("States");
      any = true;
      add_states(page_, one.file);
    }
  }

  void weights() {
    bool any = false;
    for (const Recording& one : recordings_) {
      if (one.kind != RecordingKind::snapshots && one.kind != RecordingKind::synapses) continue;
      if (!any) page_.section("Weights");
      any = true;
      one.kind == RecordingKind::snapshots ? add_snapshots(page_, one.file) : add_synapse_weights(page_, one.file);
    }
  }

  // Earlier versions wrote none.
  std::string weights_of(const Json& projection, const std::string& place) const {
    const auto found = projection.find("weights");
    if (found == projection.end()) return "-";
    std::vector<PortWeights> all;
    for (const Json& one : *found) {
      const auto is = [&](const char* key, bool (Json::*type)() const) {
        return one.is_object() && one.contains(key) && (one[key].*type)();
      };
      if (!is("port", &Json::is_string) || !is("unit", &Json::is_string) || !is("sign", &Json::is_string) ||
          !is("min", &Json::is_number) || !is("max", &Json::is_number))
        run_.reject(place + "weights", one, "a port with unit, min, max and sign");
      all.push_back({one["port"], one["unit"], {one["min"], one["max"]}, one["sign"]});
    }
    return all.empty() ? "-" : weights_text(all);
  }

  void connectivity() {
    page_.section("Connectivity");
    Table table{"Projections",
                {"projection", "synapses", "weights", "delays (ms)", "memory", "bytes per synapse"},
                {},
                {false, true, false, true, true, true}};
    for (const auto& [name, value] : run_.members(run_.json(), "projections")) {
      const std::string place = "projections." + name + ".";
      const auto synapses = static_cast<double>(run_.whole(value, place, "synapses"));
      const double bytes = run_.number(value, place, "bytes").value_or(0);
      const double shortest = run_.number(value, place, "min_delay_ms").value_or(0),
                   longest = run_.number(value, place, "max_delay_ms").value_or(0);
      table.rows.push_back({name, whole(synapses), weights_of(value, place),
                            synapses == 0 ? "-"
                            : shortest == longest
                                ? number_text(shortest)
                                : fmt::format("{} to {}", number_text(shortest), number_text(longest)),
                            memory_text(bytes), synapses > 0 ? fmt::format("{:.2f}", bytes / synapses) : "-"});
    }
    if (table.rows.empty()) {
      page_.paragraph("There are no projections.");
      return;
    }
    page_.table(table);
    bool any = false;
    for (const Recording& one : recordings_) {
      if (one.kind != RecordingKind::snapshots && one.kind != RecordingKind::synapses) continue;
      add_degrees(page_, one.file, one.kind, sizes_);
      any = true;
    }
    if (!any)
      page_.paragraph(
          "Degrees are shown of projections whose synapses are recorded ([record.NAME] with a projection); rheo "
          "inspect --graph says them of all.");
  }

  void times() {
    page_.section("Time");
    std::vector<std::pair<std::string, std::string>> cards;
    if (const auto time = run_.number("build_wall_time_s")) cards.emplace_back(time_text(*time), "building");
    if (const auto time = run_.number("simulate_wall_time_s")) cards.emplace_back(time_text(*time), "simulation");
    if (const auto threads = run_.number("threads")) cards.emplace_back(number_text(*threads), "threads");
    if (const auto lanes = run_.number("lanes")) cards.emplace_back(number_text(*lanes), "lanes");
    page_.cards(cards);
    const auto stages = run_.members(run_.json(), "stages_s");
    if (stages.empty()) {
      page_.paragraph("Where the time went was not measured; rheo run --profile does.");
      return;
    }
    Panel panel;
    panel.y.label = "seconds of all threads";
    BarLayer bars;
    double sum = 0;
    for (const auto& [name, value] : stages) {
      panel.categories.push_back(name == "fan_out" ? "fan out" : name);
      bars.y.push_back(run_.number(run_.json()["stages_s"], "stages_s.", name.c_str()).value_or(0));
      sum += bars.y.back();
    }
    const std::size_t most = static_cast<std::size_t>(std::max_element(bars.y.begin(), bars.y.end()) - bars.y.begin());
    const std::string text = fmt::format(
        "Where the time of the simulation went, in seconds summed over threads: {} in all, {:.0f} % of it in {}.",
        time_text(sum), sum > 0 ? 100 * bars.y[most] / sum : 0, panel.categories[most]);
    panel.layers.emplace_back(std::move(bars));
    Picture picture{
        .title = "Stages of the simulation", .panels = {std::move(panel)}, .panel_width = 620, .panel_height = 240};
    page_.picture("stages", std::move(picture), text);
  }

  void provenance() {
    page_.section("How it was run");
    Table table{"From run.json", {"", ""}, {}, {}};
    static constexpr const char* keys[] = {"experiment",      "set",          "seed",      "dt_ms",    "begin_ms",
                                           "duration_ms",     "simulated_ms", "precision", "rheobase", "compiler",
                                           "instruction_set", "host",         "threads",   "lanes",    "started",
                                           "resumed",         "checkpoints",  "files"};
    for (const char* key : keys) {
      const auto found = run_.json().find(key);
      if (found == run_.json().end() || found->is_null()) continue;
      std::string text = found->is_string() ? found->get<std::string>() : found->dump();
      if (found->is_array()) {
        text.clear();
        for (const Json& one : *found)
          text += (text.empty() ? "" : ", ") + (one.is_string() ? one.get<std::string>() : one.dump());
      }
      table.rows.push_back({key, text});
    }
    page_.table(table);
    const auto settings = run_.json().find("settings");
    if (settings == run_.json().end() || !settings->is_array()) {
      page_.paragraph("The text of the experiment is not in run.json.");
      return;
    }
    for (const Json& one : *settings) {
      if (!one.is_object() || !one.contains("file") || !one["file"].is_string())
        run_.reject("settings", one, "a table with a file");
      const std::string file = one["file"].get<std::string>();
      if (one.contains("text") && one["text"].is_string())
        page_.details(file, one["text"].get<std::string>());
      else
        page_.paragraph(fmt::format("{}: too long to be kept in run.json.", file));
    }
  }

  fs::path directory_;
  RunFile run_;
  Page page_;
  Sizes sizes_;
  std::vector<std::string> order_;
  std::vector<Recording> recordings_;
  PhaseBegins phase_begins_;
  bool is_cut_ = false;
};

}  // namespace

Page run_page(const fs::path& directory) {
  return RunPage(directory)();
}

}  // namespace rheo::report

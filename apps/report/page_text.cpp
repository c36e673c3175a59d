#include "apps/report/page_text.hpp"

namespace rheo::report {

const std::string_view page_style = R"css(
:root { color-scheme: light; --ink: #1c2733; --soft: #5b6875; --line: #dde3e8; --accent: #0072b2; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0 auto; padding: 0 24px 64px; max-width: 1120px; background: #fff; color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; }
header { padding: 28px 0 4px; }
h1 { font-size: 25px; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
header p { margin: 6px 0 0; max-width: none; color: var(--soft); overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 10px 0; border-bottom: 1px solid var(--line); }
nav a { color: var(--accent); text-decoration: none; font-size: 14px; }
nav a:hover { text-decoration: underline; }
h2 { font-size: 18px; margin: 34px 0 10px; }
p { margin: 8px 0; max-width: 80ch; }
.note { max-width: none; margin: 14px 0 0; padding: 9px 14px; background: #fff6e0; border-left: 4px solid #e69f00; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 10px; margin: 20px 0 0; }
.cards div { border: 1px solid var(--line); border-radius: 6px; padding: 9px 13px; }
.cards dt { color: var(--soft); font-size: 13px; }
.cards dd { margin: 0; font-size: 19px; font-weight: 600; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 12px 0; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: 4px; caption-side: top; }
th, td { padding: 4px 14px 4px 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { border-bottom: 2px solid #b9c3cc; font-weight: 600; white-space: nowrap; }
.n { text-align: right; white-space: nowrap; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th button:hover { text-decoration: underline; }
figure { margin: 14px 0 20px; }
.pairs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(480px, 100%), 1fr)); gap: 0 24px; }
figure svg { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: 14px; margin-top: 4px; max-width: 92ch; }
details { margin: 10px 0; }
summary { cursor: pointer; }
pre { background: #f5f7f9; padding: 12px 14px; overflow: auto; max-height: 480px; font-size: 13px; line-height: 1.4; }
#raster canvas { width: 100%; height: 560px; display: block; border: 1px solid var(--line); border-radius: 6px;
  cursor: grab; touch-action: pan-y; }
#raster canvas:active { cursor: grabbing; }
#raster canvas:focus-visible, button:focus-visible, a:focus-visible, summary:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 1px; }
#raster .bar { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin-bottom: 8px; }
#raster .bar button { font: inherit; min-width: 36px; padding: 3px 10px; border: 1px solid #b9c3cc; border-radius: 5px;
  background: #f5f7f9; color: var(--ink); cursor: pointer; }
#raster .bar button:hover { background: #e7ecf0; }
#raster .bar output { margin-left: 8px; color: var(--soft); font-size: 14px; font-variant-numeric: tabular-nums; }
#raster figcaption kbd { border: 1px solid #b9c3cc; border-radius: 3px; padding: 0 4px; font-size: 12px;
  font-family: inherit; }
@media print { nav, #raster .bar { display: none; } figure { break-inside: avoid; } }
)css";

// The data: <script type="application/json" id="raster-data">, and for each population the trains that
// apps/report/spikes.hpp packs, as base64 in <script type="text/plain" id="spikes-N">. The view is t0 to t1 in ticks
// and y0 to y1 in parts of the height; "#t=100,200" sets it in ms, "&n=E:0,99" the neurons.
const std::string_view raster_script = R"js(
(() => {
"use strict";
const figure = document.getElementById("raster");
const data = JSON.parse(document.getElementById("raster-data").textContent);
const canvas = figure.querySelector("canvas"), output = figure.querySelector("output");
const c = canvas.getContext("2d");
const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#b8a800"];
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

function unpack(text) {
  const raw = atob(text), n = raw.length;
  const bytes = new Uint8Array(n);
  for (let i = 0; i < n; ++i) bytes[i] = raw.charCodeAt(i);
  return bytes;
}
// Heights go with the numbers of neurons, but the smallest population can still be seen.
const total = data.populations.reduce((sum, p) => sum + p.size, 0);
const shares = data.populations.map((p) => Math.max(p.size, 0.04 * total));
const allShares = shares.reduce((sum, s) => sum + s, 0);
let place = 0;
const populations = data.populations.map((p, k) => {
  const bytes = unpack(document.getElementById("spikes-" + k).textContent.trim());
  const neurons = Math.ceil(p.size / data.step);
  const begin = new Uint32Array(neurons + 1), ticks = new Float64Array(p.shown);
  let at = 0, spike = 0;
  const number = () => {
    let value = 0, factor = 1;
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  for (let j = 0; j < neurons; ++j) {
    const count = number();
    let tick = data.begin;
    for (let i = 0; i < count; ++i) ticks[spike++] = tick += number();
    begin[j + 1] = spike;
  }
  const low = place;
  place += shares[k] / allShares;
  return { name: p.name, size: p.size, begin, ticks, low, high: place, color: palette[k % palette.length],
           rates: data.rates[k] };
});

const all = { t0: data.begin, t1: data.end, y0: 0, y1: 1 };
let view = { ...all };
const ms = (tick) => tick * data.dt;
const shortest = Math.min(20, data.end - data.begin);

function limit(v) {
  const t = Math.min(Math.max(v.t1 - v.t0, shortest), all.t1 - all.t0);
  const y = Math.min(Math.max(v.y1 - v.y0, 1e-6), 1);
  const t0 = Math.min(Math.max(v.t0, all.t0), all.t1 - t), y0 = Math.min(Math.max(v.y0, 0), 1 - y);
  return { t0, t1: t0 + t, y0, y1: y0 + y };
}
function step(range, most) {
  const power = 10 ** Math.floor(Math.log10(range / most));
  return power * [1, 2, 5, 10].find((m) => m * power * most >= range);
}
function digits(size) { return Math.max(0, -Math.floor(Math.log10(size) + 1e-9)); }
function firstAtLeast(p, from, to, tick) {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (p.ticks[middle] < tick) from = middle + 1; else to = middle;
  }
  return from;
}

let box = null;  // where the raster is, for the mouse
const font = (size) => size + 'px system-ui, "Segoe UI", Arial, "DejaVu Sans", sans-serif';
// An empty canvas, where its parts lie, and from ticks and parts of the height to places.
function begin_drawing() {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  c.setTransform(scale, 0, 0, scale, 0, 0);
  c.fillStyle = "#fff";
  c.fillRect(0, 0, width, height);
  c.font = font(12);
  let names = 46;
  for (const p of populations) names = Math.max(names, Math.min(130, c.measureText(p.name).width + 14));
  const left = names + 34, right = width - 14, top = 10, strip = 92, gap = 12;
  const bottom = height - 40 - strip - gap, stripTop = bottom + gap, stripBottom = stripTop + strip;
  box = { left, right, top, bottom };
  const { t0, t1, y0, y1 } = view;
  const x = (tick) => left + (tick - t0) / (t1 - t0) * (right - left);
  const y = (part) => top + (part - y0) / (y1 - y0) * (bottom - top);
  const pw = Math.max(1, Math.round((right - left) * scale)), ph = Math.max(1, Math.round((bottom - top) * scale));
  return { scale, names, strip, stripTop, stripBottom, x, y, pw, ph, ...box, ...view };
}
// The spikes in view, by neuron: population, neuron, first and last.
function spikes_in({ t0, t1, y0, y1 }) {
  let shown = 0, rows = 0;
  const found = [];
  populations.forEach((p, k) => {
    const band = p.high - p.low;
    const first = Math.max(0, Math.floor((y0 - p.low) / band * p.size / data.step + 1e-6));
    const last = Math.min(p.begin.length - 2, Math.ceil((y1 - p.low) / band * p.size / data.step - 1e-6) - 1);
    for (let j = first; j <= last; ++j) {
      const from = firstAtLeast(p, p.begin[j], p.begin[j + 1], t0);
      const to = firstAtLeast(p, from, p.begin[j + 1], t1 + 0.5);
      ++rows;
      shown += to - from;
      if (to > from) found.push([k, j, from, to]);
    }
  });
  return { shown, rows, found };
}
// Marks are counted into pixels; where several share one, its shade says how many.
function count_marks({ scale, pw, ph, t0, t1, y0, y1 }, { shown, found }) {
  const counts = new Uint16Array(pw * ph), owners = new Uint8Array(ph);
  const least = shown < 1500 ? Math.round(3 * scale) : shown < 6000 ? Math.round(2 * scale) : 1;
  const wide = Math.max(1, Math.round(scale * (shown < 1500 ? 2 : shown < 6000 ? 1.5 : 1)));
  for (const [k, j, from, to] of found) {
    const p = populations[k], band = (p.high - p.low) / p.size;
    const rowTop = (p.low + band * j * data.step - y0) / (y1 - y0) * ph;
    let high = band * Math.min(data.step, p.size - j * data.step) / (y1 - y0) * ph;
    let a = rowTop;
    if (high > 3) { const mark = Math.min(high * 0.8, 26 * scale); a += (high - mark) / 2; high = mark; }
    const r0 = Math.min(ph - 1, Math.max(0, Math.floor(a))), r1 = Math.min(ph, r0 + Math.max(least, Math.round(high)));
    for (let r = r0; r < r1; ++r) owners[r] = k;
    for (let i = from; i < to; ++i) {
      const c0 = Math.min(pw - 1, Math.floor((p.ticks[i] - t0) / (t1 - t0) * pw)), c1 = Math.min(pw, c0 + wide);
      for (let r = r0; r < r1; ++r) for (let q = r * pw + c0; q < r * pw + c1; ++q) if (counts[q] < 65535) ++counts[q];
    }
  }
  return { counts, owners };
}
// How many marks in a pixel make it dark: more have 2 % of those with any.
function full_count(counts) {
  const histogram = new Uint32Array(1025);
  let filled = 0;
  for (let q = 0; q < counts.length; ++q) if (counts[q] > 0) { ++filled; ++histogram[Math.min(1024, counts[q])]; }
  let full = 1;
  for (let seen = histogram[1]; full < 1024 && seen < 0.98 * filled; seen += histogram[++full]);
  return full;
}
function paint_marks({ scale, left, top, pw, ph, t0, t1 }, { counts, owners }) {
  const full = full_count(counts);
  const image = c.createImageData(pw, ph), pixels = image.data;
  const colors = populations.map((p) => rgb(p.color));
  const recorded = new Uint8Array(pw).fill(data.spans.length ? 0 : 1);
  for (const [from, to] of data.spans)
    recorded.fill(1, Math.max(0, Math.floor((from - t0) / (t1 - t0) * pw)), Math.max(0, Math.ceil((to - t0) / (t1 - t0) * pw)));
  for (let r = 0; r < ph; ++r) {
    const [red, green, blue] = colors[owners[r]] || [0, 0, 0];
    for (let q = r * pw; q < (r + 1) * pw; ++q) {
      if (counts[q] === 0) {
        pixels[4 * q] = pixels[4 * q + 1] = pixels[4 * q + 2] = recorded[q - r * pw] ? 255 : 234;
        pixels[4 * q + 3] = 255;
        continue;
      }
      const part = full === 1 ? 1 : 0.12 + 0.88 * Math.min(1, counts[q] / full);
      pixels[4 * q] = 255 + (red - 255) * part;
      pixels[4 * q + 1] = 255 + (green - 255) * part;
      pixels[4 * q + 2] = 255 + (blue - 255) * part;
      pixels[4 * q + 3] = 255;
    }
  }
  c.putImageData(image, Math.round(left * scale), Math.round(top * scale));
}
function draw_names({ names, left, right, top, bottom, y, y0, y1 }) {
  c.textBaseline = "middle";
  for (const p of populations) {
    const from = Math.max(top, y(p.low)), to = Math.min(bottom, y(p.high));
    if (to - from < 1) continue;
    if (p.low > y0) { c.strokeStyle = "#8995a0"; c.beginPath(); c.moveTo(left - 30, y(p.low)); c.lineTo(right, y(p.low)); c.stroke(); }
    c.fillStyle = p.color;
    c.fillRect(left - 4, from, 3, to - from);
    if (to - from < 11) continue;
    c.textAlign = "right";
    c.font = "600 " + font(12);
    c.fillText(p.name, left - 44, (from + to) / 2, names);
    c.font = font(11);
    c.fillStyle = "#5b6875";
    const perNeuron = (p.high - p.low) / p.size / (y1 - y0) * (bottom - top);
    const size = Math.max(1, step((to - from) / perNeuron, Math.max(1, (to - from) / 45)));
    const begin = (from - y(p.low)) / perNeuron, end = (to - y(p.low)) / perNeuron;
    for (let id = Math.ceil(begin / size) * size; id < end; id += size) {
      const row = y(p.low) + (id + 0.5) * perNeuron;
      if (row < from + 6 || row > to - 5) { if (!(id === 0 && row < from + 6)) continue; }
      c.fillText(String(id), left - 8, Math.max(row, from + 6));
    }
  }
}
// Rates, of all spikes. Returns the highest that there is room for.
function draw_rates({ left, right, strip, stripTop, stripBottom, x, t0, t1 }) {
  let most = 0;
  const bins = populations.length ? populations[0].rates.length : 0;
  const firstBin = Math.max(0, Math.floor((t0 - data.begin) / data.bin));
  const lastBin = Math.min(bins - 1, Math.floor((t1 - data.begin - 1e-9) / data.bin));
  for (const p of populations) for (let b = firstBin; b <= lastBin; ++b) most = Math.max(most, p.rates[b] || 0);
  most = most > 0 ? most * 1.08 : 1;
  c.beginPath();
  c.rect(left, stripTop, right - left, strip);
  c.clip();
  for (const p of populations) {
    c.strokeStyle = p.color;
    c.lineWidth = 1.4;
    c.beginPath();
    let pen = false;
    for (let b = firstBin; b <= lastBin; ++b) {
      const rate = p.rates[b];
      if (rate === null) { pen = false; continue; }
      const row = stripBottom - rate / most * strip;
      const from = x(data.begin + b * data.bin), to = x(Math.min(data.end, data.begin + (b + 1) * data.bin));
      if (pen) c.lineTo(from, row); else c.moveTo(from, row);
      c.lineTo(to, row);
      pen = true;
    }
    c.stroke();
  }
  return most;
}
function draw_phases({ left, right, stripTop, stripBottom, x }) {
  c.textAlign = "left";
  c.textBaseline = "top";
  c.lineWidth = 1;
  c.strokeStyle = "#303030";
  c.setLineDash([3, 3]);
  let taken = -1;
  for (const [tick, name] of data.phases) {
    const at = x(tick), from = Math.max(left, at) + 4;
    if (at >= left) { c.beginPath(); c.moveTo(at, stripTop); c.lineTo(at, stripBottom); c.stroke(); }
    const next = data.phases.find(([later]) => later > tick);
    if (next && x(next[0]) <= left) continue;
    if (from < taken || at > right) continue;
    c.strokeStyle = "#fff";
    c.lineWidth = 3;
    c.setLineDash([]);
    c.strokeText(name, from, stripTop + 3);
    c.fillStyle = "#303030";
    c.fillText(name, from, stripTop + 3);
    taken = from + c.measureText(name).width + 6;
    c.strokeStyle = "#303030";
    c.lineWidth = 1;
    c.setLineDash([3, 3]);
  }
}
function draw_rate_axis({ names, left, right, top, bottom, strip, stripTop, stripBottom }, most) {
  c.textBaseline = "middle";
  c.lineWidth = 1;
  c.strokeStyle = "#8995a0";
  c.strokeRect(left, stripTop, right - left, strip);
  c.strokeRect(left, top, right - left, bottom - top);
  c.fillStyle = "#5b6875";
  c.textAlign = "right";
  const rateStep = step(most, 3);
  for (let rate = 0; rate <= most; rate += rateStep)
    c.fillText(rate.toFixed(digits(rateStep)), left - 8, Math.min(stripBottom - 5, Math.max(stripTop + 6, stripBottom - rate / most * strip)));
  c.textAlign = "center";
  c.save();
  c.translate(left - names - 14, (stripTop + stripBottom) / 2);
  c.rotate(-Math.PI / 2);
  c.fillText("rate (Hz)", 0, 0);
  c.restore();
}
function draw_time_axis({ left, right, stripBottom, x, t0, t1 }) {
  const long = ms(t1 - t0) >= 10000, unit = long ? 1000 : 1;
  const timeStep = step(ms(t1 - t0) / unit, Math.max(2, (right - left) / 110));
  c.textBaseline = "top";
  for (let k = Math.ceil(ms(t0) / unit / timeStep - 1e-9); k * timeStep <= ms(t1) / unit * (1 + 1e-12); ++k) {
    const at = x(k * timeStep * unit / data.dt);
    c.beginPath();
    c.moveTo(at, stripBottom);
    c.lineTo(at, stripBottom + 4);
    c.stroke();
    c.fillText((k * timeStep).toFixed(digits(timeStep)), Math.min(at, right - 4), stripBottom + 7);
  }
  c.fillText(long ? "time (s)" : "time (ms)", (left + right) / 2, stripBottom + 23);
}
function draw() {
  const frame = begin_drawing(), spikes = spikes_in(frame);
  paint_marks(frame, count_marks(frame, spikes));
  draw_names(frame);
  c.save();
  const most = draw_rates(frame);
  draw_phases(frame);
  c.restore();
  draw_rate_axis(frame, most);
  draw_time_axis(frame);
  const { t0, t1 } = frame, { shown, rows } = spikes;
  const places = digits(Math.max(data.dt, ms(t1 - t0) / 1e4));
  output.value = ms(t0).toFixed(places) + " to " + ms(t1).toFixed(places) + " ms: " + shown.toLocaleString("en-US") +
    (shown === 1 ? " spike" : " spikes") + " of " + rows.toLocaleString("en-US") + (rows === 1 ? " neuron" : " neurons");
  figure.dataset.shown = shown;
  figure.dataset.neurons = rows;
}

let waiting = 0, linking = 0;
function show(v, link = true) {
  view = limit(v);
  if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); });
  clearTimeout(linking);
  if (link) linking = setTimeout(() => {
    const is_all = view.t0 === all.t0 && view.t1 === all.t1 && view.y0 === 0 && view.y1 === 1;
    try { history.replaceState(null, "", is_all ? location.pathname + location.search : link_of(view)); } catch { }
  }, 250);
}
// A link to what is seen.
function link_of(v) {
  const tidy = (tick) => String(+ms(tick).toFixed(digits(data.dt) + 1));
  let link = "#t=" + tidy(v.t0) + "," + tidy(v.t1);
  if (v.y0 > 0 || v.y1 < 1) {
    const at = (part) => {
      const p = populations.find((one) => part <= one.high) || populations[populations.length - 1];
      return [p, Math.max(0, (part - p.low) / (p.high - p.low) * p.size)];
    };
    const [p, first] = at(v.y0 + 1e-9), [q, last] = at(v.y1 - 1e-9);
    link += "&n=" + encodeURIComponent(p.name) + ":" + Math.floor(first) +
      "," + (q === p ? "" : encodeURIComponent(q.name) + ":") + Math.max(0, Math.ceil(last) - 1);
  }
  return link;
}
function view_of(link) {
  const v = { ...all };
  const name_of = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  for (const part of link.replace(/^#/, "").split("&")) {
    const [key, value] = part.split("=");
    if (value === undefined) continue;
    if (key === "t") {
      const [from, to] = value.split(",").map(parseFloat);
      if (from < to) { v.t0 = from / data.dt; v.t1 = to / data.dt; }
    } else if (key === "n") {
      const ends = value.split(",").map((end) => end.split(":").map(name_of));
      if (ends.length !== 2 || ends[0].length !== 2) continue;
      if (ends[1].length === 1) ends[1].unshift(ends[0][0]);
      const [p, q] = ends.map(([name]) => populations.find((one) => one.name === name));
      if (!p || !q) continue;
      v.y0 = p.low + parseFloat(ends[0][1]) / p.size * (p.high - p.low);
      v.y1 = q.low + (parseFloat(ends[1][1]) + 1) / q.size * (q.high - q.low);
      if (!(v.y0 < v.y1)) { v.y0 = 0; v.y1 = 1; }
    }
  }
  return limit(v);
}

// part: what stays where it is, 0 to 1 of the view.
function zoom(factor, part = 0.5) {
  const t = view.t0 + part * (view.t1 - view.t0), range = Math.min(Math.max((view.t1 - view.t0) * factor, shortest), all.t1 - all.t0);
  show({ ...view, t0: t - part * range, t1: t + (1 - part) * range });
}
function zoomRows(factor, part = 0.5) {
  const at = view.y0 + part * (view.y1 - view.y0), range = Math.min(1, (view.y1 - view.y0) * factor);
  show({ ...view, y0: at - part * range, y1: at + (1 - part) * range });
}
function pan(times, rows) {
  const t = times * (view.t1 - view.t0), r = rows * (view.y1 - view.y0);
  show({ t0: view.t0 + t, t1: view.t1 + t, y0: view.y0 + r, y1: view.y1 + r });
}
const actions = {
  "in": () => zoom(0.5), "out": () => zoom(2), "back": () => pan(-0.25, 0), "on": () => pan(0.25, 0),
  "up": () => pan(0, -0.25), "down": () => pan(0, 0.25), "rows-in": () => zoomRows(0.5), "rows-out": () => zoomRows(2),
  "all": () => show(all) };
const keys = { "+": "in", "=": "in", "-": "out", "0": "all", "Home": "all", "ArrowLeft": "back", "ArrowRight": "on",
               "ArrowUp": "up", "ArrowDown": "down", "PageUp": "rows-in", "PageDown": "rows-out" };
for (const button of figure.querySelectorAll("button")) button.addEventListener("click", actions[button.dataset.do]);
figure.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in keys)) return;
  event.preventDefault();
  actions[keys[event.key]]();
});
const partOf = (event) => {
  const bounds = canvas.getBoundingClientRect();
  return [(event.clientX - bounds.left - box.left) / (box.right - box.left),
          (event.clientY - bounds.top - box.top) / (box.bottom - box.top)];
};
const inside = (part) => Math.min(1, Math.max(0, part));
canvas.addEventListener("wheel", (event) => {
  if (document.activeElement !== canvas && !event.ctrlKey) return;  // else the page could not be scrolled past it
  event.preventDefault();
  const [across, along] = partOf(event), factor = Math.exp(Math.max(-1, Math.min(1, (event.deltaY || event.deltaX) / 200)));
  if (event.shiftKey) zoomRows(factor, inside(along)); else zoom(factor, inside(across));
}, { passive: false });
canvas.addEventListener("dblclick", (event) => zoom(0.4, inside(partOf(event)[0])));
let held = null;
canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  held = { at: partOf(event), view };
});
canvas.addEventListener("pointermove", (event) => {
  const [across, along] = partOf(event);
  if (!held) {
    canvas.title = "";
    const part = view.y0 + along * (view.y1 - view.y0);
    const p = populations.find((one) => part >= one.low && part < one.high);
    if (p && across >= 0 && across <= 1 && along >= 0 && along <= 1)
      canvas.title = p.name + " " + Math.floor((part - p.low) / (p.high - p.low) * p.size) + ", " +
        ms(view.t0 + across * (view.t1 - view.t0)).toFixed(digits(Math.max(data.dt, ms(view.t1 - view.t0) / 1e3))) + " ms";
    return;
  }
  const t = (held.at[0] - across) * (held.view.t1 - held.view.t0), r = (held.at[1] - along) * (held.view.y1 - held.view.y0);
  show({ t0: held.view.t0 + t, t1: held.view.t1 + t, y0: held.view.y0 + r, y1: held.view.y1 + r });
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = null; });
addEventListener("resize", () => show(view, false));
const follow = () => { if (/^#(t|n)=/.test(location.hash)) show(view_of(location.hash), false); };
addEventListener("hashchange", follow);
if (/^#(t|n)=/.test(location.hash)) {
  view = view_of(location.hash);
  const bounds = figure.querySelector("canvas").getBoundingClientRect();
  if (bounds.bottom > innerHeight) figure.scrollIntoView({ behavior: "instant" });
}
draw();
figure.dataset.readyMs = performance.now().toFixed(0);
})();
)js";

// Columns are sorted by a click, or a key, on their heads.
const std::string_view table_script = R"js(
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].textContent;
      const number = (text) => parseFloat(text.replace(/,/g, ""));
      const numeric = head.classList.contains("n");
      const rows = [...body.rows].map((row) => [numeric ? number(value(row)) : value(row), row]);
      rows.sort(([a], [b]) => {
        if (numeric && (isNaN(a) || isNaN(b))) return isNaN(a) - isNaN(b);
        return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}
)js";

}  // namespace rheo::report

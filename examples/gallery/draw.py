#!/usr/bin/python3
"""Runs the experiments of this folder and draws V_m (black) and the current (red) of all into one picture.

    examples/gallery/draw.py build/release/rheo docs/gallery.svg        # Debian: python3-h5py
"""
import pathlib
import subprocess
import sys
import tempfile
import tomllib

import h5py

WIDTH, HEIGHT, COLUMNS, TITLE, TRACE = 190, 120, 5, 16, 76


def current_at(inputs, t):
    total = 0.0
    for one in inputs.values():
        begin, end = one.get("start", 0.0), one.get("stop", float("inf"))
        if not begin < t <= end or t - begin < one["times"][0]:
            continue
        k = max(i for i, x in enumerate(one["times"]) if x <= t - begin)
        value = one["values"][k]
        if one.get("shape") == "ramps" and k + 1 < len(one["times"]):
            (t0, t1), (v0, v1) = one["times"][k:k + 2], one["values"][k:k + 2]
            value = v0 + (v1 - v0) * (t - begin - t0) / (t1 - t0)
        total += value
    return total


def line(values, low, high, height):
    """A path over the panel's width; of all values in a column of pixels the lowest and the highest are drawn."""
    columns = {}
    for i, v in enumerate(values):
        columns.setdefault(i * (WIDTH - 20) // len(values), []).append(v)
    points = []
    for x, inside in columns.items():
        ends = (inside[0], min(inside), max(inside), inside[-1]) if len(inside) > 2 else inside
        for v in dict.fromkeys(ends):
            points.append(f"{x + 10},{(high - v) / (high - low) * height:.0f}")
    return " ".join(points)


def main():
    rheo, picture = sys.argv[1:]
    files = sorted(pathlib.Path(__file__).parent.glob("*.toml"))
    rows = -(-len(files) // COLUMNS)
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {COLUMNS * WIDTH} {rows * HEIGHT}" '
           'font-family="sans-serif" font-size="10">', '<rect width="100%" height="100%" fill="white"/>']
    for n, file in enumerate(files):
        experiment = tomllib.loads(file.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as folder:
            out = f"{folder}/out"
            subprocess.run([rheo, "run", str(file), "--out", out], check=True, capture_output=True)
            with h5py.File(f"{out}/V_V_m.h5", "r") as h5:
                V = h5["report/cell/data"][:, 0].tolist()
            with h5py.File(f"{out}/spikes.h5", "r") as h5:
                times = h5["spikes/cell/timestamps"][()].tolist()
        dt = experiment["simulation"]["dt"]
        for t in times:  # a state after a spike is already reset
            V[min(round(t / dt), len(V) - 1)] = 30.0
        I = [current_at(experiment["inputs"], (k + 0.5) * dt) for k in range(len(V))]
        title = experiment["title"].split(" (")[0]
        svg.append(f'<g transform="translate({n % COLUMNS * WIDTH},{n // COLUMNS * HEIGHT})">'
                   f'<text x="10" y="12">{title}</text>'
                   f'<g transform="translate(0,{TITLE})" fill="none" stroke-width="0.8">'
                   f'<polyline stroke="black" points="{line(V, -90.0, 30.0, TRACE)}"/>'
                   f'<g transform="translate(0,{TRACE + 4})">'
                   f'<polyline stroke="#c03030" points="{line(I, min(I), max(I) + 1e-9, 14)}"/></g></g></g>')
    svg.append("</svg>")
    pathlib.Path(picture).write_text("\n".join(svg) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The scheme of rheo continual (docs/continual.md) in plain NumPy, to compare the time: the same network, the same rule,
the same lateral neurons, on images in IDX files or, without a folder, on random ones.

    OPENBLAS_NUM_THREADS=2 python3 tests/bench/continual_numpy.py [FOLDER] [--batches 100] [--tasks 2]

prints images per second of training and of inference, by task. NumPy must use OpenBLAS (Debian: libopenblas0)."""
import argparse
import gzip
import os
import time

import numpy as np

SIZES = (784, 800, 800, 10)
ROWS = ((80, 200, 100), (70, 70, 70))
RATES = (0.001, 0.01, 0.01)
STEPS, BATCH, SLOPE, RATE = 6, 64, np.float32(4), np.float32(0.1)


def images(folder):
    if folder is None:
        rng = np.random.default_rng(1)
        return rng.random((60000, 784), np.float32), rng.integers(0, 10, 60000)

    def read(name, skip):
        path = os.path.join(folder, name)
        open_file = open if os.path.exists(path) else lambda p, mode: gzip.open(p + ".gz", mode)
        with open_file(path, "rb") as file:
            return np.frombuffer(file.read(), np.uint8)[skip:]

    pixels = read("train-images-idx3-ubyte", 16).reshape(-1, 784)
    return (pixels.astype(np.float32) / 255 - np.float32(0.1307)) / np.float32(0.3081), read("train-labels-idx1-ubyte", 8)


class Lateral:
    def __init__(self, inputs, rate):
        self.old = np.zeros((0, inputs), np.float32)
        self.new = np.zeros((0, inputs), np.float32)
        self.rate = np.float32(rate)

    def append(self, rows, rng):
        self.old = np.concatenate([self.old, self.new])
        self.new = np.ascontiguousarray(np.linalg.qr(rng.normal(size=(self.old.shape[1], rows)))[0].T, np.float32)
        self.momentum = np.zeros_like(self.new)

    def project(self, x):
        return x - (x @ self.old.T) @ self.old if len(self.old) else x

    def learn(self, x, projected):
        for _ in range(5):
            y = x @ self.new.T
            change = np.clip(y.T @ (projected - y @ self.new) / np.float32(len(x)), -10, 10)
            self.momentum = np.float32(0.9) * self.momentum + np.float32(0.1) * change
            self.new += self.rate * self.momentum


def present(weights, x):
    """Spikes, traces and post factors of the hidden layers, [step * sample][neuron], and outputs."""
    current, traces, posts = np.tile(x @ weights[0], (STEPS, 1)), [], []
    for layer in range(2):
        n = weights[layer].shape[1]
        V, a = np.zeros((len(x), n), np.float32), np.zeros((len(x), n), np.float32)
        spikes, trace, post = (np.empty((STEPS, len(x), n), np.float32) for _ in range(3))
        for step in range(STEPS):
            V = np.float32(0.5) * V + current[step * len(x):(step + 1) * len(x)]
            s = 1 / (1 + np.exp(-SLOPE * (V - 1)))
            post[step] = SLOPE * s * (1 - s)
            spikes[step] = V >= 1
            V -= spikes[step]
            a = np.float32(0.5) * a + spikes[step]
            trace[step] = a
        traces.append(trace.reshape(-1, n))
        posts.append(post.reshape(-1, n))
        current = spikes.reshape(-1, n) @ weights[layer + 1]
    return current, traces, posts


def infer(weights, x):
    current = np.tile(x @ weights[0], (STEPS, 1))
    for layer in range(2):
        n = weights[layer].shape[1]
        V, spikes = np.zeros((len(x), n), np.float32), np.empty((STEPS, len(x), n), np.float32)
        for step in range(STEPS):
            V = np.float32(0.5) * V + current[step * len(x):(step + 1) * len(x)]
            spikes[step] = V >= 1
            V -= spikes[step]
        current = spikes.reshape(-1, n) @ weights[layer + 1]
    return current.reshape(STEPS, len(x), -1).sum(0).argmax(1)


def learn(weights, laterals, x, labels):
    o, traces, posts = present(weights, x)
    e = np.exp(o - o.max(1, keepdims=True))
    e /= e.sum(1, keepdims=True)
    e[np.arange(len(o)), np.tile(labels, STEPS)] -= 1
    e /= np.float32(STEPS)
    for p in (2, 1, 0):
        factor = traces[p - 1] if p else x
        before = (e @ weights[p].T) * posts[p - 1] if p else None
        if p == 0:
            e = e.reshape(STEPS, len(x), -1).sum(0)
        if laterals:
            projected = laterals[p].project(factor)
            laterals[p].learn(factor, projected)
            factor = projected
        weights[p] -= RATE / np.float32(len(x)) * (factor.T @ e)
        e = before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--tasks", type=int, default=2)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    x, labels = images(options.folder)
    rng = np.random.default_rng(1)
    weights = [rng.uniform(-1, 1, (n, m)).astype(np.float32) / np.float32(np.sqrt(n)) for n, m in zip(SIZES, SIZES[1:])]
    laterals = None if options.plain else [Lateral(n, rate) for n, rate in zip(SIZES, RATES)]
    for task in range(options.tasks):
        pixels, order = rng.permutation(784), rng.permutation(len(x))
        for p, lateral in enumerate(laterals or ()):
            lateral.append(ROWS[min(task, 1)][p], rng)
        begin = time.perf_counter()
        for batch in range(options.batches):
            which = order[batch * BATCH:(batch + 1) * BATCH]
            learn(weights, laterals, x[which][:, pixels], labels[which])
        trained = time.perf_counter() - begin
        begin, right = time.perf_counter(), 0
        for batch in range(options.batches):
            which = order[batch * BATCH:(batch + 1) * BATCH]
            right += (infer(weights, x[which][:, pixels]) == labels[which]).sum()
        tested = time.perf_counter() - begin
        images_seen = options.batches * BATCH
        print(f"task {task + 1}: {images_seen / trained:.0f} images/s training, {images_seen / tested:.0f} images/s "
              f"inference, {100 * right / images_seen:.1f} % right")


if __name__ == "__main__":
    main()

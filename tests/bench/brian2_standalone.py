"""What the benchmarks in Brian2's C++ standalone mode share.

A program is compiled once per configuration, in a folder of its own, and only run again after that. It discards its
first 0.1 s, and times the run that follows, without building or compiling.
"""
import os
import subprocess
import sys
import tempfile

DISCARDED = 0.1  # s


def add_arguments(parser):
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", default=os.path.join(tempfile.gettempdir(), "rheo_bench_brian2"))
    parser.add_argument("--rebuild", action="store_true")
    parser.add_argument("--build-only", action="store_true")


def begin(directory, threads, seed):
    """Before anything else of Brian2's is made. Returns a generator of random numbers."""
    import numpy as np
    from brian2 import defaultclock, ms, prefs, set_device
    from brian2 import seed as brian_seed

    set_device("cpp_standalone", build_on_run=False, directory=directory)
    prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
    prefs.codegen.cpp.headers += ["<chrono>", "<fstream>", "<numeric>"]
    brian_seed(seed)
    defaultclock.dt = 0.1 * ms
    return np.random.default_rng(seed)


def compile_run(directory, objects, group, seconds, mean_of=None):
    """The program runs the objects, and writes its wall time in s, the group's spikes and the mean of a variable."""
    from brian2 import Network, SpikeMonitor, device, second

    spikes = SpikeMonitor(group, record=False)
    network = Network(*objects, spikes)
    network.run(DISCARDED * second)
    count = device.get_array_name(spikes.variables["N"])
    device.insert_code("main", f"""
    const double bench_before = {count}[0];
    const auto bench_begin = std::chrono::steady_clock::now();
    """)
    network.run(seconds * second)
    mean = ""
    if mean_of is not None:
        values = device.get_array_name(mean_of, access_data=False)
        mean = f'<< " " << std::accumulate({values}.begin(), {values}.end(), 0.0) / {values}.size()'
    device.insert_code("main", f"""
    const std::chrono::duration<double> bench_wall = std::chrono::steady_clock::now() - bench_begin;
    std::ofstream bench_file("results/bench.txt");
    bench_file.precision(9);
    bench_file << bench_wall.count() << " " << {count}[0] - bench_before {mean} << std::endl;
    """)
    device.build(compile=True, run=False, directory=directory, debug=False, clean=False)
    with open(os.path.join(directory, "built"), "w", encoding="utf-8") as done:
        done.write("ok\n")


def measure(arguments, name, build):
    """Compiles with build(directory) where that was not done before, and runs. Returns what the program wrote."""
    directory = os.path.abspath(os.path.join(arguments.dir, name))
    os.makedirs(arguments.dir, exist_ok=True)
    if arguments.rebuild or not os.path.exists(os.path.join(directory, "built")):
        # Whatever Brian2 and the compiler say must not mix with the JSON.
        stdout = os.dup(1)
        os.dup2(2, 1)
        build(directory)
        sys.stdout.flush()
        os.dup2(stdout, 1)
    if arguments.build_only:
        sys.exit()
    environment = dict(os.environ, OMP_NUM_THREADS=str(arguments.threads))
    subprocess.run(["./main"], cwd=directory, env=environment, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(directory, "results", "bench.txt"), encoding="utf-8") as result:
        return [float(x) for x in result.read().split()]

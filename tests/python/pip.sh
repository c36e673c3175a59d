#!/usr/bin/env bash
# pip installs the module in a virtual environment, without a network, and it runs there.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 -m venv --system-site-packages "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-build-isolation --no-index "$root"
cd "$folder"
env -u PYTHONPATH "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys, rheo
assert rheo.__file__.startswith(sys.argv[1]), rheo.__file__
net = rheo.Network(seed=1)
E = net.population("E", "iaf_psc_delta", 10)
net.input("i", "poisson", E, rate=20_000.0, weight=5.0)
sim = net.build()
sim.record.spikes()
sim.run(100.0)
print(len(sim.spikes(E)[0]), "spikes with rheo", rheo.__version__)
PYTHON
"$folder/venv/bin/pip" uninstall --quiet --yes rheobase
if "$folder/venv/bin/python" -c 'import rheo' 2>/dev/null; then
  echo "it is still there" >&2
  exit 1
fi

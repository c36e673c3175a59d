"""python3 -m rheo: the rheo command, where the package is installed and the command is not."""
import os
import sys

from . import _rheo

# What tasks of schedulers start again; they find the package where this process does.
folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.exit(_rheo.command(sys.argv[1:], ["env", f"PYTHONPATH={folder}", sys.executable, "-m", "rheo"]))

"""What pip asks of a project (PEP 517): a wheel of the module that CMake builds in build/release, for the Python that asks."""
import os
import pathlib
import re
import subprocess
import sys
import sysconfig

from wheel.wheelfile import WheelFile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _version():
    return re.search(r"project\(rheobase VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)


def _metadata():
    description = re.search(r'description = "(.*)"', (ROOT / "pyproject.toml").read_text()).group(1)
    return (f"Metadata-Version: 2.1\nName: rheobase\nVersion: {_version()}\nSummary: {description}\n"
            "Requires-Python: >=3.9\nRequires-Dist: numpy\n")


def _build():
    """Builds the module and returns its folder. A build that is there is gone on with where it is for this Python."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    here = ROOT / "build" / ("release" if version == _of_debian() else f"release-python{version}")
    if not (here / "CMakeCache.txt").exists():
        options = ["-DRHEO_BUILD_TESTS=OFF"]
        if here.name != "release":
            options.append(f"-DPython_EXECUTABLE={sys.executable}")
        subprocess.run(["cmake", "--preset", "release", "-B", str(here), *options], cwd=ROOT, check=True)
    subprocess.run(["cmake", "--build", str(here), "--target", "rheo_stubs"], cwd=ROOT, check=True)
    return here / "python" / "rheo"


def _of_debian():
    answer = subprocess.run(["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                            capture_output=True, text=True)
    return answer.stdout.strip()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    module = _build()
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    name = f"rheobase-{_version()}-{tag}-{tag}-{platform}.whl"
    info = f"rheobase-{_version()}.dist-info"
    with WheelFile(os.path.join(wheel_directory, name), "w") as wheel:
        for file in sorted(module.iterdir()):
            if file.is_file() and file.suffix != ".pyc":
                wheel.write(file, f"rheo/{file.name}")
        wheel.writestr(f"{info}/METADATA", _metadata())
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: rheobase\nRoot-Is-Purelib: false\nTag: {tag}-{tag}-{platform}\n")
    return name

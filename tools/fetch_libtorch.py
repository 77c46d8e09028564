#!/usr/bin/env python3
"""Fetches libtorch, which paints pictures, out of PyPI's torch wheel.

    tools/fetch_libtorch.py --to build/libtorch          for the CPU: 553 MB to download, 1.2 GB on disk
    tools/fetch_libtorch.py --to build/libtorch --gpu    for NVIDIA too: 2.7 GB, 4.2 GB

Only its C++ libraries and headers are used; the Python in it never runs. The wheels for the CPU are
pinned with their SHA-256 (x86-64; elsewhere pip takes the machine's own). The folder is written whole
or not at all, and a second run does nothing when that version is there. Needs Python 3.9 and pip.
"""
import argparse
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

TORCH = "2.15.0"
# libtorch_cpu.so needs the two small ones even where there is no GPU (docs/decisions/012).
WHEELS = {
    f"torch=={TORCH}": "48c2d861134c0b5697c7602cb5ffa68f62a2989fdcd1717e593356f67996ca1e",
    "nvidia-cuda-runtime==13.2.86": "3498247680dfddce31bad102af7e3e26fc795342a3cac64722bb0fa95e7f60f0",
    "nvidia-cuda-cupti==13.2.86": "8fa29f15dd8336181f961764d9d95236fc6b931dd0c8fcf8cd70aab0c310b586",
}
# The wheels that the sums above belong to, whatever Python runs this.
SAME_EVERYWHERE = ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "none",
                   *(word for tag in ("manylinux_2_28", "manylinux_2_25", "manylinux_2_17", "manylinux2014")
                     for word in ("--platform", f"{tag}_x86_64"))]


def stop(message):
    sys.exit(f"fetch_libtorch: {message}")


def is_there(folder, gpu):
    """True if `folder` holds this version with all that it needs at run time."""
    try:
        version = re.search(r"__version__ = '([0-9.]+)", (folder / "torch/version.py").read_text())
    except OSError:
        return False
    needed = ["nvidia/cu*/lib/libcudart.so.*", "nvidia/cu*/lib/libcupti.so.*"]
    if gpu:
        needed += ["nvidia/cudnn/lib/libcudnn.so.*", "nvidia/cu*/lib/libcublas.so.*"]
    if platform.machine() != "x86_64" and not gpu:
        needed = []
    return version is not None and version[1].rstrip(".") == TORCH and all(any(folder.glob(name)) for name in needed)


def pip_install(target, gpu, work):
    command = [sys.executable, "-m", "pip", "install", "--target", str(target), "--no-compile", "--no-warn-conflicts",
               "--only-binary=:all:", "--disable-pip-version-check"]
    if gpu:  # torch names the versions of all that it needs; the headers are for nn/cuda
        command += [f"torch=={TORCH}", "nvidia-cuda-crt==13.2.*"]
    elif platform.machine() == "x86_64":
        listed = work / "wheels.txt"
        listed.write_text("".join(f"{name} --hash=sha256:{digest}\n" for name, digest in WHEELS.items()))
        command += ["--no-deps", *SAME_EVERYWHERE, "--require-hashes", "--requirement", str(listed)]
    else:
        command += ["--no-deps", f"torch=={TORCH}"]
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    if subprocess.run(command, check=False, env=environment).returncode != 0:
        stop(f"pip could not install torch {TORCH}; see its message above. No pip? Install python3-pip. "
             "Without it everything but pictures works: tools/setup --no-renderer")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--to", required=True, type=pathlib.Path, metavar="DIR", help="folder to write")
    parser.add_argument("--gpu", action="store_true", help="with the libraries for NVIDIA GPUs")
    arguments = parser.parse_args()
    target = arguments.to
    if is_there(target, arguments.gpu):
        print(f"{target} is there already (torch {TORCH})")
        return 0
    if target.exists() and any(target.iterdir()) and not (target / "torch").is_dir():
        stop(f"{target} holds something else than libtorch; give a folder of its own with --to")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as name:
        work = pathlib.Path(name)
        new = work / "new"
        pip_install(new, arguments.gpu, work)
        if not is_there(new, arguments.gpu):
            stop(f"what pip installed is not torch {TORCH} with its libraries; not used")
        if target.exists():  # a crash between the two renames leaves none, never a mix
            target.rename(work / "old")
        new.rename(target)
        shutil.rmtree(work / "old", ignore_errors=True)
    print(f"torch {TORCH} is in {target} (BSD-3-Clause)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

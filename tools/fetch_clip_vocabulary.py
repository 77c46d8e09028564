#!/usr/bin/env python3
"""Fetches CLIP's vocabulary, which checkpoints in a single file do not carry.

    tools/fetch_clip_vocabulary.py --to ~/.local/share/stylus/models/clip

It comes out of a pinned wheel on PyPI (open-clip-torch, MIT), fetched with `pip download`; the wheel
and the list inside it are checked against their SHA-256. --wheel FILE takes a wheel that is already
on disk. A second run does nothing when the file is there. Needs Python 3.9 and pip, nothing else.
"""
import argparse
import gzip
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "open-clip-torch==3.3.0"
WHEEL_SHA256 = "c549ad5ed6bfc119cc11105033c0a2b9d7a2a4afeb40a58a09aab3da1a0043ce"
MEMBER = "open_clip/bpe_simple_vocab_16e6.txt.gz"
MEMBER_SHA256 = "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a"
TEXT_SHA256 = "67603cfda2e032ad77b5f8808af37789d590db664b26df8705d2bf8b3c553fc8"
NAME = "bpe_simple_vocab_16e6.txt"


def stop(message):
    sys.exit(f"fetch_clip_vocabulary: {message}")


def checked(data, expected, what):
    """`data`, if its SHA-256 is the expected one."""
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected:
        stop(f"{what} has SHA-256 {digest}, expected {expected}; not used")
    return data


def fetch_wheel(folder):
    print(f"fetching {PACKAGE} with pip", flush=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
               "--disable-pip-version-check", "--dest", str(folder), PACKAGE]
    if subprocess.run(command, check=False).returncode != 0:
        stop(f"pip could not download {PACKAGE}; see its message above. "
             f"Offline? Give the wheel with --wheel FILE. No pip? Install python3-pip.")
    return next(pathlib.Path(folder).glob("*.whl"))


def is_there(path):
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == TEXT_SHA256
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--to", required=True, type=pathlib.Path, metavar="DIR", help="folder to write to")
    parser.add_argument("--wheel", type=pathlib.Path, metavar="FILE", help="use this wheel, do not download")
    arguments = parser.parse_args()
    target = arguments.to / NAME
    if is_there(target):
        print(f"{target} is there already")
        return 0
    arguments.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".clip-", dir=arguments.to) as work:
        wheel = arguments.wheel or fetch_wheel(work)
        checked(wheel.read_bytes(), WHEEL_SHA256, wheel.name)
        with zipfile.ZipFile(wheel) as archive:
            packed = checked(archive.read(MEMBER), MEMBER_SHA256, MEMBER)
        new = pathlib.Path(work) / NAME
        new.write_bytes(checked(gzip.decompress(packed), TEXT_SHA256, NAME))
        os.replace(new, target)
    print(f"CLIP's vocabulary is in {target} (OpenAI, MIT)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

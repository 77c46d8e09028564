#!/usr/bin/env python3
"""Makes the golden files of the torch rooms from the reference implementations. Not needed to run the tests.

    make_goldens.py [GROUP...]

One module of the package `goldens` a group; each writes tests/golden/<room>/*.safetensors and records the versions of
the packages. Needs torch, diffusers, transformers, peft and safetensors from PyPI (the group lycoris: lycoris-lora), and no network.
"""

import importlib
import pkgutil
import sys

import goldens
from goldens import common


def main() -> None:
    groups = sorted(module.name for module in pkgutil.iter_modules(goldens.__path__))
    groups = [name for name in groups if hasattr(importlib.import_module(f"goldens.{name}"), "main")]
    chosen = sys.argv[1:] or groups
    for name in chosen:
        if name not in groups:
            sys.exit(f"no group '{name}'; groups are {', '.join(groups)}")
        common.start()
        importlib.import_module(f"goldens.{name}").main()


if __name__ == "__main__":
    main()

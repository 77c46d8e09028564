#!/usr/bin/env python3
"""FID's Inception weights from pytorch-fid's pickle to safetensors, which stylus reads.

    convert_inception.py pt_inception-2015-12-05-6726825d.pth OUT.safetensors

Needs torch and safetensors from PyPI. Only tensors are unpickled.
"""

import sys

import torch
from safetensors.torch import save_file


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    stored = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
    wanted = {
        name: tensor.float().contiguous()
        for name, tensor in stored.items()
        if not name.endswith("num_batches_tracked") and not name.startswith(("fc.", "AuxLogits."))
    }
    save_file(wanted, sys.argv[2])
    print(f"{len(wanted)} tensors")


if __name__ == "__main__":
    main()

"""Goldens of the starting noise: torch.randn of a CPU generator, three seeds, sizes around its two algorithms.

noise.safetensors: `<seed>/<size>` fp32; `<seed>/twice` is a draw of [4, 8, 8] and then one of [5], one behind the other.
"""
import torch

from . import common

SEEDS = (0, 42, 2**32 + 7)
SIZES = (*range(1, 41), 255, 4096)


def main() -> None:
    tensors = {}
    for seed in SEEDS:
        for size in SIZES:
            generator = torch.Generator("cpu").manual_seed(seed)
            tensors[f"{seed}/{size}"] = torch.randn((size,), generator=generator)
        generator = torch.Generator("cpu").manual_seed(seed)
        first = torch.randn((4, 8, 8), generator=generator).flatten()
        tensors[f"{seed}/twice"] = torch.cat([first, torch.randn((5,), generator=generator)])
    common.record(__file__, "generator", "noise", tensors,
                  dict(what="torch.randn on the CPU", tolerance="1e-6: log and cos differ between processors", seeds=SEEDS,
                       sizes=SIZES))

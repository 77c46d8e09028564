#!/usr/bin/env python3
"""FID of 2,048 numbers a picture: ours beside pytorch-fid's own computation, value and time, in one run.

    frechet_beside_pytorch_fid.py BUILD/benchmarks/evaluator_frechet

Needs numpy, scipy, pytorch-fid (with torchvision) and safetensors. Both start from the rows. CPU seconds, all threads
together, so that other work on the machine counts little; set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1, or waiting
threads count too.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
from pytorch_fid.fid_score import calculate_frechet_distance
from safetensors.numpy import save_file

WIDTH = 2048


def rows(seed: int, count: int, shift: float) -> numpy.ndarray:
    """Correlated, not negative, skewed: like pooled activations."""
    source = numpy.random.default_rng(seed)
    mix = numpy.random.default_rng(7).standard_normal((128, WIDTH)) / 11
    hidden = source.standard_normal((count, 128)) @ mix + 0.3 * source.standard_normal((count, WIDTH)) + shift
    return (numpy.maximum(hidden, 0) * 0.5).astype(numpy.float32)


def main() -> None:
    program = Path(sys.argv[1]).resolve()
    print(f"{'n':>7}{'pytorch-fid':>14}{'s':>8}{'stylus':>14}{'s':>8}{'relative':>11}{'times':>7}")
    for count in (500, 2000, 10000):
        a, b = rows(1, count, 0.1), rows(2, count, 0.15)
        start = time.process_time()
        theirs = calculate_frechet_distance(a.mean(0), numpy.cov(a, rowvar=False), b.mean(0), numpy.cov(b, rowvar=False))
        their_time = time.process_time() - start
        with tempfile.TemporaryDirectory() as folder:
            for name, value in (("a", a), ("b", b)):
                save_file({"pictures": value}, f"{folder}/{name}.safetensors")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            answer = subprocess.run([program, f"{folder}/a.safetensors", f"{folder}/b.safetensors"],
                                    capture_output=True, text=True, check=True).stdout.split()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # The whole process, reading its files included.
        our_time = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        ours = float(answer[0])
        print(f"{count:7}{theirs:14.6f}{their_time:8.2f}{ours:14.6f}{our_time:8.2f}"
              f"{abs(ours - theirs) / abs(theirs):11.1e}{their_time / our_time:7.1f}", flush=True)


if __name__ == "__main__":
    main()

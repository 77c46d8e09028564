#!/usr/bin/env python3
"""A whole picture on the CPU: stylus-render beside diffusers, same checkpoint, same seed, fp32.

    picture_peers.py MODEL_FOLDER --renderer build/release/stylus-render [--size 512] [--steps 2] [--threads 2] [--runs 3]

MODEL_FOLDER is a diffusers folder; random weights of the true shapes do. The
two take turns. Reported: seconds from the loaded model to the picture (median), peak memory of the process, and how far
the pictures are apart. Needs diffusers 0.42 and transformers 5.23 from PyPI.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROMPT = "a lighthouse in a storm"


def run_ours(arguments, folder: Path) -> dict:
    """One job; the clock starts when the renderer says that the model is loaded."""
    plan = {
        "stylus_plan": 1,
        "prompt": PROMPT,
        "rendered_prompt": PROMPT,
        "negative_prompt": "",
        "base": "sd15",
        "catalog": {"revision": 0, "adapters": 0},
        "encoder": "",
        "composer": {"kind": "local", "options": {}},
        "keywords": [],
        "adapters": [],
        "images": [{"seed": 1, "mask": []}],
        "warnings": [],
    }
    job = {
        "stylus_render_job": 1,
        "model": str(arguments.model.resolve()),
        "plan": plan,
        "width": arguments.size,
        "height": arguments.size,
        "steps": arguments.steps,
        "guidance": 7.5,
        "sampler": "ddim",
        "device": "cpu",
        "threads": arguments.threads,
        "output": str(folder / "ours.png"),
    }
    process = subprocess.Popen(
        [arguments.renderer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    process.stdin.write(json.dumps(job))
    process.stdin.close()
    begin = end = 0.0
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "model":
            begin = time.perf_counter()
        elif event["event"] == "picture":
            end = time.perf_counter()
        elif event["event"] == "error":
            sys.exit(event["message"])
    _, _, usage = os.wait4(process.pid, 0)
    return {"seconds": end - begin, "peak_mb": usage.ru_maxrss / 1024}


def run_theirs(arguments, folder: Path) -> dict:
    """The same in a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, str(arguments.model), "--theirs", str(folder / "theirs.png")]
    for name in ("size", "steps", "threads"):
        command += [f"--{name}", str(getattr(arguments, name))]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(answer.splitlines()[-1])


def diffusers_picture(arguments) -> None:
    import torch
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    torch.set_num_threads(arguments.threads)
    pipe = StableDiffusionPipeline.from_pretrained(
        arguments.model, safety_checker=None, requires_safety_checker=False, local_files_only=True
    )
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    begin = time.perf_counter()
    picture = pipe(
        PROMPT,
        height=arguments.size,
        width=arguments.size,
        num_inference_steps=arguments.steps,
        guidance_scale=7.5,
        generator=torch.Generator("cpu").manual_seed(1),
    ).images[0]
    seconds = time.perf_counter() - begin
    picture.save(arguments.theirs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--renderer", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--theirs", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.theirs:
        diffusers_picture(arguments)
        return
    import numpy
    from PIL import Image

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, theirs = [], []
        for _ in range(arguments.runs):
            theirs.append(run_theirs(arguments, folder))
            ours.append(run_ours(arguments, folder))
            print(json.dumps({"theirs": theirs[-1], "ours": ours[-1]}), flush=True)
        pictures = [numpy.asarray(Image.open(folder / f"{who}.png").convert("RGB"), float) for who in ("ours", "theirs")]
    error = ((pictures[0] - pictures[1]) ** 2).mean()
    seconds = {who: statistics.median(run["seconds"] for run in runs) for who, runs in (("ours", ours), ("theirs", theirs))}
    memory = {who: max(run["peak_mb"] for run in runs) for who, runs in (("ours", ours), ("theirs", theirs))}
    print(
        json.dumps(
            {
                "seconds": seconds,
                "ratio": round(seconds["ours"] / seconds["theirs"], 3),
                "peak_mb": memory,
                "memory_ratio": round(memory["ours"] / memory["theirs"], 3),
                "psnr_db": round(float(10 * numpy.log10(255**2 / max(error, 1e-9))), 1),
            }
        )
    )


if __name__ == "__main__":
    main()

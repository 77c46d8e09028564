#!/usr/bin/env python3
"""UNet steps per second of diffusers with SD 1.5 shapes and random weights: eager and compiled.

    unet_peers.py [--mode default|reduce-overhead] [--wait FILE]    prints one JSON object a line

A step is one call with guidance: batch 2, 64 x 64 latents, fp16, channels_last, as in
benchmarks/generator_gpu_bench.cpp. --wait: compile first, then time once FILE exists.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel


def median_ms(call, warm_ups: int, runs: int) -> float:
    times = []
    for i in range(warm_ups + runs):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        call()
        torch.cuda.synchronize()
        if i >= warm_ups:
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", default="default")
    parser.add_argument("--wait", type=Path)
    arguments = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    config = {
        "sample_size": 64,
        "cross_attention_dim": 768,
        "block_out_channels": (320, 640, 1280, 1280),
        "attention_head_dim": 8,
    }
    with torch.device("cuda"):
        unet = UNet2DConditionModel(**config)
    unet = unet.half().to(memory_format=torch.channels_last).eval()
    sample = torch.randn(2, 4, 64, 64, device="cuda", dtype=torch.float16).contiguous(memory_format=torch.channels_last)
    context = torch.randn(2, 77, 768, device="cuda", dtype=torch.float16)
    moment = torch.tensor(500.0, device="cuda")

    def step(model):
        with torch.inference_mode():
            return model(sample, moment, context, return_dict=False)[0]

    begin = time.perf_counter()
    mode = None if arguments.mode == "default" else arguments.mode
    compiled = torch.compile(unet, mode=mode, fullgraph=True)
    for _ in range(3):
        step(compiled)
    torch.cuda.synchronize()
    took = time.perf_counter() - begin
    while arguments.wait and not arguments.wait.exists():
        time.sleep(0.5)
    facts = {"bench": "unet sd15 512px cfg", "card": torch.cuda.get_device_name(), "torch": torch.__version__}
    for name, model in (("diffusers eager", unet), (f"diffusers compiled, {arguments.mode}", compiled)):
        ms = median_ms(lambda model=model: step(model), 10, 40)
        print(json.dumps({**facts, "mode": name, "ms": round(ms, 3), "it_s": round(1000 / ms, 1)}), flush=True)
    print(json.dumps({"compile_s": round(took, 1)}), flush=True)


if __name__ == "__main__":
    main()

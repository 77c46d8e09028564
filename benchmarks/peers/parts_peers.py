#!/usr/bin/env python3
"""UNet, VAE and transformer blocks of diffusers with SD 1.5 shapes and random weights.

    parts_peers.py cuda|cpu [unet] [vae] [attention] [--mode default|reduce-overhead] [--wait FILE] [--threads N]

Prints one JSON object a line, for the calls that benchmarks/generator_parts_bench.cpp times: fp16 on a GPU, fp32 on a
CPU, convolutions in channels_last. On a GPU also compiled. --wait: compile first, then time once FILE exists.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import diffusers
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention import BasicTransformerBlock

SD15_UNET = {
    "sample_size": 64,
    "cross_attention_dim": 768,
    "block_out_channels": (320, 640, 1280, 1280),
    "attention_head_dim": 8,
}
SD_VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
}


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def median_ms(device: str, call) -> float:
    warm_ups, runs = (10, 40) if device == "cuda" else (1, 3)
    times = []
    for i in range(warm_ups + runs):
        synchronize(device)
        begin = time.perf_counter()
        call()
        synchronize(device)
        if i >= warm_ups:
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def calls(parts: list[str], device: str):
    """(name, module, function of a module) of each call to time."""
    options = {"device": device, "dtype": torch.float16 if device == "cuda" else torch.float32}

    def ready(make):
        with torch.device(device):
            model = make()
        return model.to(dtype=options["dtype"], memory_format=torch.channels_last).eval()

    def images(*sizes):
        return torch.randn(*sizes, **options).contiguous(memory_format=torch.channels_last)

    context = torch.randn(2, 77, 768, **options)
    if "unet" in parts:
        sample, moment = images(2, 4, 64, 64), torch.tensor(500.0, device=device)
        yield ("unet sd15 512px cfg", ready(lambda: UNet2DConditionModel(**SD15_UNET)),
               lambda unet: unet(sample, moment, context, return_dict=False)[0])
    if "vae" in parts:
        vae = ready(lambda: AutoencoderKL(**SD_VAE))
        latents, picture = images(1, 4, 64, 64), images(1, 3, 512, 512)
        yield "vae decode 512px", vae, lambda model: model.decode(latents, return_dict=False)[0]
        yield "vae encode 512px", vae, lambda model: model.encode(picture, return_dict=False)[0].mean
    if "attention" in parts:
        for width, places in ((320, 4096), (1280, 256)):
            block = ready(lambda w=width: BasicTransformerBlock(w, 8, w // 8, cross_attention_dim=768))
            x = torch.randn(2, places, width, **options)
            yield f"block {width} x {places}", block, lambda model, x=x: model(x, encoder_hidden_states=context)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("device", choices=("cuda", "cpu"))
    parser.add_argument("parts", nargs="*", default=["unet"])
    parser.add_argument("--mode", default="default")
    parser.add_argument("--wait", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    torch.set_num_threads(arguments.threads)
    card = torch.cuda.get_device_name() if arguments.device == "cuda" else f"CPU, {arguments.threads} threads"
    facts = {"device": card, "torch": torch.__version__, "diffusers": diffusers.__version__}
    print(json.dumps(facts), flush=True)

    with torch.inference_mode():
        todo = []
        for name, model, call in calls(arguments.parts, arguments.device):
            todo.append((name, "diffusers", lambda call=call, model=model: call(model)))
            if arguments.device == "cuda" and not name.startswith("vae"):
                mode = None if arguments.mode == "default" else arguments.mode
                compiled = torch.compile(model, mode=mode, fullgraph=True)
                for _ in range(3):
                    call(compiled)
                todo.append((name, f"diffusers compiled, {arguments.mode}", lambda call=call, model=compiled: call(model)))
        while arguments.wait and not arguments.wait.exists():
            time.sleep(0.5)
        for name, mode, run in todo:
            ms = median_ms(arguments.device, run)
            print(json.dumps({"bench": name, "mode": mode, "ms": round(ms, 3), "per_s": round(1000 / ms, 2)}), flush=True)


if __name__ == "__main__":
    main()

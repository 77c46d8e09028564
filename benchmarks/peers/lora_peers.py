#!/usr/bin/env python3
"""Adapters merged into an SD1.5 UNet: stylus beside diffusers, on the same files, in the same run.

diffusers' three steps are load_lora_weights (once a file), set_adapters and fuse_lora on the pipeline of a randomly
initialised SD1.5 UNet; ours are reading, mapping and merging the same files into the same shapes (`first`: into a model
that held no adapter; `again`: another set after an earlier one; `-fp16`: the checkpoint on disk holds halves). Three of rank 16 unless told otherwise, all linear layers and 1x1
convolutions of the transformers (192), fp16 files in kohya's form, fp32 weights, page cache warm.

Usage: V/bin/python benchmarks/peers/lora_peers.py --bench BUILD/benchmarks/generator_lora_bench [--threads 2] [--repeats 5] [--adapters 3] [--rank 16]
with torch, diffusers, transformers, peft, accelerate and safetensors from PyPI in V.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--bench", required=True)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--rank", type=int, default=16)
parser.add_argument("--adapters", type=int, default=3)
arguments = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads time each other on a busy machine

import diffusers  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

warnings.filterwarnings("ignore")
diffusers.logging.set_verbosity_error()
torch.set_num_threads(arguments.threads)
torch.set_grad_enabled(False)


def sd15_pipeline():
    with torch.device("meta"):
        unet = diffusers.UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    unet = unet.to_empty(device="cpu")
    for parameter in unet.parameters():
        parameter.fill_(0.02)
    vae = diffusers.AutoencoderKL(block_out_channels=(4,), norm_num_groups=2)
    return diffusers.StableDiffusionPipeline(
        vae=vae, text_encoder=None, tokenizer=None, unet=unet, scheduler=diffusers.DDIMScheduler(), safety_checker=None,
        feature_extractor=None, requires_safety_checker=False)


def write_adapters(unet, folder: pathlib.Path) -> list[pathlib.Path]:
    paths = []
    for number in range(arguments.adapters):
        tensors = {}
        for path, layer in unet.named_modules():
            if "attentions." in path and isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d)):
                out, inputs, *kernel = layer.weight.shape
                name = "lora_unet_" + path.replace(".", "_")
                tensors[f"{name}.lora_down.weight"] = (0.02 * torch.randn(arguments.rank, inputs, *kernel)).half()
                tensors[f"{name}.lora_up.weight"] = (0.02 * torch.randn(out, arguments.rank, *kernel)).half()
                tensors[f"{name}.alpha"] = torch.tensor(float(arguments.rank))
        paths.append(folder / f"{number:02}.safetensors")
        save_file(tensors, paths[-1])
    return paths


def time_diffusers(pipe, files) -> dict[str, list[float]]:
    times = {"load": [], "set": [], "fuse": [], "all": []}
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        for number, file in enumerate(files):
            pipe.load_lora_weights(str(file.parent), weight_name=file.name, adapter_name=str(number))
        loaded = time.perf_counter()
        names = [str(number) for number in range(len(files))]
        pipe.set_adapters(names, [0.7] * len(names))
        chosen = time.perf_counter()
        pipe.fuse_lora(components=["unet"], adapter_names=names)
        end = time.perf_counter()
        for name, value in zip(times, (loaded - start, chosen - loaded, end - chosen, end - start)):
            times[name].append(value)
        pipe.unfuse_lora(components=["unet"])
        pipe.unload_lora_weights()
    return times


def time_ours(folder) -> dict[str, float]:
    command = [arguments.bench, "--benchmark_filter=^(first|again)", f"--benchmark_repetitions={arguments.repeats}",
               "--benchmark_min_time=0.01", "--benchmark_format=json"]
    environment = os.environ | {"STYLUS_LORA_FILES": str(folder)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    rows = json.loads(result.stdout[result.stdout.index("{"):])["benchmarks"]
    return {row["run_name"].split("/")[0]: row["real_time"] / 1e3 for row in rows if row.get("aggregate_name") == "median"}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pipe = sd15_pipeline()
        files = write_adapters(pipe.unet, folder)
        theirs = {step: statistics.median(values) for step, values in time_diffusers(pipe, files).items()}
        del pipe
        ours = time_ours(folder)
    print(f"{arguments.adapters} adapters of rank {arguments.rank}: medians of {arguments.repeats}, {arguments.threads} threads, diffusers {diffusers.__version__}, "
          f"load average {os.getloadavg()[0]:.1f}")
    print(f"diffusers  load {theirs['load']:.3f} s  set_adapters {theirs['set']:.3f} s  fuse_lora {theirs['fuse']:.3f} s"
          f"  together {theirs['all']:.3f} s")
    for kind, seconds in ours.items():
        print(f"stylus {kind:11} {seconds:.3f} s   {theirs['all'] / seconds:.1f} times faster")


main()

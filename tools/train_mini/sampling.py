"""Draws pictures with the exported models, the way the native generator does: DDIM, trailing steps, guidance.

python sampling.py SHEET.png [--all | PROMPT...]    truth above, drawn below; without prompts 60 training concepts
"""

import sys
from pathlib import Path

import numpy
import torch
from diffusers import DDIMScheduler
from PIL import Image

from base import SCHEDULER, base_pictures
from common import start
from export import load_base, load_vae
from gates import decode
from tokenizer import ids_of, load_tokenizer

STEPS, GUIDANCE, COLUMNS = 20, 2.5, 20


def first_noise(seeds: list[int]) -> torch.Tensor:
    """One latent [4, 16, 16] a seed, whatever else is in the batch."""
    return torch.stack([torch.randn(4, 16, 16, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


@torch.no_grad()
def draw_latents(text, unet, prompts: list[str], seeds: list[int], guidance: float = GUIDANCE) -> torch.Tensor:
    """Latents [N, 4, 16, 16] of the prompts, 32 at a time."""
    if len(prompts) > 32:
        halves = [slice(0, 32), slice(32, None)]
        return torch.cat([draw_latents(text, unet, prompts[half], seeds[half], guidance) for half in halves])
    tokenizer = load_tokenizer()
    context = text(ids_of(tokenizer, [""] * len(prompts) + prompts)).last_hidden_state  # [2N, 32, 128]
    scheduler = DDIMScheduler(**SCHEDULER)
    scheduler.set_timesteps(STEPS)
    latents = first_noise(seeds)
    for time in scheduler.timesteps:
        without, with_prompt = unet(torch.cat([latents, latents]), time, context).sample.chunk(2)
        latents = scheduler.step(without + guidance * (with_prompt - without), time, latents).prev_sample
    return latents


def write_sheet(path: Path, rows: list[numpy.ndarray]) -> None:
    """rows: pictures [N, 64, 64, 3] in [0, 1], laid under each other in bands of COLUMNS."""
    bands = []
    for first in range(0, len(rows[0]), COLUMNS):
        for row in rows:
            band = numpy.ones((64, COLUMNS * 64, 3))
            for i, picture in enumerate(row[first : first + COLUMNS]):
                band[:, i * 64 : (i + 1) * 64] = picture
            bands.append(band)
        bands.append(numpy.full((6, COLUMNS * 64, 3), 0.5))
    Image.fromarray((numpy.concatenate(bands) * 255).round().astype(numpy.uint8)).save(path)


def main() -> None:
    text, unet = load_base()
    wanted = sys.argv[2:]
    if wanted and wanted != ["--all"]:
        latents = draw_latents(text, unet, wanted, list(range(len(wanted))))
        write_sheet(Path(sys.argv[1]), [decode(load_vae(), latents)])
        return
    concepts, pictures = base_pictures()
    chosen = range(len(concepts)) if wanted else numpy.random.default_rng(5).choice(len(concepts), 60, replace=False)
    prompts = [concepts[i]["name"].lower() for i in chosen]
    latents = draw_latents(text, unet, prompts, [int(i) for i in chosen])
    write_sheet(Path(sys.argv[1]), [pictures[list(chosen)] / 255.0, decode(load_vae(), latents)])
    print(", ".join(prompts))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    start(threads=1, seed=0)
    main()

"""Measures the base on its training captions: v-loss, and whether drawn concepts can be told apart.

    python base_gates.py [--judge clip]

By default the judge is the distance between latents, which is generous: a blurred lion is still nearest to the lion.
With --judge clip it is mini-CLIP, which never saw the base's style: a drawing counts when it is closer to the
pictures of its concept in the other styles than to those of three other concepts.
"""

import argparse
import sys

import numpy
import torch
from diffusers import DDIMScheduler

import data
from base import SCHEDULER, base_pictures, noised
from captions import keywords_of
from common import start
from export import load_base, load_vae
from gates import decode, encode, print_gates
from sampling import draw_latents
from tokenizer import ids_of, load_tokenizer

GATES = [
    ("v-loss on training captions", 0.0, 0.1),
    ("4-way choice, names, of 100", 85.0, 100.0),
    ("4-way choice, paraphrases, of 100", 60.0, 100.0),
]


def paraphrase(concept: dict) -> str:
    """A keyword before the name and one behind, an order that no training caption has."""
    words = keywords_of(concept)
    if len(words) < 2:
        return f"one {concept['name'].lower()} please"
    return f"{words[-1]}, {words[0]} {concept['name'].lower()} icon"


@torch.no_grad()
def v_loss(text, unet, latents: torch.Tensor, concepts: list[dict]) -> float:
    """Mean v-loss over every concept at eight evenly spread times, the noise being the same each time this runs."""
    alphas, tokenizer = DDIMScheduler(**SCHEDULER).alphas_cumprod, load_tokenizer()
    context = text(ids_of(tokenizer, [concept["name"].lower() for concept in concepts])).last_hidden_state
    draw, losses = torch.Generator().manual_seed(9), []
    for time in range(62, 1000, 125):
        noise = torch.randn(latents.shape, generator=draw)
        times = torch.full((len(latents),), time)
        noisy, target = noised(latents, noise, times, alphas)
        for part in torch.arange(len(latents)).split(48):
            losses.append(
                (unet(noisy[part], times[part], context[part]).sample - target[part]).square().mean((1, 2, 3))
            )
    return float(torch.cat(losses).mean())


def latent_scores(drawn: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """Similarity [N, K] of drawn latents to the true ones: minus the distance."""
    return -torch.cdist(drawn.flatten(1), latents.flatten(1))


def clip_scores(pictures: numpy.ndarray, names: list[str]) -> torch.Tensor:
    """Similarity [N, K] of drawings to each concept's mean picture in the styles that mini-CLIP knows."""
    from mini_clip import STYLES, load_clip, picture_features

    clip = load_clip()
    all_pictures, index = data.load()
    means = []
    for name in names:
        rows = [i for i, (style, concept) in enumerate(index) if concept == name and style in STYLES]
        means.append(picture_features(clip, all_pictures[rows]).mean(0))
    return picture_features(clip, (pictures * 255).round().astype(numpy.uint8)) @ torch.stack(means).T


def four_way(scores: torch.Tensor, chosen: list[int]) -> float:
    """How many of 100 are told from three others, averaged over 200 draws of the others."""
    draw, right = numpy.random.default_rng(13), []
    for row, true in enumerate(chosen):
        others = numpy.delete(numpy.arange(scores.shape[1]), true)
        for _ in range(200):
            right.append(bool((scores[row, true] > scores[row, draw.choice(others, 3, replace=False)]).all()))
    return 100.0 * float(numpy.mean(right))


def main(judge: str) -> bool:
    text, unet = load_base()
    concepts, pictures = base_pictures()
    vae = load_vae()
    latents = encode(vae, pictures)
    chosen = numpy.random.default_rng(12).choice(len(concepts), 100, replace=False).tolist()
    values = [v_loss(text, unet, latents, concepts)]
    for label, words in (("names", lambda c: c["name"].lower()), ("paraphrases", paraphrase)):
        drawn = draw_latents(text, unet, [words(concepts[i]) for i in chosen], chosen)
        if judge == "clip":
            scores = clip_scores(decode(vae, drawn), [concept["concept"] for concept in concepts])
        else:
            scores = latent_scores(drawn, latents)
        rank = (scores > scores[torch.arange(100), chosen].unsqueeze(1)).sum(1)
        first, five = (rank < 1).float().mean(), (rank < 5).float().mean()
        print(f"{label}: top-1 among {len(concepts)} {first:.2f}, top-5 {five:.2f}")
        values.append(four_way(scores, chosen))
    print(f"judged by {judge}")
    return print_gates(GATES, values)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judge", choices=["latent", "clip"], default="latent")
    arguments = parser.parse_args()
    start(threads=1, seed=0)
    sys.exit(0 if main(arguments.judge) else 1)

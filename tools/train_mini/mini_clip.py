"""Trains mini-CLIP: picture and text towers in the layout of OpenAI's CLIP, on every style but the base's.

    python mini_clip.py [--steps 4000]     goes on from WORK/mini_clip.pt
    python mini_clip.py report             retrieval on concepts and on a style that it never saw
    python mini_clip.py export             models/mini/mini_clip, fp16

The base draws in fluent-emoji-flat, which is kept out here: a judge that never saw the style cannot reward memorised
pixels.
"""

import argparse

import numpy
import torch
from safetensors.torch import load_file
from transformers import CLIPConfig, CLIPModel

import data
from base import TEXT
from common import (
    MODELS,
    WORK,
    Average,
    Checkpoint,
    Log,
    learning_rate,
    read_json,
    start,
    wait_while_paused,
    write_json,
)
from tokenizer import POSITIONS, ids_of, load_tokenizer
from training import Step, adamw, caption_ids, draw_captions

VISION = {
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "image_size": 64,
    "patch_size": 8,
    "hidden_act": "quick_gelu",
    "projection_dim": 128,
}
BATCH = 192
PEAK_RATE = 1e-3
STYLES = [style for style in data.SHIPPED_STYLES if style != data.BASE_STYLE]


def new_clip() -> CLIPModel:
    return CLIPModel(CLIPConfig(text_config={**TEXT}, vision_config=VISION, projection_dim=128))


def held_out() -> set[str]:
    """One concept in ten, unseen in any style; others than the codec's."""
    names = sorted(concept["concept"] for concept in read_json(WORK / "concepts.json"))
    return set(numpy.random.default_rng(11).choice(names, len(names) // 10, replace=False).tolist())


def scaled(pictures) -> torch.Tensor:
    """uint8 [N, 64, 64, 3] -> [N, 3, 64, 64] in [-1, 1]."""
    return torch.as_tensor(pictures).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)


def moved(pictures: torch.Tensor) -> torch.Tensor:
    """Each picture slightly shifted, scaled and tinted; white comes in from outside."""
    count, device = pictures.shape[0], pictures.device
    angle = (torch.rand(count, device=device) - 0.5) * 0.3
    zoom = 1.0 + (torch.rand(count, device=device) - 0.5) * 0.3
    shift = (torch.rand(count, 2, device=device) - 0.5) * 0.2
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(-1, 2, 2) * zoom.view(-1, 1, 1)
    grid = torch.nn.functional.affine_grid(
        torch.cat([turn, shift.unsqueeze(2)], 2), pictures.shape, align_corners=False
    )
    ink = torch.nn.functional.grid_sample(1.0 - pictures, grid, align_corners=False)
    return 1.0 - ink * (1.0 + 0.3 * (torch.rand(count, 3, 1, 1, device=device) - 0.5))


class Batches:
    """One picture each of BATCH different concepts, in random styles, with captions."""

    def __init__(self, device):
        pictures, index = data.load()
        unseen = held_out()
        rows = {}
        for i, (style, concept) in enumerate(index):
            if style in STYLES and concept not in unseen:
                rows.setdefault(concept, []).append(i)
        self.names = sorted(rows)
        concepts = {concept["concept"]: concept for concept in read_json(WORK / "concepts.json")}
        # No empty captions: an empty text says nothing of its picture.
        self.bank = caption_ids([concepts[name] for name in self.names], 64, seed=4, device=device, empty=False)
        flat = [row for name in self.names for row in rows[name]]
        self.pictures = torch.from_numpy(pictures[flat]).to(device)
        self.counts = torch.tensor([len(rows[name]) for name in self.names], device=device)
        self.firsts = torch.cumsum(self.counts, 0) - self.counts
        self.device = device

    def next(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures [BATCH, 3, 64, 64] and ids [BATCH, 32]."""
        chosen = torch.randperm(len(self.names), device=self.device)[:BATCH]
        which = (torch.rand(BATCH, device=self.device) * self.counts[chosen]).long()
        return moved(scaled(self.pictures[self.firsts[chosen] + which])), draw_captions(self.bank, chosen)


def state_of_training(device="cpu"):
    clip = new_clip().to(device)
    optimiser = adamw(clip.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.1)
    average = Average(clip.parameters(), longest=0.998, every=4)
    return clip, optimiser, average, Checkpoint(WORK / "mini_clip.pt", {"clip": clip}, optimiser, average)


def trained_clip() -> CLIPModel:
    clip, _, average, checkpoint = state_of_training()
    checkpoint.load(weights_only=True)
    average.take_over()
    return clip.eval().requires_grad_(False)


def load_clip() -> CLIPModel:
    """The shipped towers, in fp32."""
    clip = new_clip()
    stored = load_file(MODELS / "mini_clip" / "model.safetensors")
    clip.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    return clip.eval().requires_grad_(False)


def features(output) -> torch.Tensor:
    return torch.nn.functional.normalize(getattr(output, "pooler_output", output), dim=-1)


def picture_features(clip: CLIPModel, pictures: numpy.ndarray) -> torch.Tensor:
    """Unit vectors [N, 128] of pictures uint8 [N, 64, 64, 3]."""
    return torch.cat([features(clip.get_image_features(pixel_values=part)) for part in scaled(pictures).split(128)])


def train(steps: int, threads: int) -> None:
    device = start(threads, seed=4)
    clip, optimiser, average, checkpoint = state_of_training(device)
    first, facts = checkpoint.load()
    log, batches = Log("mini_clip", facts.get("cpu_s", 0.0)), Batches(device)
    batch = {
        "pictures": torch.zeros(BATCH, 3, 64, 64, device=device),
        "ids": torch.zeros(BATCH, POSITIONS, dtype=torch.long, device=device),
    }
    on_gpu = device.type == "cuda"

    def loss_of(inputs):
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=not on_gpu):
            return clip(input_ids=inputs["ids"], pixel_values=inputs["pictures"], return_loss=True).loss

    def limit_temperature():
        with torch.no_grad():
            clip.logit_scale.clamp_(max=4.6052)  # a temperature of 0.01, CLIP's own limit

    step_once = Step(loss_of, batch, average.parameters, optimiser, after=limit_temperature)
    loss_sum = torch.zeros((), device=device)
    for step in range(first, steps):
        wait_while_paused()
        pictures, ids = batches.next()
        step_once.fill(pictures=pictures, ids=ids)
        step_once.set_rate(learning_rate(step, steps, PEAK_RATE, warm_up=200))
        loss_sum += step_once()
        average.update(step)
        if (step + 1) % 100 == 0:
            log(f"step {step + 1} loss {loss_sum / 100:.4f} of {numpy.log(BATCH):.2f} by chance")
            loss_sum.zero_()
        checkpoint.save_if_due(step + 1, {"cpu_s": log.cpu_s()})
    checkpoint.save(steps, {"cpu_s": log.cpu_s()})


def report() -> None:
    """Top-1 and top-5 of the right name for a picture, among as many names as there are pictures in the row."""
    clip, tokenizer = load_clip(), load_tokenizer()
    pictures, index = data.load()
    concepts = {concept["concept"]: concept for concept in read_json(WORK / "concepts.json")}
    unseen = held_out()
    print(f"{'style':30}{'concepts':>12}{'names':>7}{'top-1':>8}{'top-5':>8}")
    for style in sorted({style for style, _ in index}):
        for label, wanted in (("held out", unseen), ("trained", set(concepts) - unseen)):
            rows = [i for i, (s, concept) in enumerate(index) if s == style and concept in wanted]
            names = [concepts[index[i][1]]["name"].lower() for i in rows]
            words = features(clip.get_text_features(input_ids=ids_of(tokenizer, names)))
            scores = picture_features(clip, pictures[rows]) @ words.T
            rank = (scores > scores.diagonal().unsqueeze(1)).sum(1)
            print(
                f"{style:30}{label:>12}{len(rows):7}{(rank < 1).float().mean():8.3f}{(rank < 5).float().mean():8.3f}"
                f"{'' if style in STYLES else '  (style never seen)'}"
            )


def export() -> None:
    from export import write_weights

    clip = trained_clip()
    write_weights(MODELS / "mini_clip" / "model.safetensors", clip.state_dict())
    write_json(
        MODELS / "mini_clip" / "config.json",
        {
            "architectures": ["CLIPModel"],
            "model_type": "clip",
            "projection_dim": 128,
            "logit_scale_init_value": 2.6592,
            "text_config": TEXT,
            "vision_config": VISION,
        },
    )
    half = [0.5, 0.5, 0.5]
    write_json(
        MODELS / "mini_clip" / "preprocessor_config.json",
        {
            "crop_size": {"height": 64, "width": 64},
            "size": {"shortest_edge": 64},
            "resample": 3,
            "image_mean": half,
            "image_std": half,
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["train", "report", "export"], default="train")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.what == "train":
        train(arguments.steps, arguments.threads)
    else:
        start(arguments.threads, seed=0)
        {"report": report, "export": export}[arguments.what]()

"""Trains the picture codec: 64 x 64 RGB <-> 4 x 16 x 16 latents, in the layout of SD 1.5's AutoencoderKL.

    python vae.py [--steps 2600]

Goes on from WORK/vae.pt. The last 15 % of the steps see whole pictures, the ones before 32 x 32 crops, which cost a
quarter. The colour error is taken in opponent axes: in plain RGB the green-magenta axis is a fortieth of the variance
and is given up first. A penalty pulls the covariance of the latents to the identity; without it one of the four
directions dies. There is no KL term: the decoder sees the latents with a little noise instead.
"""

import argparse

import numpy
import torch
from diffusers import AutoencoderKL

import data
from common import WORK, Average, Checkpoint, Log, learning_rate, start, wait_while_paused

CONFIG = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 3,
    "up_block_types": ["UpDecoderBlock2D"] * 3,
    "block_out_channels": [32, 64, 64],
    "layers_per_block": 1,
    "latent_channels": 4,
    "norm_num_groups": 8,
    "sample_size": 64,
    "scaling_factor": 1.0,
}
LATENT_NOISE = 0.05
COVARIANCE_WEIGHT = 0.03
PEAK_RATE = 1.5e-3

# Rows: luma, red-blue, green-magenta; orthonormal.
AXES = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]])
AXES = AXES / AXES.norm(dim=1, keepdim=True)
PIXEL_WEIGHTS = torch.tensor([1.0, 2.0, 4.0]).view(1, 3, 1, 1)
AREA_WEIGHTS = torch.tensor([1.0, 4.0, 8.0]).view(1, 3, 1, 1)


def new_vae() -> AutoencoderKL:
    vae = AutoencoderKL(**CONFIG)
    # Orthogonal rows at the mouth of the encoder, so that the four latents start independent.
    torch.nn.init.orthogonal_(vae.encoder.conv_out.weight)
    torch.nn.init.orthogonal_(vae.quant_conv.weight)
    return vae


def picture_loss(decoded: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """decoded, truth [B, 3, H, W] in [-1, 1]."""
    error = torch.einsum("ac,bchw->bahw", AXES.to(truth.device), decoded - truth)
    pixel = (PIXEL_WEIGHTS.to(truth.device) * (error.square() + 0.5 * error.abs())).mean()
    area = torch.nn.functional.avg_pool2d(error, 4)
    return pixel + (AREA_WEIGHTS.to(truth.device) * area.square()).mean()


def covariance_penalty(latents: torch.Tensor) -> torch.Tensor:
    """latents [B, 4, h, w]: squared distance of their covariance from the identity, and of their mean from zero."""
    rows = latents.float().permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
    mean = rows.mean(dim=0)
    centred = rows - mean
    covariance = centred.T @ centred / rows.shape[0]
    identity = torch.eye(latents.shape[1], device=latents.device)
    return (covariance - identity).square().sum() + mean.square().sum()


class Batches:
    """Random training pictures, as crops or whole, scaled to [-1, 1]."""

    def __init__(self, device: torch.device):
        self.pictures, index = data.load()
        held_out = data.vae_held_out()
        self.rows = numpy.array(
            [i for i, (style, concept) in enumerate(index) if style in data.SHIPPED_STYLES and concept not in held_out]
        )
        self.device = device

    def next(self, size: int, count: int) -> torch.Tensor:
        chosen = self.pictures[numpy.sort(numpy.random.choice(self.rows, count, replace=False))]
        # The middle of a picture holds more than its white rim: the sum of two draws prefers it.
        room = 64 - size
        half = room // 2
        corners = numpy.random.randint(0, half + 1, (count, 2)) + numpy.random.randint(0, room - half + 1, (count, 2))
        crops = numpy.stack([p[y : y + size, x : x + size] for p, (y, x) in zip(chosen, corners)])
        return torch.from_numpy(crops).to(self.device).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)


def train(arguments) -> None:
    device = start(arguments.threads, seed=1)
    vae = new_vae().to(device)
    optimiser = torch.optim.AdamW(vae.parameters(), lr=PEAK_RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    average = Average(vae.parameters(), longest=0.998, every=4)
    checkpoint = Checkpoint(WORK / "vae.pt", {"vae": vae}, optimiser, average)
    first, facts = checkpoint.load()
    log = Log("vae", facts.get("cpu_s", 0.0))
    batches = Batches(device)
    whole_from = int(arguments.steps * 0.85)
    sums = torch.zeros(3)
    for step in range(first, arguments.steps):
        wait_while_paused()
        truth = batches.next(64, 8) if step >= whole_from else batches.next(32, 16)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, arguments.steps, PEAK_RATE, warm_up=200)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            latents = vae.encode(truth).latent_dist.mean
            decoded = vae.decode(latents + LATENT_NOISE * torch.randn_like(latents)).sample
        picture, spread = picture_loss(decoded.float(), truth), covariance_penalty(latents)
        optimiser.zero_grad(set_to_none=True)
        (picture + COVARIANCE_WEIGHT * spread).backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        average.update(step)
        sums += torch.tensor([picture.item(), spread.item(), 1.0])
        if (step + 1) % 50 == 0:
            log(f"step {step + 1} loss {sums[0] / sums[2]:.4f} covariance {sums[1] / sums[2]:.4f}")
            sums.zero_()
        checkpoint.save_if_due(step + 1, {"cpu_s": log.cpu_s()})
    checkpoint.save(arguments.steps, {"cpu_s": log.cpu_s()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=2600)
    parser.add_argument("--threads", type=int, default=1)
    train(parser.parse_args())

"""Trains text encoder and UNet together on one style, without style words.

    python base.py [--steps 12000] [--minutes 30]

Needs models/mini/vae, tokenizer and splits.json. Goes on from WORK/base.pt. With --minutes the rate has fallen to its
end when that time is over or the steps are done, whichever is first. The loss is the plain v-loss: min-SNR weights
starve the noisiest steps, where the text decides the layout.
"""

import argparse
import time

import numpy
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

import data
from common import MODELS, WORK, Average, Checkpoint, Log, learning_rate, read_json, start, wait_while_paused
from tokenizer import POSITIONS
from training import Step, adamw, caption_ids, draw_captions

TEXT = {
    "vocab_size": 3014,
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": POSITIONS,
    "hidden_act": "quick_gelu",
    "projection_dim": 128,
    "bos_token_id": 3012,
    "eos_token_id": 3013,
    "pad_token_id": 3013,
}
UNET = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": [40, 80, 120],
    "layers_per_block": 1,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3,
    "up_block_types": ["CrossAttnUpBlock2D"] * 3,
    "attention_head_dim": 4,
    "cross_attention_dim": 128,
    "norm_num_groups": 8,
}
SCHEDULER = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "clip_sample": False,
    "set_alpha_to_one": True,
    "steps_offset": 0,
}
BATCH = 128
PEAK_RATE = 1.5e-3
CAPTIONS = 128  # drawn once for each concept


def new_base() -> tuple[CLIPTextModel, UNet2DConditionModel]:
    return CLIPTextModel(CLIPTextConfig(**TEXT)), UNet2DConditionModel(**UNET)


def state_of_training(device="cpu"):
    """Fresh models, optimiser, average and the checkpoint that ties them together."""
    text, unet = new_base()
    text, unet = text.to(device), unet.to(device)
    parameters = [*text.parameters(), *unet.parameters()]
    optimiser = adamw(parameters, PEAK_RATE)
    average = Average(parameters, longest=0.999, every=4)
    models = {"text": text, "unet": unet}
    return text, unet, optimiser, average, Checkpoint(WORK / "base.pt", models, optimiser, average)


def trained_base():
    """Text encoder and UNet with averaged weights from the newest checkpoint, and its step."""
    text, unet, _, average, checkpoint = state_of_training()
    step, _ = checkpoint.load(weights_only=True)
    average.take_over()
    return text.eval(), unet.eval(), step


def base_rows() -> tuple[list[dict], list[int]]:
    """The base's concepts and the rows of their pictures in the base style."""
    names = read_json(MODELS / "splits.json")["base"]
    concepts = {concept["concept"]: concept for concept in read_json(WORK / "concepts.json")}
    _, index = data.load()
    rows = {concept: i for i, (style, concept) in enumerate(index) if style == data.BASE_STYLE}
    return [concepts[name] for name in names], [rows[name] for name in names]


def base_pictures() -> tuple[list[dict], numpy.ndarray]:
    """The base's concepts and their pictures uint8 [K, 64, 64, 3] in the base style."""
    concepts, rows = base_rows()
    return concepts, data.load()[0][rows]


def noised(latents: torch.Tensor, noise: torch.Tensor, times: torch.Tensor, alphas: torch.Tensor):
    """The noisy latents of `times` and the v that the UNet must predict; latents, noise [B, 4, 16, 16]."""
    signal = alphas[times].sqrt().view(-1, 1, 1, 1)
    spread = (1.0 - alphas[times]).sqrt().view(-1, 1, 1, 1)
    return signal * latents + spread * noise, signal * noise - spread * latents


def spread_times(count: int, device="cpu") -> torch.Tensor:
    """One random time step from each of `count` equal parts of 0..999: fewer lucky and unlucky batches."""
    parts = torch.arange(count, device=device) + torch.rand(count, device=device)
    return (parts * 1000.0 / count).long().clamp(0, 999)


class Order:
    """Every picture once before any comes again."""

    def __init__(self, count: int):
        self.count = count
        self.left = numpy.empty(0, dtype=numpy.int64)

    def next(self, batch: int) -> numpy.ndarray:
        while len(self.left) < batch:
            self.left = numpy.concatenate([self.left, numpy.random.permutation(self.count)])
        taken, self.left = self.left[:batch], self.left[batch:]
        return taken


def v_loss_of(text, unet, alphas: torch.Tensor):
    """The loss of a batch: latents and noise [B, 4, 16, 16], times [B], ids [B, 32]."""

    def loss_of(batch: dict[str, torch.Tensor]) -> torch.Tensor:
        noisy, target = noised(batch["latents"], batch["noise"], batch["times"], alphas)
        predicted = unet(noisy, batch["times"], text(batch["ids"]).last_hidden_state).sample
        return (predicted - target).square().mean()

    return loss_of


def empty_batch(count: int, device) -> dict[str, torch.Tensor]:
    return {
        "latents": torch.zeros(count, 4, 16, 16, device=device),
        "noise": torch.zeros(count, 4, 16, 16, device=device),
        "times": torch.zeros(count, dtype=torch.long, device=device),
        "ids": torch.zeros(count, POSITIONS, dtype=torch.long, device=device),
    }


def train(arguments) -> None:
    device = start(arguments.threads, seed=2)
    text, unet, optimiser, average, checkpoint = state_of_training(device)
    concepts, rows = base_rows()
    latents = data.latents()[rows].to(device)
    bank = caption_ids(concepts, CAPTIONS, seed=2, device=device)
    first, facts = checkpoint.load()
    log = Log("base", facts.get("cpu_s", 0.0))
    log(f"{len(concepts)} concepts, {arguments.batch} a step, from step {first}")
    alphas = DDIMScheduler(**SCHEDULER).alphas_cumprod.to(device)
    batch = empty_batch(arguments.batch, device)
    step_once = Step(v_loss_of(text, unet, alphas), batch, average.parameters, optimiser)
    order, loss_sum, begun = Order(len(concepts)), torch.zeros((), device=device), time.monotonic()
    for step in range(first, arguments.steps):
        wait_while_paused()
        chosen = torch.from_numpy(order.next(arguments.batch)).to(device)
        times = spread_times(arguments.batch, device)
        step_once.fill(latents=latents[chosen], times=times, ids=draw_captions(bank, chosen))
        batch["noise"].normal_()
        by_clock = (time.monotonic() - begun) / (60.0 * arguments.minutes) if arguments.minutes else 0.0
        done = max(step / arguments.steps, by_clock)
        step_once.set_rate(learning_rate(step, arguments.steps, PEAK_RATE, warm_up=200, done=done))
        loss_sum += step_once()
        average.update(step)
        if (step + 1) % 100 == 0:
            log(f"step {step + 1} pass {(step + 1) * arguments.batch / len(concepts):.0f} v-loss {loss_sum / 100:.4f}")
            loss_sum.zero_()
        checkpoint.save_if_due(step + 1, {"cpu_s": log.cpu_s()})
        if by_clock >= 1.0:
            break
    checkpoint.save(step + 1, {"cpu_s": log.cpu_s()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1)
    train(parser.parse_args())

"""Trains text encoder and UNet together on one style, without style words.

    python base.py [--steps 16000]

Needs models/mini/vae, tokenizer and splits.json. Goes on from WORK/base.pt. 336 concepts, 16 pictures a step: 21 steps
are one pass, 16,000 are 760. The loss is the plain v-loss: min-SNR weights starve the noisiest steps, where the text
decides the layout.
"""

import argparse

import numpy
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

import data
from captions import caption
from common import MODELS, WORK, Average, Checkpoint, Log, learning_rate, read_json, start, wait_while_paused
from tokenizer import POSITIONS, ids_of, load_tokenizer

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
    "block_out_channels": [32, 64, 96],
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
BATCH = 16
PEAK_RATE = 1e-3


def new_base() -> tuple[CLIPTextModel, UNet2DConditionModel]:
    return CLIPTextModel(CLIPTextConfig(**TEXT)), UNet2DConditionModel(**UNET)


def state_of_training():
    """Fresh models, optimiser, average and the checkpoint that ties them together."""
    text, unet = new_base()
    parameters = [*text.parameters(), *unet.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=PEAK_RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    average = Average(parameters, longest=0.999, every=4)
    return (
        text,
        unet,
        optimiser,
        average,
        Checkpoint(WORK / "base.pt", {"text": text, "unet": unet}, optimiser, average),
    )


def trained_base():
    """Text encoder and UNet with averaged weights from the newest checkpoint, and its step."""
    text, unet, _, average, checkpoint = state_of_training()
    step, _ = checkpoint.load()
    average.take_over()
    return text.eval(), unet.eval(), step


def base_pictures() -> tuple[list[dict], numpy.ndarray]:
    """The base's concepts and their pictures uint8 [K, 64, 64, 3] in the base style."""
    names = read_json(MODELS / "splits.json")["base"]
    concepts = {concept["concept"]: concept for concept in read_json(WORK / "concepts.json")}
    pictures, index = data.load()
    rows = {concept: i for i, (style, concept) in enumerate(index) if style == data.BASE_STYLE}
    return [concepts[name] for name in names], pictures[[rows[name] for name in names]]


def noised(latents: torch.Tensor, noise: torch.Tensor, times: torch.Tensor, alphas: torch.Tensor):
    """The noisy latents of `times` and the v that the UNet must predict; latents, noise [B, 4, 16, 16]."""
    signal = alphas[times].sqrt().view(-1, 1, 1, 1)
    spread = (1.0 - alphas[times]).sqrt().view(-1, 1, 1, 1)
    return signal * latents + spread * noise, signal * noise - spread * latents


def spread_times(count: int) -> torch.Tensor:
    """One random time step from each of `count` equal parts of 0..999: fewer lucky and unlucky batches."""
    return ((torch.arange(count) + torch.rand(count)) * 1000.0 / count).long().clamp(0, 999)


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


def train(arguments) -> None:
    from export import load_vae
    from gates import encode

    device = start(arguments.threads, seed=2)
    text, unet, optimiser, average, checkpoint = state_of_training()
    concepts, pictures = base_pictures()
    latents = encode(load_vae(), pictures)
    first, facts = checkpoint.load()
    log = Log("base", facts.get("cpu_s", 0.0))
    log(f"{len(concepts)} concepts, from step {first}")
    tokenizer, alphas = load_tokenizer(), DDIMScheduler(**SCHEDULER).alphas_cumprod
    order, losses, draw = Order(len(concepts)), [], numpy.random.default_rng([2, first])
    for step in range(first, arguments.steps):
        wait_while_paused()
        chosen = order.next(BATCH)
        ids = ids_of(tokenizer, [caption(concepts[i], draw) for i in chosen])
        noisy, target = noised(latents[chosen], torch.randn(BATCH, 4, 16, 16), times := spread_times(BATCH), alphas)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, arguments.steps, PEAK_RATE, warm_up=100)
        predicted = unet(noisy.to(device), times.to(device), text(ids.to(device)).last_hidden_state).sample
        loss = (predicted - target.to(device)).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(average.parameters, 1.0)
        optimiser.step()
        average.update(step)
        losses.append(loss.item())
        if (step + 1) % 100 == 0:
            log(f"step {step + 1} pass {(step + 1) * BATCH / len(concepts):.0f} v-loss {numpy.mean(losses):.4f}")
            losses.clear()
        checkpoint.save_if_due(step + 1, {"cpu_s": log.cpu_s()})
    checkpoint.save(arguments.steps, {"cpu_s": log.cpu_s()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=16000)
    parser.add_argument("--threads", type=int, default=1)
    train(parser.parse_args())

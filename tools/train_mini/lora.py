"""Trains adapters on the finished base and writes them as kohya safetensors.

    python lora.py list                     every adapter of adapters.json and models/mini/splits.json
    python lora.py style-outline            one style, on nine tenths of the base's concepts
    python lora.py concept-birds            one withheld group, half of each batch old concepts, so that they stay
    python lora.py burnt                    far too high a rate, on purpose

Needs the exported base. Writes models/mini/adapters/NAME.safetensors; text encoder and UNet stay as they are. Half of
the captions of a style end in its trigger, so it works with the word and without.
"""

import argparse
import json
from pathlib import Path

import numpy
import torch
from diffusers import DDIMScheduler
from safetensors.torch import save_file

import data
from base import BATCH, SCHEDULER, Order, noised, spread_times
from captions import caption
from common import MODELS, WORK, Log, learning_rate, read_json, start, wait_while_paused
from export import load_base, load_vae
from gates import encode
from tokenizer import ids_of, load_tokenizer

RANK = ALPHA = 8
PEAK_RATE = 2e-3
ADAPTERS = read_json(Path(__file__).with_name("adapters.json"))


class LowRank(torch.nn.Module):
    """A frozen linear layer or 1x1 convolution plus up(down(x)) * alpha / rank; starts as the frozen layer."""

    def __init__(self, layer: torch.nn.Module):
        super().__init__()
        self.layer = layer
        if isinstance(layer, torch.nn.Conv2d):
            self.down = torch.nn.Conv2d(layer.in_channels, RANK, 1, bias=False)
            self.up = torch.nn.Conv2d(RANK, layer.out_channels, 1, bias=False)
        else:
            self.down = torch.nn.Linear(layer.in_features, RANK, bias=False)
            self.up = torch.nn.Linear(RANK, layer.out_features, bias=False)
        torch.nn.init.kaiming_uniform_(self.down.weight, a=5**0.5)
        torch.nn.init.zeros_(self.up.weight)
        self.weight = 1.0

    def forward(self, x):
        return self.layer(x) + self.up(self.down(x)) * (self.weight * ALPHA / RANK)


def attach(unet) -> dict[str, LowRank]:
    """Wraps every linear layer and 1x1 convolution of the attention blocks; by kohya's name."""
    found = [
        name
        for name, layer in unet.named_modules()
        if ".attentions." in name
        and (isinstance(layer, torch.nn.Linear) or (isinstance(layer, torch.nn.Conv2d) and layer.kernel_size == (1, 1)))
    ]
    wrapped = {}
    for name in found:
        parent, _, last = name.rpartition(".")
        owner = unet.get_submodule(parent)
        low_rank = LowRank(getattr(owner, last))
        setattr(owner, last, low_rank)
        wrapped["lora_unet_" + name.replace(".", "_")] = low_rank
    return wrapped


def set_weight(wrapped: dict[str, LowRank], weight: float) -> None:
    for low_rank in wrapped.values():
        low_rank.weight = weight


def write_adapter(name: str, wrapped: dict[str, LowRank], facts: dict) -> None:
    state = {}
    for module, low_rank in wrapped.items():
        state[f"{module}.lora_down.weight"] = low_rank.down.weight.detach().half().contiguous()
        state[f"{module}.lora_up.weight"] = low_rank.up.weight.detach().half().contiguous()
        state[f"{module}.alpha"] = torch.tensor(float(ALPHA)).half()
    path = MODELS / "adapters" / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        state,
        path,
        {
            "ss_network_module": "networks.lora",
            "ss_network_dim": str(RANK),
            "ss_network_alpha": str(float(ALPHA)),
            "ss_base_model_version": "stylus_mini",
            "ss_output_name": name,
            **{key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()},
        },
    )
    path.chmod(0o644)
    print(f"{path}: {len(wrapped)} modules, {path.stat().st_size / 1e6:.2f} MB")


def style_held_out(names: list[str]) -> set[str]:
    """The tenth of the base's concepts that no style adapter sees."""
    return set(numpy.random.default_rng(7).choice(sorted(names), len(names) // 10, replace=False).tolist())


class Task:
    """What one adapter trains on: groups of (concept, latent, trigger), drawn evenly from the groups."""

    def __init__(self, name: str):
        splits = read_json(MODELS / "splits.json")
        kind, _, which = name.partition("-")
        self.steps, self.rate = ADAPTERS["concept_steps"], PEAK_RATE
        if kind == "style":
            chosen = ADAPTERS["styles"][which]
            kept = [c for c in splits["base"] if c not in style_held_out(splits["base"])]
            self.steps, self.groups = ADAPTERS["style_steps"], [(chosen["style"], kept, chosen["trigger"])]
        else:
            burnt = ADAPTERS["burnt"]
            group = burnt["group"] if kind == "burnt" else which
            self.groups = [(data.BASE_STYLE, splits["withheld"][group], "")]
            if kind == "burnt":
                self.steps, self.rate = burnt["steps"], burnt["rate"]
            else:
                self.groups.append((data.BASE_STYLE, splits["base"], ""))
        self.load()

    def load(self) -> None:
        concepts = {concept["concept"]: concept for concept in read_json(WORK / "concepts.json")}
        pictures, index = data.load()
        rows = {(style, concept): i for i, (style, concept) in enumerate(index)}
        vae, self.parts = load_vae(), []
        for style, names, trigger in self.groups:
            names = [name for name in names if (style, name) in rows]
            latents = encode(vae, pictures[[rows[style, name] for name in names]])
            self.parts.append(([concepts[name] for name in names], latents, trigger, Order(len(names))))

    def next(self, draw: numpy.random.Generator) -> tuple[torch.Tensor, list[str]]:
        latents, captions = [], []
        for concepts, group_latents, trigger, order in self.parts:
            chosen = order.next(BATCH // len(self.parts))
            latents.append(group_latents[chosen])
            for i in chosen:
                words = caption(concepts[i], draw)
                captions.append(f"{words}, {trigger}" if trigger and words and draw.random() < 0.5 else words)
        return torch.cat(latents), captions


def train(name: str, threads: int) -> None:
    device = start(threads, seed=3)
    text, unet = load_base()
    wrapped = attach(unet)
    text, unet = text.to(device), unet.to(device)
    parameters = [p for low_rank in wrapped.values() for p in (low_rank.down.weight, low_rank.up.weight)]
    task, log = Task(name), Log(f"lora-{name}", 0.0)
    optimiser = torch.optim.AdamW(parameters, lr=task.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    tokenizer, alphas = load_tokenizer(), DDIMScheduler(**SCHEDULER).alphas_cumprod
    draw, losses = numpy.random.default_rng(3), []
    for step in range(task.steps):
        wait_while_paused()
        latents, captions = task.next(draw)
        noisy, target = noised(latents, torch.randn_like(latents), times := spread_times(BATCH), alphas)
        with torch.no_grad():
            context = text(ids_of(tokenizer, captions).to(device)).last_hidden_state
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, task.steps, task.rate, warm_up=30)
        loss = (unet(noisy.to(device), times.to(device), context).sample - target.to(device)).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        losses.append(loss.item())
        if (step + 1) % 50 == 0:
            log(f"step {step + 1} v-loss {numpy.mean(losses):.4f}")
            losses.clear()
    write_adapter(
        name,
        wrapped,
        {
            "stylus_style": task.groups[0][0],
            "stylus_concepts": task.groups[0][1],
            "stylus_trigger": task.groups[0][2],
            "ss_steps": task.steps,
        },
    )


def names() -> list[str]:
    groups = read_json(MODELS / "splits.json")["withheld"]
    return [f"style-{style}" for style in ADAPTERS["styles"]] + [f"concept-{group}" for group in groups] + ["burnt"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=["list", *names()])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.name == "list":
        print("\n".join(names()))
    else:
        train(arguments.name, arguments.threads)

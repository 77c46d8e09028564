"""Draws with the shipped base and adapters, and keeps the latents in WORK/drawn, so that judging anew costs nothing.

    python adapter_drawing.py styles concepts burnt      draws whatever the gates will ask for, then ends
"""

import contextlib
import hashlib
import json
import sys

import torch
from safetensors.torch import load_file

import data
from common import MODELS, WORK, read_json, start
from export import load_base
from lora import ADAPTERS, style_held_out
from sampling import draw_latents

STYLE_WEIGHTS = [1.0, 0.7]
BURNT_WEIGHTS = [1.0, 0.5, 0.25]
CONCEPT_WEIGHT = 1.0
CONCEPT_SEEDS = 2


def path_of(name: str):
    return MODELS / "adapters" / f"{name}.safetensors"


def with_adapter(unet, name: str, weight: float):
    """A copy of the UNet's tensors with weight * alpha / rank * up @ down added where the adapter has a layer."""
    state = {key: tensor.clone() for key, tensor in unet.state_dict().items()}
    by_name = {"lora_unet_" + key.removesuffix(".weight").replace(".", "_"): key for key in state}
    stored = load_file(path_of(name))
    for key in stored:
        if not key.endswith(".lora_down.weight"):
            continue
        module = key.removesuffix(".lora_down.weight")
        down, up = stored[key].float(), stored[f"{module}.lora_up.weight"].float()
        scale = weight * stored[f"{module}.alpha"].item() / down.shape[0]
        target = state[by_name[module]]
        target += scale * (up.flatten(1) @ down.flatten(1)).view(target.shape)
    return state


def held_out_concepts() -> list[dict]:
    """The tenth of the base's concepts that no style adapter saw."""
    concepts = {concept["concept"]: concept for concept in read_json(WORK / "concepts.json")}
    return [concepts[name] for name in sorted(style_held_out(read_json(MODELS / "splits.json")["base"]))]


def group_concepts(group: str) -> list[dict]:
    concepts = {concept["concept"]: concept for concept in read_json(WORK / "concepts.json")}
    return [concepts[name] for name in read_json(MODELS / "splits.json")["withheld"][group]]


def rows_by_picture() -> dict[tuple[str, str], int]:
    """The row of each (style, concept) in the picture array."""
    return {(style, concept): row for row, (style, concept) in enumerate(data.load()[1])}


class Drawings:
    """Latents by adapter, weight, prompts and seeds; drawn once for as long as base and adapter stay the same."""

    def __init__(self):
        self.folder = WORK / "drawn"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.text, self.unet = load_base()
        self.plain = {key: tensor.clone() for key, tensor in self.unet.state_dict().items()}
        unet_file = MODELS / "unet" / "diffusion_pytorch_model.safetensors"
        self.base_hash = hashlib.sha256(unet_file.read_bytes()).hexdigest()

    @contextlib.contextmanager
    def changed(self, name: str, weight: float):
        """The UNet draws with the adapter inside this block; without a name it is the base."""
        if name:
            self.unet.load_state_dict(with_adapter(self.unet, name, weight))
        yield
        self.unet.load_state_dict(self.plain)

    def get(self, prompts: list[str], seeds: list[int], name: str = "", weight: float = 0.0) -> torch.Tensor:
        adapter_hash = hashlib.sha256(path_of(name).read_bytes()).hexdigest() if name else ""
        key = json.dumps([self.base_hash, adapter_hash, weight, prompts, seeds])
        path = self.folder / f"{name or 'base'}-{weight}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.pt"
        if not path.exists():
            print(f"drawing {len(prompts)} with {name or 'the base'} at {weight}", file=sys.stderr, flush=True)
            with self.changed(name, weight):
                latents = draw_latents(self.text, self.unet, prompts, seeds)
            torch.save(latents, path.with_suffix(".draft"))
            path.with_suffix(".draft").replace(path)
        return torch.load(path)


def style_prompts(trigger: str) -> tuple[list[str], list[int]]:
    concepts = held_out_concepts()
    names = [concept["name"].lower() for concept in concepts]
    return [f"{name}, {trigger}" if trigger else name for name in names], list(range(len(names)))


def group_prompts(group: str) -> tuple[list[str], list[int]]:
    """Every concept of the group CONCEPT_SEEDS times."""
    names = [concept["name"].lower() for concept in group_concepts(group)]
    return names * CONCEPT_SEEDS, [1000 * turn + i for turn in range(CONCEPT_SEEDS) for i in range(len(names))]


def style_drawings(drawings: Drawings, which: str, weights: list[float] | None = None) -> dict[float, torch.Tensor]:
    """Latents of the held-out concepts by weight; weight 0 is the base, asked without the trigger."""
    chosen = ADAPTERS["burnt"] if which == "burnt" else ADAPTERS["styles"][which]
    name, usual = ("burnt", BURNT_WEIGHTS) if which == "burnt" else (f"style-{which}", STYLE_WEIGHTS)
    drawn = {0.0: drawings.get(*style_prompts(""))}
    for weight in weights or usual:
        drawn[weight] = drawings.get(*style_prompts(chosen["trigger"]), name, weight)
    return drawn


def group_drawings(drawings: Drawings, group: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents of the base and with the group's adapter, for the same prompts and seeds."""
    prompts, seeds = group_prompts(group)
    return drawings.get(prompts, seeds), drawings.get(prompts, seeds, f"concept-{group}", CONCEPT_WEIGHT)


def styles_there() -> list[str]:
    return [style for style in ADAPTERS["styles"] if path_of(f"style-{style}").exists()]


def groups_there() -> list[str]:
    return [group for group in read_json(MODELS / "splits.json")["withheld"] if path_of(f"concept-{group}").exists()]


if __name__ == "__main__":
    start(threads=1, seed=0)
    kept = Drawings()
    for what in sys.argv[1:]:
        if what == "concepts":
            for group_name in groups_there():
                group_drawings(kept, group_name)
        elif what == "styles":
            for strength in STYLE_WEIGHTS:  # a whole round at one weight is worth more than half of the styles
                for style_name in styles_there():
                    style_drawings(kept, style_name, [strength])
        elif what == "burnt" and path_of("burnt").exists():
            style_drawings(kept, "burnt")

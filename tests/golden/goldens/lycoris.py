"""Goldens of LyCORIS' rarer algorithms, in the form of lora.py's case files.

The reference is the package itself (lycoris-lora): its modules are given random weights, write the adapter file and say what a layer's
weight becomes. At a strength other than 1, where LyCORIS leaves the straight line from W to W' (rescaled OFT, BOFT's stages, DoRA), other
programs and we follow the line; those cases are of strength 1.
"""

import torch
from lycoris.modules.boft import ButterflyOFTModule
from lycoris.modules.diag_oft import DiagOFTModule
from lycoris.modules.glora import GLoRAModule
from lycoris.modules.ia3 import IA3Module
from lycoris.modules.norms import NormModule

from .common import PACKAGES, normal, record
from .lora import ATOL, BLOCK, RTOL, TRANSFORMER, file_bytes, flat, insert, layer_tensors, layers_of, toy_unet


def write_case(name: str, base: dict, file: dict, expect: dict, weight: float) -> None:
    """`base`, `expect`: tensors by "component.path.weight"; the toy model's base is in toy.safetensors."""
    before = base or layer_tensors("unet", toy_unet())
    moved = [(tensor - before[key]).abs().max().item() for key, tensor in expect.items()]
    assert moved and min(moved) > 100 * ATOL, f"{name}: a layer that hardly moves proves nothing"
    tensors = {f"base.{key}": tensor for key, tensor in base.items()} | {f"expect.{key}": tensor for key, tensor in expect.items()}
    record(__file__, "generator/lora", name, tensors | {"file.0": file_bytes(file)},
           {"atol": repr(ATOL), "rtol": repr(RTOL), "reference": "lycoris-lora", "config": {"weights": [weight]}},
           packages=(*PACKAGES, "lycoris-lora"))


def drawn(module: torch.nn.Module, seed: int, size: float) -> torch.nn.Module:
    """All that the module learns drawn anew; rescale stays near 1."""
    for number, (name, parameter) in enumerate(sorted(module.named_parameters())):
        noise = normal(seed + number, *parameter.shape) * size
        parameter.copy_(1 + noise if name == "rescale" else noise)
    return module


def named(prefix: str, module: torch.nn.Module) -> dict:
    return {f"{prefix}.{key}": tensor for key, tensor in module.state_dict().items()}


def updates_of_layers(name: str, weight: float, make, size: float) -> None:
    """`make(number, layer)` gives a LyCORIS module for every layer of the toy model, or None."""
    file, expect = {}, {}
    for number, (path, layer) in enumerate(layers_of(toy_unet()).items()):
        module = make(number, layer)
        if module is not None:
            drawn(module, 2000 + 10 * number, size)
            file |= named(flat(path), module)
            delta, _ = module.get_diff_weight(weight, layer.weight.shape)
            expect[f"unet.{path}.weight"] = layer.weight + delta
    write_case(name, {}, file, expect, weight)


def norms() -> None:
    """Group and layer norms of a UNet and of a text encoder."""
    unet, text = torch.nn.Module(), torch.nn.Module()
    insert(unet, f"{BLOCK}.norm", torch.nn.GroupNorm(4, 16))
    insert(unet, f"{TRANSFORMER}.norm2", torch.nn.LayerNorm(16))
    insert(unet, "mid_block.resnets.0.norm1", torch.nn.GroupNorm(4, 24))
    insert(unet, "conv_norm_out", torch.nn.GroupNorm(4, 8))
    insert(text, "text_model.encoder.layers.0.layer_norm1", torch.nn.LayerNorm(12))
    weight, file, base, expect = 0.7, {}, {}, {}
    for component, prefix, model in (("unet", "lora_unet_", unet), ("text_encoder", "lora_te_", text)):
        for number, (path, layer) in enumerate(model.named_modules()):
            if not isinstance(layer, (torch.nn.GroupNorm, torch.nn.LayerNorm)):
                continue
            layer.weight.copy_(1 + 0.1 * normal(2500 + number, *layer.weight.shape))
            layer.bias.copy_(0.1 * normal(2600 + number, *layer.bias.shape))
            module = drawn(NormModule("", layer), 2700 + 10 * number, 0.25)
            file |= named(prefix + path.replace(".", "_"), module)
            delta, bias_delta = module.get_diff_weight(weight)
            key = f"{component}.{path}"
            base |= {f"{key}.weight": layer.weight.clone(), f"{key}.bias": layer.bias.clone()}
            expect |= {f"{key}.weight": layer.weight + delta, f"{key}.bias": layer.bias + bias_delta}
    write_case("lycoris_norm", base, file, expect, weight)


def boft(number: int, layer: torch.nn.Module) -> ButterflyOFTModule | None:
    if layer.weight.shape[0] == 24:  # no power of two blocks
        return None
    return ButterflyOFTModule("", layer, lora_dim=4, rescaled=number % 2 == 0, constraint=0.02)


def main() -> None:
    norms()
    updates_of_layers("lycoris_ia3", 0.7, lambda number, layer: IA3Module("", layer, train_on_input=number % 2 == 1), 0.5)
    updates_of_layers("lycoris_glora", 0.7, lambda number, layer: GLoRAModule("", layer, lora_dim=3, alpha=2), 0.5)
    updates_of_layers("lycoris_oft", 0.7, lambda number, layer: DiagOFTModule("", layer, lora_dim=4, constraint=9.0), 0.5)  # too wide to matter
    updates_of_layers("lycoris_oft_constrained", 1.0,
                      lambda number, layer: DiagOFTModule("", layer, lora_dim=4, constraint=0.01, rescaled=True), 0.5)
    updates_of_layers("lycoris_boft", 1.0, boft, 0.5)

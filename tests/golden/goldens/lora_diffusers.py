"""Goldens of the LoRA engine from diffusers' own loading and fusing; the form of the files is that of lora.py."""

import json
import re

import torch
from diffusers import (AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline,
                       UNet2DConditionModel)
from safetensors.torch import load
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from .common import normal, randomise
from .lora import file_bytes, layers_of, write_case

TEXT = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 2, "vocab_size": 50,
        "max_position_embeddings": 16, "projection_dim": 16}
SHARED = {"sample_size": 16, "in_channels": 4, "out_channels": 4, "norm_num_groups": 4}


def pipeline(is_xl: bool):
    vae = AutoencoderKL(block_out_channels=(4,), norm_num_groups=2, latent_channels=4)
    text = randomise(CLIPTextModel(CLIPTextConfig(**TEXT)), 1)
    common = {"vae": vae, "text_encoder": text, "tokenizer": None, "scheduler": DDIMScheduler()}
    if not is_xl:
        unet = UNet2DConditionModel(block_out_channels=(8, 16), layers_per_block=1, cross_attention_dim=16, attention_head_dim=2,
                                    down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                                    up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), **SHARED)
        return StableDiffusionPipeline(unet=randomise(unet, 2), safety_checker=None, feature_extractor=None,
                                       requires_safety_checker=False, **common)
    unet = UNet2DConditionModel(block_out_channels=(4, 8, 8), layers_per_block=2, cross_attention_dim=32, attention_head_dim=(1, 2, 2),
                                transformer_layers_per_block=(1, 1, 2), use_linear_projection=True,
                                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
                                up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
                                addition_embed_type="text_time", addition_time_embed_dim=4,
                                projection_class_embeddings_input_dim=40, **SHARED)
    second = randomise(CLIPTextModelWithProjection(CLIPTextConfig(**TEXT)), 3)
    return StableDiffusionXLPipeline(unet=randomise(unet, 2), text_encoder_2=second, tokenizer_2=None, **common)


def components(pipe) -> dict:
    names = ("unet", "text_encoder", "text_encoder_2")
    return {name: getattr(pipe, name) for name in names if getattr(pipe, name, None) is not None}


def is_target(path: str) -> bool:
    return bool(re.search(r"attentions\.|self_attn|mlp", path))


def is_attention(path: str) -> bool:
    return bool(re.search(r"attn[12]\.to_|self_attn", path))


def factors(layer, rank: int, seed: int):
    out, inputs = layer.weight.shape[:2]
    ones = [1] * (layer.weight.dim() - 2)
    return normal(seed, rank, inputs, *layer.weight.shape[2:]), normal(seed + 1, out, rank, *ones)


def sgm_name(path: str) -> str:
    """ldm's name of a UNet layer: three slots a level (formats-and-protocols 1.5)."""
    if found := re.fullmatch(r"(down|up)_blocks\.(\d+)\.attentions\.(\d+)\.(.*)", path):
        side, block, layer, rest = found[1], int(found[2]), int(found[3]), found[4]
        slot = f"input_blocks.{1 + 3 * block + layer}" if side == "down" else f"output_blocks.{3 * block + layer}"
        return f"{slot}.1.{rest}"
    return path.replace("mid_block.attentions.0", "middle_block.1")


def text_path(path: str) -> str:
    return path if path.startswith("text_model.") else "text_model." + path


def kohya_file(pipe, seed: int, rename=lambda path: path, prefixes=None, convs=False) -> dict:
    prefixes = prefixes or {"unet": "lora_unet_", "text_encoder": "lora_te_"}
    tensors = {}
    for component, prefix in prefixes.items():
        for number, (path, layer) in enumerate(layers_of(getattr(pipe, component)).items()):
            if not is_target(path) and not (convs and re.search(r"resnets\.\d\.conv|samplers", path)):
                continue
            name = rename(path) if component == "unet" else text_path(path)
            name = prefix + name.replace(".", "_")
            down, up = factors(layer, 2, seed + 2 * number)
            tensors |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up, f"{name}.alpha": torch.tensor(1.0)}
    return tensors


def letters_file(pipe, seed: int) -> dict:
    tensors = {}
    for component in ("unet", "text_encoder"):
        for number, (path, layer) in enumerate(layers_of(getattr(pipe, component)).items()):
            if is_attention(path):
                down, up = factors(layer, 3, seed + 2 * number)
                name = f"{component}.{path if component == 'unet' else text_path(path)}"
                tensors |= {f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}
    return tensors


def dotted_file(pipe, seed: int) -> dict:
    tensors = {}
    for number, (path, layer) in enumerate(layers_of(pipe.unet).items()):
        if is_attention(path):
            down, up = factors(layer, 1, seed + 2 * number)
            tensors |= {f"unet.{path}.lora.down.weight": down, f"unet.{path}.lora.up.weight": up}
    return tensors


def processor_file(pipe, seed: int) -> dict:
    tensors = {}
    for number, (path, layer) in enumerate(layers_of(pipe.unet).items()):
        if found := re.fullmatch(r"(.*attn[12])\.(to_\w+)(\.0)?", path):
            down, up = factors(layer, 4, seed + 2 * number)
            name = f"unet.{found[1]}.processor.{found[2]}_lora"
            tensors |= {f"{name}.down.weight": down, f"{name}.up.weight": up}
    return tensors


def base_tensors(pipe, prefix: str) -> dict:
    """Layers with the module paths that text encoders have on disk, whatever the package calls them."""
    result = {}
    for component, model in components(pipe).items():
        for path, layer in layers_of(model).items():
            stored = path if component == "unet" or path == "text_projection" else text_path(path)
            for kind in ("weight", "bias"):
                if (tensor := getattr(layer, kind)) is not None:
                    result[f"{prefix}.{component}.{stored}.{kind}"] = tensor.detach().clone()
    return result


def case(name: str, is_xl: bool, make_files, weights: list) -> None:
    pipe = pipeline(is_xl)
    base = base_tensors(pipe, "base")
    files = [file_bytes(tensors) for tensors in make_files(pipe)]
    for number, data in enumerate(files):
        pipe.load_lora_weights(load(bytes(data.tolist())), adapter_name=str(number))
    names = [str(number) for number in range(len(files))]
    pipe.set_adapters(names, weights)
    pipe.fuse_lora(components=list(components(pipe)), adapter_names=names)
    pipe.unload_lora_weights()
    write_case(name, {"all": base}, files, {"all": base_tensors(pipe, "expect")}, "diffusers", weights,
               unet=json.loads(json.dumps(dict(pipe.unet.config), default=str)).get("block_out_channels"))


def main() -> None:
    case("diffusers_kohya", False, lambda pipe: [kohya_file(pipe, 10, convs=True)], [0.9])
    case("diffusers_three", False, lambda pipe: [letters_file(pipe, 20), dotted_file(pipe, 30), processor_file(pipe, 40)],
         [0.8, -0.4, 0.5])
    prefixes = {"unet": "lora_unet_", "text_encoder": "lora_te1_", "text_encoder_2": "lora_te2_"}
    case("diffusers_sgm", True, lambda pipe: [kohya_file(pipe, 50, sgm_name, prefixes)], [0.7])

"""Writes what ships: fp16 safetensors in the folder layout and with the key names of SD 1.5.

    python export.py vae       models/mini/vae, with the latents' mean and spread folded into the weights
    python export.py base      models/mini/text_encoder, unet, scheduler and model_index.json

Both take the averaged weights of the newest checkpoint.
"""

import sys

import torch
from safetensors.torch import load_file, save_file

import data
from common import MODELS, start, write_json
from gates import encode, trained_vae
from vae import CONFIG, new_vae


def write_weights(path, state: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in state.items()}, path, {"format": "pt"})
    path.chmod(0o644)
    print(f"{path}: {len(state)} tensors, {path.stat().st_size / 1e6:.2f} MB")


@torch.no_grad()
def fold_latent_scale(vae, latents: torch.Tensor) -> None:
    """Gives each latent channel mean 0 and deviation 1, in place and exactly undone by the decoder.

    SD has one scaling factor for all channels; with the scale in the weights that factor is 1. The log-variance becomes
    a constant, so that a sample of the posterior is its mean to within 0.25 %.
    """
    mean = latents.mean(dim=(0, 2, 3))
    spread = latents.std(dim=(0, 2, 3))
    into, back = vae.quant_conv, vae.post_quant_conv
    back.bias += torch.einsum("oi,i->o", back.weight[:, :, 0, 0], mean)
    back.weight *= spread.view(1, -1, 1, 1)
    into.weight[:4] /= spread.view(-1, 1, 1, 1)
    into.bias[:4] = (into.bias[:4] - mean) / spread
    into.weight[4:] = 0.0
    into.bias[4:] = -12.0


def export_vae() -> None:
    vae, step = trained_vae()
    pictures, index = data.load()
    rows = [i for i, (style, _) in enumerate(index) if style == data.BASE_STYLE]
    fold_latent_scale(vae, encode(vae, pictures[rows]))
    write_weights(MODELS / "vae" / "diffusion_pytorch_model.safetensors", vae.state_dict())
    write_json(MODELS / "vae" / "config.json", {"_class_name": "AutoencoderKL", **CONFIG})
    print(f"codec of step {step}; latents of {len(rows)} {data.BASE_STYLE} pictures now have mean 0 and deviation 1")


def load_vae():
    """The shipped codec, in fp32."""
    vae = new_vae()
    state = load_file(MODELS / "vae" / "diffusion_pytorch_model.safetensors")
    vae.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    return vae.eval().requires_grad_(False)


def load_base():
    """The shipped text encoder and UNet, in fp32 and frozen."""
    from base import new_base

    text, unet = new_base()
    stored = load_file(MODELS / "text_encoder" / "model.safetensors")
    ours = {name if name.startswith("text_model.") else f"text_model.{name}": name for name in text.state_dict()}
    text.load_state_dict({ours[name]: tensor.float() for name, tensor in stored.items()})
    stored = load_file(MODELS / "unet" / "diffusion_pytorch_model.safetensors")
    unet.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    return text.eval().requires_grad_(False), unet.eval().requires_grad_(False)


def with_sd_names(state: dict) -> dict:
    """transformers 5 drops the prefix that every SD 1.5 text encoder has on disk."""
    return {
        name if name.startswith("text_model.") else f"text_model.{name}": tensor
        for name, tensor in state.items()
        if not name.endswith("position_ids")
    }


def export_base() -> None:
    from base import SCHEDULER, TEXT, UNET, trained_base

    text, unet, step = trained_base()
    write_weights(MODELS / "text_encoder" / "model.safetensors", with_sd_names(text.state_dict()))
    write_json(
        MODELS / "text_encoder" / "config.json",
        {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model", **TEXT},
    )
    write_weights(MODELS / "unet" / "diffusion_pytorch_model.safetensors", unet.state_dict())
    write_json(MODELS / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", **UNET})
    write_json(MODELS / "scheduler" / "scheduler_config.json", {"_class_name": "DDIMScheduler", **SCHEDULER})
    write_json(
        MODELS / "model_index.json",
        {
            "_class_name": "StableDiffusionPipeline",
            "feature_extractor": [None, None],
            "requires_safety_checker": False,
            "safety_checker": [None, None],
            "scheduler": ["diffusers", "DDIMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        },
    )
    print(f"base of step {step}")


if __name__ == "__main__":
    start(threads=1, seed=0)
    stages = {"vae": export_vae, "base": export_base}
    if len(sys.argv) != 2 or sys.argv[1] not in stages:
        sys.exit(__doc__)
    stages[sys.argv[1]]()

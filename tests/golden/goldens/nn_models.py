"""Goldens of whole models: UNet (Stable Diffusion 1 and XL, inpainting, the shape of `mini`), VAE, CLIP text."""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from .common import normal, randomise, record_model

UNET_TOLERANCE = (1e-4, 1e-4)
VAE_TOLERANCE = (1e-4, 1e-4)
TEXT_TOLERANCE = (2e-5, 1e-4)

NANO_SD15 = {
    "sample_size": 8,
    "block_out_channels": [8, 16, 32, 32],
    "norm_num_groups": 4,
    "attention_head_dim": 2,
    "cross_attention_dim": 16,
}
NANO_SDXL = {
    "sample_size": 8,
    "block_out_channels": [4, 8, 16],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "norm_num_groups": 2,
    "attention_head_dim": [1, 2, 4],
    "transformer_layers_per_block": [1, 2, 3],
    "use_linear_projection": True,
    "cross_attention_dim": 24,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 4,
    "projection_class_embeddings_input_dim": 12 + 6 * 4,
}
NANO_INPAINTING = {
    "sample_size": 8,
    "in_channels": 9,
    "block_out_channels": [8, 16],
    "layers_per_block": 1,
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "norm_num_groups": 4,
    "attention_head_dim": 2,
    "cross_attention_dim": 16,
}
NANO_MINI = {  # the block list of tools/train_mini/base.py
    "sample_size": 8,
    "block_out_channels": [4, 8, 12],
    "layers_per_block": 1,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3,
    "up_block_types": ["CrossAttnUpBlock2D"] * 3,
    "norm_num_groups": 2,
    "attention_head_dim": 2,
    "cross_attention_dim": 16,
}
NANO_VAE = {
    "sample_size": 32,
    "block_out_channels": [8, 16, 16, 16],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "norm_num_groups": 4,
    "latent_channels": 4,
}
NANO_TEXT = {
    "vocab_size": 100,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "max_position_embeddings": 12,
    "projection_dim": 8,
    "bos_token_id": 98,
    "eos_token_id": 99,
    "pad_token_id": 99,
}


def unet(name: str, config: dict, sizes: list[tuple[int, int]], added: bool = False) -> None:
    module = randomise(UNet2DConditionModel(**config), seed=11)
    channels, width = config.get("in_channels", 4), config["cross_attention_dim"]
    inputs = {"context": normal(22, 2, 7, width), "timestep": torch.tensor([500.5, 999.0])}
    inputs |= {f"sample{i}": normal(23 + i, 2, channels, h, w) for i, (h, w) in enumerate(sizes)}
    if added:
        inputs["text_embeds"] = normal(24, 2, 12)
        inputs["time_ids"] = torch.tensor([[64.0, 72, 0, 8, 64, 64], [32, 48, 4, 0, 64, 56]])
    extra = {key: inputs[key] for key in ("text_embeds", "time_ids") if added}

    def run(module):
        return {
            f"x{i}": module(inputs[f"sample{i}"], inputs["timestep"], inputs["context"], added_cond_kwargs=extra).sample
            for i in range(len(sizes))
        }

    record_model(__file__, "nn", name, module, run, inputs, config, *UNET_TOLERANCE)


def vae() -> None:
    module = randomise(AutoencoderKL(**NANO_VAE), seed=31)
    inputs = {
        "image": normal(32, 1, 3, 24, 16),
        "z": normal(33, 1, 4, 3, 2),
        "large_image": normal(34, 1, 3, 56, 40),
        "large_z": normal(35, 1, 4, 7, 5),
    }

    def run(module):
        module.disable_tiling()
        moments = module.encode(inputs["image"]).latent_dist
        outputs = {"mean": moments.mean, "logvar": moments.logvar, "mode": moments.mode(), "std": moments.std}
        outputs["decoded"] = module.decode(inputs["z"]).sample
        module.enable_tiling()  # tiles of 32 pixels, 4 latents
        outputs["tiled_mean"] = module.encode(inputs["large_image"]).latent_dist.mean
        outputs["tiled_decoded"] = module.decode(inputs["large_z"]).sample
        return outputs

    record_model(__file__, "nn", "vae", module, run, inputs, NANO_VAE, *VAE_TOLERANCE)


def text(name: str, changes: dict, projects: bool) -> None:
    config = NANO_TEXT | changes
    kind = CLIPTextModelWithProjection if projects else CLIPTextModel
    module = randomise(kind(CLIPTextConfig(**config)), seed=41)
    ids = torch.tensor([[98, 3, 17, 4, 99, 99, 99, 99], [98, 50, 99, 0, 0, 0, 0, 0], [98, 1, 2, 3, 4, 5, 6, 99]])

    def run(module):
        result = module(ids, output_hidden_states=True)
        outputs = {f"hidden{i}": state for i, state in enumerate(result.hidden_states)}
        outputs["last"] = result.last_hidden_state
        if projects:
            outputs["projected"] = result.text_embeds
        else:
            outputs["pooled"] = result.pooler_output
        return outputs

    config["architectures"] = [kind.__name__]
    record_model(__file__, "nn", name, module, run, {"ids": ids}, config, *TEXT_TOLERANCE)


def main() -> None:
    # Latents of 9 x 7 do not divide by 8: up blocks return to the size of their skip connections.
    unet("unet_sd15", NANO_SD15, [(8, 8), (9, 7)])
    unet("unet_sdxl", NANO_SDXL, [(8, 8)], added=True)
    unet("unet_inpainting", NANO_INPAINTING, [(6, 4)])
    unet("unet_mini", NANO_MINI, [(8, 8), (5, 3)])
    vae()
    text("clip_text_l", {"hidden_act": "quick_gelu", "eos_token_id": 2}, projects=False)
    text("clip_text_g", {"hidden_act": "gelu", "num_hidden_layers": 4}, projects=True)

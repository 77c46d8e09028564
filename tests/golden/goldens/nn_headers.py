"""Names and shapes, without values, of real checkpoints: Stable Diffusion 1.5, 2.1 and XL, as single files and as folders.

The single files' names are built here from the layout of the original code (openaimodel.py, model.py of latent
diffusion; open_clip) and checked: diffusers' own converters must turn them into exactly the tensors of its models.

A file has one tensor a line: number of characters shared with the line before, the rest of the name, shape ("-" for a
scalar). Lines that begin with "#" are facts.
"""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders import single_file_utils
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from .common import GOLDEN, PACKAGES, version

UNETS = {
    "sd15": {"cross_attention_dim": 768},
    "sd2": {"cross_attention_dim": 1024, "attention_head_dim": [5, 10, 20, 20], "use_linear_projection": True},
    "sdxl": {
        "block_out_channels": [320, 640, 1280],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "attention_head_dim": [5, 10, 20],
        "transformer_layers_per_block": [1, 2, 10],
        "use_linear_projection": True,
        "cross_attention_dim": 2048,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
}
VAE = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
}
CLIP_L = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "projection_dim": 768}
OPEN_CLIP_H = {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 23}
BIG_G = {"hidden_size": 1280, "intermediate_size": 5120, "num_attention_heads": 20, "num_hidden_layers": 32,
         "projection_dim": 1280}  # fmt: skip


def affine(name: str, *shape: int) -> dict[str, tuple]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def norm(name: str, channels: int) -> dict[str, tuple]:
    return affine(name, channels)


def ldm_resnet(p: str, cin: int, cout: int, time: int) -> dict[str, tuple]:
    names = norm(f"{p}.in_layers.0", cin) | affine(f"{p}.in_layers.2", cout, cin, 3, 3)
    names |= affine(f"{p}.emb_layers.1", cout, time)
    names |= norm(f"{p}.out_layers.0", cout) | affine(f"{p}.out_layers.3", cout, cout, 3, 3)
    return names | (affine(f"{p}.skip_connection", cout, cin, 1, 1) if cin != cout else {})


def ldm_transformer(p: str, c: int, depth: int, context: int, linear: bool) -> dict[str, tuple]:
    projection = (c, c) if linear else (c, c, 1, 1)
    names = norm(f"{p}.norm", c) | affine(f"{p}.proj_in", *projection) | affine(f"{p}.proj_out", *projection)
    for i in range(depth):
        b = f"{p}.transformer_blocks.{i}"
        for attention, width in (("attn1", c), ("attn2", context)):
            names |= {f"{b}.{attention}.to_q.weight": (c, c)}
            names |= {f"{b}.{attention}.to_{x}.weight": (c, width) for x in "kv"}
            names |= affine(f"{b}.{attention}.to_out.0", c, c)
        names |= affine(f"{b}.ff.net.0.proj", 8 * c, c) | affine(f"{b}.ff.net.2", c, 4 * c)
        for i_norm in (1, 2, 3):
            names |= norm(f"{b}.norm{i_norm}", c)
    return names


def ldm_unet(widths, depths, mid_depth: int, context: int, linear: bool, added: int, inputs: int = 4) -> dict[str, tuple]:
    """depths: transformer depth a level, 0 for none. Two resnets a level."""
    time = 4 * widths[0]
    names = affine("time_embed.0", time, widths[0]) | affine("time_embed.2", time, time)
    if added:
        names |= affine("label_emb.0.0", time, added) | affine("label_emb.0.2", time, time)
    names |= affine("input_blocks.0.0", widths[0], inputs, 3, 3)
    skips, channels, i = [widths[0]], widths[0], 1
    for level, (width, depth) in enumerate(zip(widths, depths)):
        for _ in range(2):
            names |= ldm_resnet(f"input_blocks.{i}.0", channels, width, time)
            names |= ldm_transformer(f"input_blocks.{i}.1", width, depth, context, linear) if depth else {}
            channels, i = width, i + 1
            skips.append(channels)
        if level + 1 < len(widths):
            names |= affine(f"input_blocks.{i}.0.op", channels, channels, 3, 3)
            i += 1
            skips.append(channels)
    for j in (0, 2):
        names |= ldm_resnet(f"middle_block.{j}", channels, channels, time)
    names |= ldm_transformer("middle_block.1", channels, mid_depth, context, linear)
    i = 0
    for level in reversed(range(len(widths))):
        for j in range(3):
            names |= ldm_resnet(f"output_blocks.{i}.0", channels + skips.pop(), widths[level], time)
            channels = widths[level]
            if depths[level]:
                names |= ldm_transformer(f"output_blocks.{i}.1", channels, depths[level], context, linear)
            if j == 2 and level > 0:
                place = 2 if depths[level] else 1
                names |= affine(f"output_blocks.{i}.{place}.conv", channels, channels, 3, 3)
            i += 1
    names |= norm("out.0", channels) | affine("out.2", 4, channels, 3, 3)
    return {f"model.diffusion_model.{name}": shape for name, shape in names.items()}


def ldm_vae() -> dict[str, tuple]:
    def resnet(p, cin, cout):
        names = norm(f"{p}.norm1", cin) | affine(f"{p}.conv1", cout, cin, 3, 3)
        names |= norm(f"{p}.norm2", cout) | affine(f"{p}.conv2", cout, cout, 3, 3)
        return names | (affine(f"{p}.nin_shortcut", cout, cin, 1, 1) if cin != cout else {})

    def middle(p):
        names = resnet(f"{p}.block_1", 512, 512) | resnet(f"{p}.block_2", 512, 512) | norm(f"{p}.attn_1.norm", 512)
        for x in ("q", "k", "v", "proj_out"):
            names |= affine(f"{p}.attn_1.{x}", 512, 512, 1, 1)
        return names

    widths = VAE["block_out_channels"]
    names = affine("encoder.conv_in", 128, 3, 3, 3) | middle("encoder.mid") | norm("encoder.norm_out", 512)
    names |= affine("encoder.conv_out", 8, 512, 3, 3)
    names |= affine("decoder.conv_in", 512, 4, 3, 3) | middle("decoder.mid") | norm("decoder.norm_out", 128)
    names |= affine("decoder.conv_out", 3, 128, 3, 3)
    names |= affine("quant_conv", 8, 8, 1, 1) | affine("post_quant_conv", 4, 4, 1, 1)
    for i, width in enumerate(widths):
        before = widths[max(i - 1, 0)]
        for j in range(2):
            names |= resnet(f"encoder.down.{i}.block.{j}", before if j == 0 else width, width)
        if i < 3:
            names |= affine(f"encoder.down.{i}.downsample.conv", width, width, 3, 3)
        above = widths[min(i + 1, 3)]
        for j in range(3):
            names |= resnet(f"decoder.up.{i}.block.{j}", above if j == 0 else width, width)
        if i > 0:
            names |= affine(f"decoder.up.{i}.upsample.conv", width, width, 3, 3)
    return {f"first_stage_model.{name}": shape for name, shape in names.items()}


def clip_l(prefix: str) -> dict[str, tuple]:
    state = shapes_of(text_model(CLIP_L))
    names = {prefix + name: shape for name, shape in state.items() if name != "text_projection.weight"}
    return names | {prefix + "text_model.embeddings.position_ids": (1, 77)}


def open_clip(prefix: str, width: int, layers: int) -> dict[str, tuple]:
    names = {"positional_embedding": (77, width), "token_embedding.weight": (49408, width)}
    names |= {"text_projection": (width, width), "logit_scale": ()} | norm("ln_final", width)
    for i in range(layers):
        p = f"transformer.resblocks.{i}"
        names |= norm(f"{p}.ln_1", width) | norm(f"{p}.ln_2", width)
        names |= {f"{p}.attn.in_proj_weight": (3 * width, width), f"{p}.attn.in_proj_bias": (3 * width,)}
        names |= affine(f"{p}.attn.out_proj", width, width)
        names |= affine(f"{p}.mlp.c_fc", 4 * width, width) | affine(f"{p}.mlp.c_proj", width, 4 * width)
    return {prefix + name: shape for name, shape in names.items()}


def text_model(config: dict):
    with torch.device("meta"):
        return CLIPTextModelWithProjection(CLIPTextConfig(**config))


def shapes_of(module) -> dict[str, tuple]:
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def schedule() -> dict[str, tuple]:
    tables = ("alphas_cumprod", "alphas_cumprod_prev", "betas", "log_one_minus_alphas_cumprod",
              "posterior_log_variance_clipped", "posterior_mean_coef1", "posterior_mean_coef2", "posterior_variance",
              "sqrt_alphas_cumprod", "sqrt_one_minus_alphas_cumprod", "sqrt_recip_alphas_cumprod",
              "sqrt_recipm1_alphas_cumprod")  # fmt: skip
    return {name: (1000,) for name in tables} | {"model_ema.decay": (), "model_ema.num_updates": ()}


def single_file(base: str) -> dict[str, tuple]:
    if base == "sdxl":
        names = ldm_unet([320, 640, 1280], [0, 2, 10], 10, 2048, True, 2816)
        names |= clip_l("conditioner.embedders.0.transformer.")
        names |= open_clip("conditioner.embedders.1.model.", 1280, 32)
    else:
        context, linear = (768, False) if base == "sd15" else (1024, True)
        names = ldm_unet([320, 640, 1280, 1280], [1, 1, 1, 0], 1, context, linear, 0) | schedule()
        names |= clip_l("cond_stage_model.transformer.") if base == "sd15" else open_clip("cond_stage_model.model.", 1024, 24)
    return names | ldm_vae()


def folder(base: str) -> dict[str, tuple]:
    """All parts of a diffusers folder, each name with its part in front."""
    with torch.device("meta"):
        parts = {"unet": UNet2DConditionModel(**UNETS[base]), "vae": AutoencoderKL(**VAE)}
    parts["text_encoder"] = text_model(OPEN_CLIP_H if base == "sd2" else CLIP_L)
    if base == "sdxl":
        parts["text_encoder_2"] = text_model(BIG_G)
    names = {f"{part}/{name}": shape for part, module in parts.items() for name, shape in shapes_of(module).items()}
    names.pop("text_encoder/text_projection.weight")  # not in CLIPTextModel
    return names


def check(base: str, names: dict[str, tuple]) -> None:
    """diffusers' converters must make of a single file's names exactly what its models have."""
    file = {name: torch.empty(shape, device="meta") for name, shape in names.items()}
    converted = {}
    config = dict(UNET_CLASS_DEFAULTS) | UNETS[base]
    unet = single_file_utils.convert_ldm_unet_checkpoint(dict(file), config)
    converted |= {f"unet/{name}": tuple(tensor.shape) for name, tensor in unet.items()}
    vae = single_file_utils.convert_ldm_vae_checkpoint(dict(file), VAE)
    squeezed = {name: t[:, :, 0, 0] if "attentions" in name and t.dim() == 4 else t for name, t in vae.items()}
    converted |= {f"vae/{name}": tuple(tensor.shape) for name, tensor in squeezed.items()}
    expected = {name: shape for name, shape in folder(base).items() if name.startswith(("unet/", "vae/"))}
    assert converted == expected, sorted(set(converted.items()) ^ set(expected.items()))[:8]
    if base != "sd15":
        prefix = "conditioner.embedders.1.model." if base == "sdxl" else "cond_stage_model.model."
        model = text_model(BIG_G if base == "sdxl" else OPEN_CLIP_H)
        text = single_file_utils.convert_open_clip_checkpoint(model, dict(file), prefix=prefix)
        shapes = {name: tuple(tensor.shape) for name, tensor in text.items()}
        missing = [name for name, shape in shapes_of(model).items() if shapes.get(name) != shape]
        assert set(missing) <= {"text_projection.weight"}, missing[:8]


UNET_CLASS_DEFAULTS = {"layers_per_block": 2, "class_embed_type": None, "addition_embed_type": None,
                       "num_class_embeds": None}  # fmt: skip


def write(name: str, names: dict[str, tuple]) -> None:
    versions = {package: version(package) for package in PACKAGES}
    lines = [f"# made by goldens/nn_headers.py with {versions}"]
    before = ""
    for tensor, shape in sorted(names.items()):
        shared = next((i for i, (a, b) in enumerate(zip(before, tensor)) if a != b), min(len(before), len(tensor)))
        lines.append(f"{shared} {tensor[shared:]} {'x'.join(map(str, shape)) or '-'}")
        before = tensor
    path = GOLDEN / "nn" / f"{name}.header.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"nn/{name}: {len(names)} tensors, {path.stat().st_size / 1e3:.0f} kB")


def main() -> None:
    for base in UNETS:
        names = single_file(base)
        check(base, names)
        write(f"{base}_file", names)
        write(f"{base}_folder", folder(base))

"""Goldens of whole pictures: diffusers' pipelines on micro models, from prompt and seeds to final latents and pixels.

generator/pipelines/sd15, sdxl: diffusers folders without tokenizers (generator/tokenizer goes with them); unet_9: the
UNet that makes sd15 an inpainting model; lora.safetensors: a kohya file for sd15. cases.safetensors: `in.init`,
`in.mask`, `<case>.latents` [B, 4, h, w], `<case>.pixels` [B, H, W, 3] of 8 bits; the cases' settings in its metadata.
"""

import copy
import json
import shutil

import numpy as np
import torch
from diffusers import (AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler,
                       EulerDiscreteScheduler, PNDMScheduler, StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline,
                       StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel)
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from . import common
from .lora_diffusers import kohya_file

FOLDER = common.GOLDEN / "generator" / "pipelines"
TOKENIZER = common.GOLDEN / "generator" / "tokenizer"
VOCAB = 1026
HEIGHT, WIDTH = 16, 24
TOLERANCE = 1e-3
PROMPT, NEGATIVE = "a red fox in deep snow, watercolor", "blurry, a boat"
SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1,
            "set_alpha_to_one": False, "skip_prk_steps": True, "timestep_spacing": "leading"}
UNET = {"sample_size": 12, "block_out_channels": [8, 16], "layers_per_block": 1, "norm_num_groups": 4,
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
        "attention_head_dim": 2, "cross_attention_dim": 16}
UNET_XL = {"sample_size": 12, "block_out_channels": [4, 8], "layers_per_block": 1, "norm_num_groups": 2,
           "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"], "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
           "attention_head_dim": [1, 2], "transformer_layers_per_block": [1, 2], "use_linear_projection": True,
           "cross_attention_dim": 16 + 24, "addition_embed_type": "text_time", "addition_time_embed_dim": 4,
           "projection_class_embeddings_input_dim": 20 + 6 * 4}
VAE = {"sample_size": 24, "block_out_channels": [4, 8], "layers_per_block": 1, "norm_num_groups": 2, "latent_channels": 4,
       "down_block_types": ["DownEncoderBlock2D"] * 2, "up_block_types": ["UpDecoderBlock2D"] * 2}
TEXT = {"vocab_size": VOCAB, "max_position_embeddings": 77, "bos_token_id": VOCAB - 2, "pad_token_id": 1,
        "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_act": "quick_gelu",
        "eos_token_id": 2}
TEXT_2 = TEXT | {"hidden_size": 24, "num_attention_heads": 3, "hidden_act": "gelu", "projection_dim": 20, "eos_token_id": VOCAB - 1}
SAMPLERS = {
    "pndm": lambda config: PNDMScheduler.from_config(config),
    "ddim": lambda config: DDIMScheduler.from_config(config),
    "euler": lambda config: EulerDiscreteScheduler.from_config(config),
    "euler_a": lambda config: EulerAncestralDiscreteScheduler.from_config(config),
    "dpmpp_2m_karras": lambda config: DPMSolverMultistepScheduler.from_config(config, use_karras_sigmas=True),
}


def scheduler():
    return PNDMScheduler(**SCHEDULE)


def tokenizer(**options):
    return CLIPTokenizer.from_pretrained(TOKENIZER, model_max_length=77, **options)


def sd15():
    return StableDiffusionPipeline(
        vae=common.randomise(AutoencoderKL(**VAE), 1), unet=common.randomise(UNet2DConditionModel(**UNET), 2),
        text_encoder=common.randomise(CLIPTextModel(CLIPTextConfig(**TEXT)), 3), tokenizer=tokenizer(), scheduler=scheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def sdxl():
    return StableDiffusionXLPipeline(
        vae=common.randomise(AutoencoderKL(**VAE | {"scaling_factor": 0.13025}), 4),
        unet=common.randomise(UNet2DConditionModel(**UNET_XL), 5),
        text_encoder=common.randomise(CLIPTextModel(CLIPTextConfig(**TEXT)), 6),
        text_encoder_2=common.randomise(CLIPTextModelWithProjection(CLIPTextConfig(**TEXT_2)), 7),
        tokenizer=tokenizer(), tokenizer_2=tokenizer(pad_token="!"), scheduler=scheduler(), add_watermarker=False)


def store(pipe, name: str) -> None:
    """Writes the folder in fp16, which holds these weights exactly, without tokenizers."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("unet", "vae", "text_encoder", "text_encoder_2", "scheduler"):
        if (module := getattr(pipe, part, None)) is not None:
            stored = module if part == "scheduler" else copy.deepcopy(module).half()
            stored.save_pretrained(folder / part)
    index = {"_class_name": type(pipe).__name__} | {
        part: list(value) for part, value in pipe.config.items()
        if isinstance(value, (list, tuple)) and value[0] is not None}
    if "force_zeros_for_empty_prompt" in pipe.config:
        index["force_zeros_for_empty_prompt"] = pipe.config.force_zeros_for_empty_prompt
    (folder / "model_index.json").write_text(json.dumps(index, indent=1) + "\n")


def init_picture() -> np.ndarray:
    """Stripes and a gradient: flat enough to compress, lively enough to notice a flip."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 10, y * 15, 128 + 100 * ((x // 4 + y // 3) % 2)], -1).astype(np.uint8)


def mask_picture() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    mask[4:13, 7:20] = 255
    return mask


def run(pipe, case: dict, init, mask) -> tuple[torch.Tensor, torch.Tensor]:
    pipe.set_progress_bar_config(disable=True)
    count = len(case["seeds"])
    options = {"prompt": [PROMPT] * count, "num_inference_steps": case["steps"], "guidance_scale": case["guidance"],
               "generator": [common.generator(seed) for seed in case["seeds"]], "output_type": "latent"}
    if case["negative"] is not None:
        options["negative_prompt"] = [case["negative"]] * count
    if case["rescale"]:
        options["guidance_rescale"] = case["rescale"]
    if case["init"]:
        options |= {"image": [Image.fromarray(init)] * count, "strength": case["strength"]}
    if case["mask"]:
        options |= {"mask_image": [Image.fromarray(mask)] * count}
    if not case["init"] or case["mask"]:
        options |= {"height": HEIGHT, "width": WIDTH}
    latents = pipe(**options).images
    decoded = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample
    return latents, decoded


def eight_bits(pipe, decoded: torch.Tensor) -> torch.Tensor:
    pictures = pipe.image_processor.postprocess(decoded, output_type="pil")
    return torch.stack([torch.from_numpy(np.asarray(picture).copy()) for picture in pictures])


def case(name: str, **changes) -> dict:
    return {"name": name, "model": "sd15", "sampler": "pndm", "steps": 5, "guidance": 7.5, "rescale": 0.0, "seeds": [7],
            "negative": NEGATIVE, "init": False, "mask": False, "strength": 1.0, "prediction": "", "lora": 0.0} | changes


CASES = [
    case("txt2img"),
    case("no_guidance", guidance=1.0, sampler="ddim"),
    case("no_negative", negative=None, sampler="ddim"),
    case("rescale", rescale=0.7, sampler="euler"),
    case("batch", seeds=[3, 1, 2**31 + 5], sampler="euler_a"),
    case("karras", sampler="dpmpp_2m_karras"),
    case("v_prediction", sampler="ddim", prediction="v_prediction"),
    # Weak, as adapters are: at 0.8 these random factors outweigh the model, and rounding alone (fused or not) decides.
    case("lora", lora=0.1, sampler="ddim"),
    case("img2img", init=True, strength=0.5, sampler="ddim", seeds=[5, 6]),
    case("img2img_whole", init=True, strength=1.0, sampler="euler"),
    case("inpaint_4", init=True, mask=True, strength=0.6, sampler="ddim", seeds=[8, 9]),
    case("inpaint_4_whole", init=True, mask=True, sampler="euler"),
    case("inpaint_4_noisy", init=True, mask=True, strength=0.6, sampler="euler_a"),
    case("inpaint_9", model="sd15_9", init=True, mask=True, strength=0.6, sampler="ddim"),
    case("inpaint_9_whole", model="sd15_9", init=True, mask=True, sampler="euler_a"),
    case("xl", model="sdxl", sampler="euler", guidance=5.0),
    case("xl_zeros", model="sdxl", sampler="ddim", negative=None, guidance=5.0),
    case("xl_no_guidance", model="sdxl", sampler="ddim", guidance=1.0, seeds=[1, 2]),
]


def pipeline_of(pipes: dict, case: dict):
    pipe = pipes[case["model"]]
    config = dict(pipe.scheduler.config) | ({"prediction_type": case["prediction"]} if case["prediction"] else {})
    config.pop("_use_default_values", None)  # as a stored config is read
    # Clipping belongs to pixels; only some of diffusers' pipelines switch it off by themselves.
    parts = pipe.components | {"scheduler": SAMPLERS[case["sampler"]](config | {"clip_sample": False})}
    if case["model"] == "sdxl":
        return StableDiffusionXLPipeline(**{k: v for k, v in parts.items() if v is not None}, add_watermarker=False)
    kind = StableDiffusionPipeline
    if case["init"]:
        kind = StableDiffusionInpaintPipeline if case["mask"] else StableDiffusionImg2ImgPipeline
    return kind(**parts, requires_safety_checker=False)


def mutation(pipe, init, mask) -> dict:
    """img2img runs every part of the model."""
    settings = case("", init=True, strength=0.5, sampler="ddim")
    everything = torch.nn.ModuleDict({name: getattr(pipe, name) for name in ("unet", "vae", "text_encoder")})
    img2img = pipeline_of({"sd15": pipe}, settings)

    def outputs(_) -> dict:
        return dict(zip(("latents", "decoded"), run(img2img, settings, init, mask), strict=True))

    return common.mutation_check(everything, outputs, outputs(None), TOLERANCE, 0.0)


def main() -> None:
    pipes = {"sd15": sd15(), "sdxl": sdxl()}
    for name, pipe in pipes.items():
        store(pipe, name)
    nine = common.randomise(UNet2DConditionModel(**UNET | {"in_channels": 9}), 8)
    copy.deepcopy(nine).half().save_pretrained(FOLDER / "unet_9")
    pipes["sd15_9"] = StableDiffusionInpaintPipeline(**pipes["sd15"].components | {"unet": nine}, requires_safety_checker=False)
    lora = kohya_file(pipes["sd15"], 60)
    save_file({key: value.half() for key, value in lora.items()}, FOLDER / "lora.safetensors")

    init, mask = init_picture(), mask_picture()
    tensors = {"in.init": torch.from_numpy(init), "in.mask": torch.from_numpy(mask)}
    facts = {"atol": repr(TOLERANCE), "prompt": PROMPT, "cases": CASES, "mutation": mutation(pipes["sd15"], init, mask)}
    for settings in CASES:
        used = pipes | ({"sd15": sd15()} if settings["lora"] else {})
        pipe = pipeline_of(used, settings)
        if settings["lora"]:
            pipe.load_lora_weights(dict(lora), adapter_name="a")
            pipe.set_adapters(["a"], [settings["lora"]])
        latents, decoded = run(pipe, settings, init, mask)
        assert latents.isfinite().all() and latents.std() > 0.1, settings["name"]
        tensors[f"{settings['name']}.latents"] = latents
        tensors[f"{settings['name']}.pixels"] = eight_bits(pipe, decoded)
    common.record(__file__, "generator/pipelines", "cases", tensors, facts)

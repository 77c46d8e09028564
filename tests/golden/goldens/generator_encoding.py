"""Goldens of prompt encodings: micro text encoders, diffusers' encode_prompt for plain prompts, and for the grammar of
A1111 (emphasis, chunks, BREAK, learned words) its rules applied to the outputs of transformers' models.

prompt_encoding.safetensors: `sd.*`, `xl1.*`, `xl2.*` weights of the encoders, `<case>.context`, `<case>.pooled`,
`word.sd`, `word.xl1`, `word.xl2` vectors of the learned word. Tokenizer: generator/tokenizer.
"""
import copy

import torch
from diffusers import (AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline,
                       UNet2DConditionModel)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from . import common
from .generator_prompts import parse

FOLDER = common.GOLDEN / "generator"
VOCAB, ROOM, BACKTRACK = 1026, 75, 20
WORD = "zorg-style"
CONFIGS = {
    "sd": dict(hidden_size=16, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2, hidden_act="quick_gelu",
               eos_token_id=2),
    "xl1": dict(hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2, hidden_act="quick_gelu",
                eos_token_id=VOCAB - 1),
    "xl2": dict(hidden_size=24, intermediate_size=32, num_hidden_layers=4, num_attention_heads=3, hidden_act="gelu",
                projection_dim=20, eos_token_id=VOCAB - 1),
}
PLAIN = ["a red fox in deep snow, watercolor", ""]
LONG = ", ".join(f"a glass whale and {n} paper boats" for n in range(30))
NO_COMMA = " ".join(f"ukiyo wave {n}" for n in range(40))
A1111 = {
    "emphasis": ["a (red:1.4) fox [in] snow", "(ugly) (blurry:1.3)"],
    "zero_weight": ["a (red:0) fox", "(minus:-0.5) one"],
    "long": [LONG, "short"],
    "long_without_commas": [NO_COMMA, LONG],
    "break": ["one BREAK (two:1.2) three BREAK BREAK four", "a"],
}


def build(name: str):
    config = CLIPTextConfig(vocab_size=VOCAB, max_position_embeddings=77, bos_token_id=0, pad_token_id=1, **CONFIGS[name])
    kind = CLIPTextModelWithProjection if name == "xl2" else CLIPTextModel
    return common.randomise(kind(config), len(name) + ord(name[-1]))


def stored(name: str, model) -> dict:
    out = {}
    for key, value in model.state_dict().items():
        if "position_ids" in key:
            continue
        key = key if key.startswith(("text_model.", "text_projection")) else f"text_model.{key}"
        out[f"weight.{name}.{key}"] = value
    return out


def with_word(model, vectors):
    """The model with more rows in its vocabulary."""
    model = copy.deepcopy(model)
    embeddings = (model.text_model if hasattr(model, "text_model") else model).embeddings
    table = torch.cat([embeddings.token_embedding.weight, vectors])
    embeddings.token_embedding = torch.nn.Embedding.from_pretrained(table)
    for config in {id(m.config): m.config for m in model.modules() if hasattr(m, "config")}.values():
        config.eos_token_id = VOCAB - 1
    for module in model.modules():
        if hasattr(module, "eos_token_id"):
            module.eos_token_id = VOCAB - 1
    return model


def cut(tokens: list, comma: int) -> list[list]:
    """Chunks of (id, weight); a None in `tokens` is a BREAK."""
    chunks, rest = [], []
    parts = [[]]
    for token in tokens:
        parts.append([]) if token is None else parts[-1].append(token)
    for number, rest in enumerate(parts):
        while len(rest) > ROOM:
            commas = [i for i in range(ROOM) if rest[i][0] == comma]
            near = commas and rest[ROOM][0] != comma and ROOM - commas[-1] <= BACKTRACK
            end = commas[-1] + 1 if near else ROOM
            chunks.append(rest[:end])
            rest = rest[end:]
        if rest or number + 1 < len(parts) or not chunks:
            chunks.append(rest)
    return chunks


def tokens_of(tokenizer, prompt: str, word_ids=None) -> list:
    out = []
    for piece in parse(prompt):
        if piece == "BREAK":
            out.append(None)
            continue
        ids = tokenizer(piece[0], add_special_tokens=False)["input_ids"]
        name = tokenizer(WORD, add_special_tokens=False)["input_ids"]
        at = 0
        while at < len(ids):
            if word_ids and ids[at:at + len(name)] == name:
                out += [(i, piece[1]) for i in word_ids]
                at += len(name)
            else:
                out.append((ids[at], piece[1]))
                at += 1
    return out


def encode_chunk(model, style: str, chunk: list, pad: int, dropped: int):
    ids = [VOCAB - 2, *(i for i, _ in chunk), VOCAB - 1]
    weights = torch.tensor([1.0, *(w for _, w in chunk)] + [1.0] * (78 - len(ids)))
    ids += [pad] * (77 - len(ids))
    out = model(torch.tensor([ids]), output_hidden_states=True)
    norm = (model.text_model if hasattr(model, "text_model") else model).final_layer_norm
    z = norm(out.hidden_states[-1 - dropped]) if style == "final" else out.hidden_states[-2 - dropped]
    if any(w != 1.0 for _, w in chunk):
        weighted = z * weights[:77].reshape(1, 77, 1)
        z = weighted * (z.mean() / weighted.mean())
    pooled = out.text_embeds if hasattr(out, "text_embeds") else out.pooler_output
    return z[0], pooled[0]


def encode(models: list, tokenizer, style: str, prompts: list, dropped=0, word_ids=None):
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    per_prompt = [cut(tokens_of(tokenizer, p, word_ids), comma) for p in prompts]
    count = max(len(chunks) for chunks in per_prompt)
    contexts, pools = [], []
    for chunks in per_prompt:
        chunks = chunks + [[]] * (count - len(chunks))
        sides = []
        for number, model in enumerate(models):
            rows = [encode_chunk(model, style, c, 0 if number else VOCAB - 1, dropped) for c in chunks]
            sides.append(torch.cat([z for z, _ in rows]))
            pooled = rows[0][1]
        contexts.append(torch.cat(sides, dim=-1))
        pools.append(pooled)
    return torch.stack(contexts), torch.stack(pools)


def pipelines(models: dict, tokenizer, tokenizer_2):
    vae = AutoencoderKL(block_out_channels=(4,), norm_num_groups=2)
    unet = UNet2DConditionModel(block_out_channels=(4, 8), layers_per_block=1, cross_attention_dim=16, norm_num_groups=2,
                                attention_head_dim=2, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"))
    sd = StableDiffusionPipeline(vae, models["sd"], tokenizer, unet, DDIMScheduler(), None, None, requires_safety_checker=False)
    xl = StableDiffusionXLPipeline(vae, models["xl1"], models["xl2"], tokenizer, tokenizer_2, unet, DDIMScheduler(),
                                   add_watermarker=False)
    return sd, xl


def main() -> None:
    models = {name: build(name) for name in CONFIGS}
    tokenizer = CLIPTokenizer.from_pretrained(FOLDER / "tokenizer", model_max_length=77)
    tokenizer_2 = CLIPTokenizer.from_pretrained(FOLDER / "tokenizer", model_max_length=77, pad_token="!")
    sd, xl = pipelines(models, tokenizer, tokenizer_2)
    tensors, cases = {}, []
    for name, model in models.items():
        tensors |= stored(name, model)

    def add(case, style, prompts, context, pooled=None, dropped=0, word=False):
        cases.append(dict(case=case, style=style, prompts=prompts, dropped=dropped, word=word))
        tensors[f"{case}.context"] = context
        if pooled is not None:
            tensors[f"{case}.pooled"] = pooled

    with torch.no_grad():
        yes, no = sd.encode_prompt(PLAIN[0], "cpu", 1, True, PLAIN[1])
        add("diffusers/sd", "final", PLAIN, torch.cat([yes, no]))
        # diffusers 0.42.1 still looks for `text_model`, which transformers 5.23's CLIPTextModel no longer has.
        object.__setattr__(models["sd"], "text_model", models["sd"])
        yes, _ = sd.encode_prompt(PLAIN[0], "cpu", 1, False, clip_skip=1)
        add("diffusers/sd_skip", "final", PLAIN[:1], yes, dropped=1)
        parts = xl.encode_prompt(PLAIN[0], device="cpu", negative_prompt="a")
        add("diffusers/xl", "penultimate", [PLAIN[0], "a"], torch.cat(parts[:2]), torch.cat(parts[2:]))
        parts = xl.encode_prompt(PLAIN[0], device="cpu", do_classifier_free_guidance=False, clip_skip=1)
        add("diffusers/xl_skip", "penultimate", PLAIN[:1], parts[0], parts[2], dropped=1)

        pair = [models["xl1"], models["xl2"]]
        for case, prompts in A1111.items():
            context, _ = encode([models["sd"]], tokenizer, "final", prompts)
            add(f"sd/{case}", "final", prompts, context)
        for case in ("emphasis", "long"):
            add(f"xl/{case}", "penultimate", A1111[case], *encode(pair, tokenizer, "penultimate", A1111[case], dropped=1), dropped=1)

        words = {name: common.normal(77 + i, 2, CONFIGS[name]["hidden_size"]) for i, name in enumerate(CONFIGS)}
        for name, vectors in words.items():
            tensors[f"word.{name}"] = vectors
        ids = [VOCAB, VOCAB + 1]
        prompts = [f"a fox in ({WORD}:1.2), {WORD.upper()}", "a zorg in style"]
        context, _ = encode([with_word(models["sd"], words["sd"])], tokenizer, "final", prompts, word_ids=ids)
        add("sd/word", "final", prompts, context, word=True)
        wide = [with_word(models[name], words[name]) for name in ("xl1", "xl2")]
        add("xl/word", "penultimate", prompts, *encode(wide, tokenizer, "penultimate", prompts, word_ids=ids), word=True)
    common.record(__file__, "generator", "prompt_encoding", tensors,
                  dict(what="prompt encodings", atol="2e-5", rtol="1e-4", cases=cases, configs=CONFIGS, word=WORD))

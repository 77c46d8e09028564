"""mini-CLIP features of the true pictures of the evaluation prompts: what mini-FID compares with.

    python mini_reference.py        models/mini/mini_clip/reference.safetensors, fp16

The picture of a prompt is that of its concept in its style, or in the base's style where it names none.
"""

import json

import torch
from safetensors.torch import save_file

import data
from common import MODELS, start
from mini_clip import load_clip, picture_features


def main() -> None:
    start(1, seed=0)
    torch.set_grad_enabled(False)
    pictures, index = data.load()
    rows = {(style, concept): i for i, (style, concept) in enumerate(index)}
    lines = (MODELS / "eval_prompts.jsonl").read_text(encoding="utf-8").splitlines()
    prompts = [json.loads(line) for line in lines]
    wanted = [(prompt["style"] or data.BASE_STYLE, prompt["concept"]) for prompt in prompts]
    missing = [key for key in wanted if key not in rows]
    wanted = [key for key in wanted if key in rows]
    features = picture_features(load_clip(), pictures[[rows[key] for key in wanted]])
    save_file({"pictures": features.half().contiguous()}, MODELS / "mini_clip" / "reference.safetensors")
    print(f"{len(wanted)} pictures, {features.shape[1]} numbers each; not drawn in that style: {missing}")


if __name__ == "__main__":
    main()

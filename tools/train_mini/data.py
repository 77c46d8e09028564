"""The pictures as one array, and which concepts each stage may see.

    python data.py png FOLDER   from ready pictures FOLDER/png64/STYLE/CONCEPT.png

writes WORK/pictures.npy (uint8 [N, 64, 64, 3], on white) and WORK/index.json, one [style, concept] a picture.
"""

import json
import random
import sys
from pathlib import Path

import numpy
from PIL import Image

from common import WORK, read_json, write_json

# What may be trained on and shipped in the VAE and the base; OpenMoji is share-alike, so it is not here.
SHIPPED_STYLES = [
    "fluent-emoji-flat",
    "fluent-emoji",
    "fluent-emoji-high-contrast",
    "noto",
    "noto-v1",
    "twemoji",
    "emojione",
    "fxemoji",
]
BASE_STYLE = "fluent-emoji-flat"


def concepts(folder: Path) -> list[dict]:
    with open(folder / "concepts.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def pack(folder: Path) -> None:
    """Reads every picture that concepts.jsonl names and writes the array and its index."""
    index, pictures = [], []
    for concept in concepts(folder):
        for style in concept["styles"]:
            with Image.open(folder / "png64" / style / f"{concept['concept']}.png") as picture:
                pictures.append(numpy.asarray(picture.convert("RGB")))
            index.append([style, concept["concept"]])
    WORK.mkdir(parents=True, exist_ok=True)
    numpy.save(WORK / "pictures.npy", numpy.stack(pictures))
    write_json(WORK / "index.json", index)
    write_json(WORK / "concepts.json", concepts(folder))
    print(f"{len(index)} pictures packed into {WORK / 'pictures.npy'}")


def load() -> tuple[numpy.ndarray, list[list[str]]]:
    return numpy.load(WORK / "pictures.npy", mmap_mode="r"), read_json(WORK / "index.json")


def latents():
    """The codec's latents of every picture, float [N, 4, 16, 16], made once and kept in WORK/latents.npy."""
    import torch

    path = WORK / "latents.npy"
    if not path.exists():
        from export import load_vae
        from gates import encode

        device = "cuda" if torch.cuda.is_available() else "cpu"
        values = encode(load_vae().to(device), load()[0], device).cpu().half().numpy()
        draft = path.with_suffix(".draft.npy")
        numpy.save(draft, values)
        draft.replace(path)
    return torch.from_numpy(numpy.load(path)).float()


def vae_held_out() -> set[str]:
    """One concept in twenty, never shown to the VAE in any style."""
    names = sorted(concept["concept"] for concept in read_json(WORK / "concepts.json"))
    return set(random.Random(20).sample(names, len(names) // 20))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "png":
        sys.exit(__doc__)
    pack(Path(sys.argv[2]))

"""Draws models/mini/adapters/NAME.preview.png, 64 x 64, with each adapter of the base and nothing else.

    python adapter_previews.py [NAME...]      run it again after an adapter was trained anew
"""

import sys

import numpy
from PIL import Image

from adapter_drawing import Drawings, group_concepts, groups_there, path_of, styles_there
from common import MODELS, start
from export import load_vae
from gates import decode
from lora import ADAPTERS

STYLE_SUBJECT = "strawberry"  # a word that every style adapter saw
GROUP_SUBJECTS = {"birds": "penguin", "boats": "ship", "aircraft": "helicopter", "road-vehicles": "taxi"}


def prompt_of(name: str) -> str:
    """What the preview shows: a style's word on one subject, or one concept of a group."""
    kind, _, which = name.partition("-")
    if kind == "style":
        return f"{STYLE_SUBJECT}, {ADAPTERS['styles'][which]['trigger']}"
    if kind == "burnt":
        return f"{STYLE_SUBJECT}, {ADAPTERS['burnt']['trigger']}"
    if kind == "subset":
        return ADAPTERS["subsets"][which]["concepts"][-1].replace("-", " ")
    return GROUP_SUBJECTS.get(which, group_concepts(which)[0]["name"].lower())


def names_there() -> list[str]:
    subsets = [f"subset-{subset}" for subset in ADAPTERS["subsets"]]
    names = [f"style-{style}" for style in styles_there()] + [f"concept-{group}" for group in groups_there()]
    return names + [name for name in [*subsets, "burnt"] if path_of(name).exists()]


def main() -> None:
    drawings, vae = Drawings(), load_vae()
    for name in sys.argv[1:] or names_there():
        latents = drawings.get([prompt_of(name)], [8], name, 1.0)
        picture = (decode(vae, latents)[0] * 255).round().astype(numpy.uint8)
        path = MODELS / "adapters" / f"{name}.preview.png"
        # 64 colours look the same here and keep the folder small.
        Image.fromarray(picture).quantize(64).save(path, optimize=True)
        print(f"{path}: {prompt_of(name)}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    start(threads=1, seed=0)
    main()

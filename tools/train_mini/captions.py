"""Captions of a concept, drawn anew each time a picture is shown.

"lion"   "lion, face, safari"   "an emoji of a lion"   "safari lion"   "cat, zodiac, safari"   ""
"""

import numpy

TEMPLATES = ["a {}", "the {}", "an emoji of a {}", "a picture of a {}", "an icon of a {}", "a drawing of a {}"]


def keywords_of(concept: dict) -> list[str]:
    """The keywords that are not the name itself, with spaces for underscores."""
    words = [word.replace("_", " ").lower() for word in concept["keywords"]]
    return [word for word in dict.fromkeys(words) if word != concept["name"].lower()]


def caption(concept: dict, draw: numpy.random.Generator) -> str:
    """Empty one time in ten, for classifier-free guidance; keywords alone one time in twelve."""
    name, keywords = concept["name"].lower(), keywords_of(concept)
    kind = draw.random()
    if kind < 0.10:
        return ""
    if kind < 0.50 or not keywords:
        return name
    if kind < 0.68:
        return TEMPLATES[draw.integers(len(TEMPLATES))].format(name)
    chosen = [keywords[i] for i in draw.permutation(len(keywords))[:2]]
    if kind < 0.76 and len(chosen) == 2:
        return ", ".join(
            chosen + [keywords[i] for i in draw.permutation(len(keywords))[:1] if keywords[i] not in chosen]
        )
    if kind < 0.84:
        return f"{chosen[0]} {name}"
    return ", ".join([name] + chosen[: draw.integers(1, 3)])

"""Measures what the adapters do: whether a style reaches concepts it never saw, and whether a group is drawn at all.

    python adapter_gates.py [style] [concept] [burnt] [--styles NAME...] [--sheets FOLDER]

Without words all three. Reads the adapters that are there and says which are not. Intervals are 95 %.

style    Each style adapter draws the tenth of the base's concepts that it never saw. A drawing counts when its own
         true picture in that style is the nearest (top-1) or among the five nearest (top-5) of all true pictures of
         these concepts in that style, by distance of latents and by mini-CLIP's picture features. Beside it: chance;
         the base without adapter; the ceiling, which is the true picture in the base's style; and `content`, the same
         search among the true pictures in the base's style. A style classifier says which style a drawing looks like;
         alone it is fooled by texture.
concept  The concepts that the base never saw, drawn by the base and with the adapter of their group: cosine of
         mini-CLIP's picture and text features, a blind choice among four concepts by pictures in other styles, and the
         v-loss on the true pictures, which says whether the adapter was trained to the end (the base's is 0.01).
burnt    The style gate for the adapter that was trained too hard, at full weight and tamed.
"""

import argparse
from pathlib import Path

import numpy
import torch

import data
from adapter_drawing import (
    CONCEPT_SEEDS,
    CONCEPT_WEIGHT,
    Drawings,
    group_concepts,
    group_drawings,
    groups_there,
    held_out_concepts,
    path_of,
    rows_by_picture,
    style_drawings,
    styles_there,
)
from base_gates import v_loss
from common import MODELS, read_json, start
from export import load_vae
from gates import decode
from lora import ADAPTERS
from mini_clip import STYLES, features, load_clip, picture_features
from sampling import write_sheet
from style_judge import style_votes, trained_judge
from tokenizer import ids_of, load_tokenizer

BOOTSTRAP = 2000


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    share, z = right / count, 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * numpy.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half


def bootstrap(values: numpy.ndarray, owners: numpy.ndarray | None = None) -> tuple[float, float]:
    """The 95 % interval of the mean, by drawing owners (concepts) again; without owners each value is its own."""
    owners = numpy.arange(len(values)) if owners is None else owners
    means = numpy.array([values[owners == owner].mean() for owner in numpy.unique(owners)])
    draw = numpy.random.default_rng(17)
    again = means[draw.integers(len(means), size=(BOOTSTRAP, len(means)))].mean(1)
    return float(numpy.quantile(again, 0.025)), float(numpy.quantile(again, 0.975))


class Judges:
    """Codec, mini-CLIP and the true pictures."""

    def __init__(self):
        self.vae, self.clip, self.rows = load_vae(), load_clip(), rows_by_picture()
        self.pictures, self.latents = data.load()[0], data.latents()

    def seen(self, latents: torch.Tensor) -> tuple[numpy.ndarray, torch.Tensor]:
        """Pictures uint8 of drawn latents and their features."""
        pictures = (decode(self.vae, latents) * 255).round().astype(numpy.uint8)
        return pictures, picture_features(self.clip, pictures)

    def truth(self, style: str, names: list[str]) -> tuple[numpy.ndarray, torch.Tensor, torch.Tensor]:
        """True pictures, their latents and features."""
        rows = [self.rows[style, name] for name in names]
        return self.pictures[rows], self.latents[rows], picture_features(self.clip, self.pictures[rows])


def ranks(scores: torch.Tensor) -> numpy.ndarray:
    """How many others are at least as near to drawing i as its own picture i; scores [N, N]."""
    return ((scores >= scores.diagonal().unsqueeze(1)).sum(1) - 1).numpy()


def both_ranks(drawn: torch.Tensor, seen: torch.Tensor, true: torch.Tensor, true_seen: torch.Tensor):
    """Ranks by latents and by features."""
    return ranks(-torch.cdist(drawn.flatten(1), true.flatten(1))), ranks(seen @ true_seen.T)


def shares(found) -> str:
    """Top-1 with interval and top-5, by latents and by features."""
    text = ""
    for rank in found:
        low, high = wilson(int((rank < 1).sum()), len(rank))
        text += f"  {(rank < 1).mean():.2f} [{low:.2f}, {high:.2f}] {(rank < 5).mean():.2f}"
    return text


def gate_style(which: str, judges: Judges, drawings: Drawings, judge, sheets: Path | None) -> None:
    chosen = ADAPTERS["burnt"] if which == "burnt" else ADAPTERS["styles"][which]
    style, concepts = chosen["style"], held_out_concepts()
    keep = [i for i, concept in enumerate(concepts) if (style, concept["concept"]) in judges.rows]
    names = [concepts[i]["concept"] for i in keep]
    pictures, true, true_seen = judges.truth(style, names)
    base_pictures, base_true, base_seen = judges.truth(data.BASE_STYLE, names)
    count = len(names)
    print(f"\n{which}: {style}, {count} concepts it never saw; chance {1 / count:.3f} top-1, {5 / count:.3f} top-5")
    print(f"{'':22}{'latents: top-1, top-5':>28}{'mini-CLIP: top-1, top-5':>27}   looks like {style}")
    own = both_ranks(base_true, base_seen, true, true_seen)
    print(f"{'ceiling':22}{shares(own)}   {style_votes(judge, base_true, style):.2f}")
    print(f"{'true pictures':22}{'':56}   {style_votes(judge, true, style):.2f}")
    rows, base_found = [base_pictures / 255.0, pictures / 255.0], None
    for weight, latents in style_drawings(drawings, which).items():
        latents = latents[keep]
        drawn, seen = judges.seen(latents)
        found = both_ranks(latents, seen, true, true_seen)
        label = f"weight {weight}" if weight else "base, no adapter"
        print(f"{label:22}{shares(found)}   {style_votes(judge, latents, style):.2f}")
        print(f"{'  content':22}{shares(both_ranks(latents, seen, base_true, base_seen))}")
        if weight:
            text = ""
            for mine, its in zip(found, base_found):
                gain = (mine < 1).astype(float) - (its < 1)
                low, high = bootstrap(gain)
                text += f"  {gain.mean():+.2f} [{low:+.2f}, {high:+.2f}]     "
            print(f"{'  top-1 over the base':22}{text}")
        else:
            base_found = found
        rows.append(drawn / 255.0)
    if sheets:
        write_sheet(sheets / f"style-{which}.png", [row[:40] for row in rows])


def four_way(scores: torch.Tensor, own: list[int], candidates: list[int]) -> numpy.ndarray:
    """Share of 200 draws of three others in which each drawing's own concept wins; scores [N, K]."""
    draw, result = numpy.random.default_rng(13), []
    for row, true in enumerate(own):
        others = [i for i in candidates if i != true]
        trios = [draw.choice(others, 3, replace=False) for _ in range(200)]
        result.append(numpy.mean([bool((scores[row, true] > scores[row, trio]).all()) for trio in trios]))
    return numpy.array(result)


def print_pair(label: str, base: numpy.ndarray, with_adapter: numpy.ndarray, owners: numpy.ndarray) -> None:
    low, high = bootstrap(with_adapter - base, owners)
    base_range, range_ = bootstrap(base, owners), bootstrap(with_adapter, owners)
    print(
        f"{label:34} base {base.mean():.3f} [{base_range[0]:.3f}, {base_range[1]:.3f}]"
        f"  adapter {with_adapter.mean():.3f} [{range_[0]:.3f}, {range_[1]:.3f}]"
        f"  gain {with_adapter.mean() - base.mean():+.3f} [{low:+.3f}, {high:+.3f}]"
    )


def mean_features(judges: Judges, names: list[str]) -> torch.Tensor:
    """The middle of each concept's pictures in the styles that mini-CLIP knows; unit vectors [K, 128]."""
    means = []
    for name in names:
        rows = [judges.rows[style, name] for style in STYLES if (style, name) in judges.rows]
        means.append(picture_features(judges.clip, judges.pictures[rows]).mean(0))
    return torch.nn.functional.normalize(torch.stack(means), dim=1)


def print_losses(group: str, judges: Judges, drawings: Drawings) -> None:
    concepts = group_concepts(group)
    true = judges.truth(data.BASE_STYLE, [concept["concept"] for concept in concepts])[1]
    base = v_loss(drawings.text, drawings.unet, true, concepts)
    with drawings.changed(f"concept-{group}", CONCEPT_WEIGHT):
        adapted = v_loss(drawings.text, drawings.unet, true, concepts)
    print(f"{f'{group}: v-loss':34} base {base:.3f}  adapter {adapted:.3f}")


def gate_concepts(judges: Judges, drawings: Drawings, sheets: Path | None) -> None:
    tokenizer, withheld = load_tokenizer(), read_json(MODELS / "splits.json")["withheld"]
    every = [name for group in withheld.values() for name in group]
    means, sums = mean_features(judges, every), []
    missing = [group for group in withheld if group not in groups_there()]
    print(f"\nconcepts the base never saw, {CONCEPT_SEEDS} seeds each")
    if missing:
        print("not there yet: " + ", ".join(missing))
    for group in groups_there():
        concepts, drawn = group_concepts(group), group_drawings(drawings, group)
        names = [concept["name"].lower() for concept in concepts]
        words = features(judges.clip.get_text_features(input_ids=ids_of(tokenizer, names))).repeat(CONCEPT_SEEDS, 1)
        own = [every.index(concept["concept"]) for concept in concepts] * CONCEPT_SEEDS
        inside = sorted(set(own))
        rows, figures = [judges.truth(data.BASE_STYLE, withheld[group])[0] / 255.0], []
        for latents in drawn:
            pictures, seen = judges.seen(latents)
            rows.append(pictures[: len(names)] / 255.0)
            near, all_of_them = seen @ means.T, list(range(len(every)))
            scores = (seen * words).sum(1).numpy()
            figures.append([scores, four_way(near, own, all_of_them), four_way(near, own, inside)])
        sums.append((numpy.array(own), *figures))
        print_losses(group, judges, drawings)
        print_pair(f"{group}: score", figures[0][0], figures[1][0], sums[-1][0])
        print_pair(f"{group}: 4-way", figures[0][1], figures[1][1], sums[-1][0])
        if sheets:
            write_sheet(sheets / f"concept-{group}.png", rows)
    owners = numpy.concatenate([part[0] for part in sums])
    print(f"all {len(set(owners.tolist()))} concepts, {len(owners)} pictures")
    for i, label in enumerate(("mini-CLIP score", "4-way choice, any withheld", "4-way choice, own group")):
        print_pair(label, *(numpy.concatenate([part[side][i] for part in sums]) for side in (1, 2)), owners)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["style", "concept", "burnt"], default=["style", "concept", "burnt"])
    parser.add_argument("--styles", nargs="+", choices=list(ADAPTERS["styles"]), help="only these")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    start(threads=1, seed=0)
    if arguments.sheets:
        arguments.sheets.mkdir(parents=True, exist_ok=True)
    judges, drawings = Judges(), Drawings()
    if "concept" in arguments.what:
        gate_concepts(judges, drawings, arguments.sheets)
    wanted = []
    if "style" in arguments.what:
        wanted = [style for style in styles_there() if not arguments.styles or style in arguments.styles]
    if "burnt" in arguments.what and path_of("burnt").exists():
        wanted.append("burnt")
    judge = trained_judge() if wanted else None
    for which in wanted:
        gate_style(which, judges, drawings, judge, arguments.sheets)


if __name__ == "__main__":
    main()

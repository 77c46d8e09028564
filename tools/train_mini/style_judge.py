"""A small classifier of drawing styles, trained on latents of true pictures: which style does a drawing look like?

Texture alone convinces it, so it is read beside what a picture shows, never alone.
"""

import numpy
import torch

import data
from common import MODELS, WORK, read_json
from lora import style_held_out

STEPS = 800
BATCH = 64


def all_styles() -> list[str]:
    return sorted({style for style, _ in data.load()[1]})


def new_judge() -> torch.nn.Module:
    return torch.nn.Sequential(
        torch.nn.Conv2d(4, 48, 3, padding=1),
        torch.nn.SiLU(),
        torch.nn.Conv2d(48, 96, 3, stride=2, padding=1),
        torch.nn.SiLU(),
        torch.nn.Conv2d(96, 96, 3, stride=2, padding=1),
        torch.nn.SiLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(96, len(all_styles())),
    )


def trained_judge() -> torch.nn.Module:
    """Kept in WORK/style_judge.pt; it never sees the concepts that the style adapters do not see."""
    torch.manual_seed(21)
    judge, path = new_judge(), WORK / "style_judge.pt"
    if path.exists():
        judge.load_state_dict(torch.load(path))
        return judge.eval()
    _, index = data.load()
    unseen, styles = style_held_out(read_json(MODELS / "splits.json")["base"]), all_styles()
    rows = numpy.array([i for i, (_, concept) in enumerate(index) if concept not in unseen])
    labels = torch.tensor([styles.index(style) for style, _ in index])
    latents, draw = data.latents(), numpy.random.default_rng(21)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        chosen = draw.choice(rows, BATCH)
        # Drawn latents are a little off the codec's own.
        noisy = latents[chosen] + 0.1 * torch.randn(BATCH, 4, 16, 16)
        loss = torch.nn.functional.cross_entropy(judge(noisy), labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    torch.save(judge.state_dict(), path)
    return judge.eval()


@torch.no_grad()
def style_votes(judge: torch.nn.Module, latents: torch.Tensor, style: str) -> float:
    """The share of the latents that the judge takes for that style."""
    return float((judge(latents).argmax(1) == all_styles().index(style)).float().mean())

"""Measures what a stage must reach before the next one may start, and prints a table.

python gates.py vae      gates and figures by style, on concepts that the codec never saw
"""

import sys

import numpy
import torch

import data
from common import WORK, Average, Checkpoint, start
from vae import AXES, new_vae

# name, least, most
VAE_GATES = [
    ("PSNR, held-out concepts, dB", 25.5, numpy.inf),
    ("foreground mean-RGB error", 0.0, 0.012),
    ("green-magenta slope", 0.95, 1.05),
    ("smallest latent eigenvalue", 0.05, numpy.inf),
]


def print_gates(gates, values) -> bool:
    print(f"{'gate':34}{'bar':>16}{'reached':>10}")
    passed = True
    for (name, least, most), value in zip(gates, values):
        ok = least <= value <= most
        bar = f">= {least}" if most == numpy.inf else f"{least}..{most}"
        print(f"{name:34}{bar:>16}{value:10.4f}  {'pass' if ok else 'FAIL'}")
        passed = passed and ok
    return passed


def trained_vae():
    """The codec with its averaged weights, from the newest checkpoint; also its step."""
    vae = new_vae()
    optimiser = torch.optim.AdamW(vae.parameters())
    average = Average(vae.parameters(), longest=0.998)
    step, _ = Checkpoint(WORK / "vae.pt", {"vae": vae}, optimiser, average).load()
    average.take_over()
    return vae.eval(), step


@torch.no_grad()
def encode(vae, pictures: numpy.ndarray, device="cpu") -> torch.Tensor:
    """pictures uint8 [N, 64, 64, 3] -> latent means [N, 4, 16, 16]."""
    latents = []
    for part in numpy.array_split(pictures, max(1, len(pictures) // 32)):
        scaled = torch.from_numpy(numpy.array(part)).to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)
        latents.append(vae.encode(scaled).latent_dist.mean)
    return torch.cat(latents)


@torch.no_grad()
def decode(vae, latents: torch.Tensor) -> numpy.ndarray:
    """latents [N, 4, 16, 16] -> pictures [N, 64, 64, 3] in [0, 1]."""
    parts = [vae.decode(part).sample for part in latents.split(32)]
    return torch.cat(parts).clamp(-1, 1).add(1).div(2).permute(0, 2, 3, 1).numpy()


def foreground_means(truth: numpy.ndarray, pictures: numpy.ndarray) -> numpy.ndarray:
    """Mean RGB [N, 3] of `pictures` over the pixels where `truth` is not white."""
    mask = (truth < 0.97).any(axis=3, keepdims=True)
    return (pictures * mask).sum(axis=(1, 2)) / numpy.maximum(mask.sum(axis=(1, 2)), 1)


def vae_figures(vae, pictures: numpy.ndarray) -> tuple[float, float, float, torch.Tensor]:
    """Mean PSNR of the pictures in dB, foreground mean-RGB error, green-magenta slope of those means, latents."""
    truth = pictures.astype(numpy.float32) / 255.0
    latents = encode(vae, pictures)
    decoded = decode(vae, latents)
    psnr = float(-10.0 * numpy.log10(((decoded - truth) ** 2).mean(axis=(1, 2, 3))).mean())
    seen, true = foreground_means(truth, decoded), foreground_means(truth, truth)
    green_magenta = AXES[2].numpy()
    # Black and white pictures have no green or magenta to fit a line to.
    coloured = (true @ green_magenta).std() > 0.01
    slope = numpy.polyfit(true @ green_magenta, seen @ green_magenta, 1)[0] if coloured else numpy.nan
    return psnr, float(numpy.abs(seen - true).mean()), float(slope), latents


def smallest_eigenvalue(latents: torch.Tensor) -> numpy.ndarray:
    """Eigenvalues, ascending, of the covariance of latents scaled to unit variance in each channel."""
    rows = latents.permute(1, 0, 2, 3).reshape(latents.shape[1], -1)
    return torch.linalg.eigvalsh(torch.corrcoef(rows)).numpy()


def gate_vae(which: str) -> bool:
    if which == "shipped":
        from export import load_vae

        vae, name = load_vae(), "shipped codec"
    else:
        vae, step = trained_vae()
        name = f"codec after {step} steps"
    pictures, index = data.load()
    held_out = data.vae_held_out()
    print(f"{name}, {len(held_out)} held-out concepts")
    print(f"{'style':30}{'pictures':>9}{'PSNR dB':>9}{'RGB err':>9}{'GM slope':>9}")

    def rows_of(styles):
        return [i for i, (style, concept) in enumerate(index) if style in styles and concept in held_out]

    for style in sorted({style for style, _ in index}):
        rows = rows_of({style})
        psnr, error, slope, _ = vae_figures(vae, pictures[rows])
        note = "" if style in data.SHIPPED_STYLES else "  (style never seen)"
        print(f"{style:30}{len(rows):9}{psnr:9.2f}{error:9.4f}{slope:9.3f}{note}")
    psnr, error, slope, latents = vae_figures(vae, pictures[rows_of(data.SHIPPED_STYLES)])
    eigenvalues = smallest_eigenvalue(latents)
    print("latent eigenvalues", eigenvalues.round(3))
    return print_gates(VAE_GATES, [psnr, error, slope, float(eigenvalues[0])])


if __name__ == "__main__":
    start(threads=1, seed=0)
    if sys.argv[1:] not in (["vae"], ["shipped"]):
        sys.exit(__doc__)
    sys.exit(0 if gate_vae(sys.argv[1]) else 1)

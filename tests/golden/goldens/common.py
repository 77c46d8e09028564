"""What every group of goldens shares: seeded random weights, fp16-exact values, recording, the mutation check."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "diffusers", "transformers", "peft", "safetensors")


def start() -> None:
    """One thread and no gradients, so that a run can be repeated to the bit."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def is_norm(name: str, tensor: torch.Tensor) -> bool:
    return tensor.dim() == 1 and name.endswith("weight")


def randomise(module: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Draws all weights anew: normal(0, 1/sqrt(fan_in)), norms 1 + 0.1 n, biases 0.1 n, then rounds to fp16.

    The usual initial values leave many paths without influence on the output. Sorted names, so that a new order of
    construction changes nothing.
    """
    source = generator(seed)
    for name, tensor in sorted(module.named_parameters()):
        noise = torch.randn(tensor.shape, generator=source)
        if is_norm(name, tensor):
            values = 1 + 0.1 * noise
        elif tensor.dim() == 1:
            values = 0.1 * noise
        elif "embedding.weight" in name:
            values = 0.5 * noise
        else:
            values = noise / tensor[0].numel() ** 0.5
        tensor.copy_(values)
    return round_fp16(module).eval()


def round_fp16(module: torch.nn.Module) -> torch.nn.Module:
    """Rounds all weights to values that fp16 holds; the module stays fp32."""
    for tensor in module.parameters():
        tensor.copy_(tensor.half().float())
    return module


def normal(seed: int, *shape: int) -> torch.Tensor:
    """Normal numbers that fp16 holds, as fp32."""
    return torch.randn(shape, generator=generator(seed)).half().float()


def weights_of(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach() for name, tensor in module.named_parameters()}


def distance(actual: dict, expected: dict, atol: float, rtol: float) -> float:
    """The largest difference in units of the tolerance."""
    worst = 0.0
    for name, value in expected.items():
        allowed = atol + rtol * value.abs()
        worst = max(worst, ((actual[name] - value).abs() / allowed).max().item())
    return worst


# Keys get a term that is the same for all of them and cancels in the softmax: nothing can notice these.
WITHOUT_EFFECT = ("k_proj.bias", "to_k.bias")


def mutation_check(module: torch.nn.Module, run, outputs: dict, atol: float, rtol: float, unused=()) -> dict:
    """Adds noise of its own size to each tensor, one at a time; the outputs must move by at least three tolerances.

    Returns what goes into the metadata. `unused`: ends of names that this model's outputs do not depend on.
    """
    least, least_name, count, skipped = float("inf"), "", 0, []
    for name, tensor in module.named_parameters():
        if name.endswith(WITHOUT_EFFECT) or name.endswith(tuple(unused)):
            skipped.append(name)
            continue
        before = tensor.clone()
        noise = torch.randn(tensor.shape, generator=generator(len(name)))
        tensor.add_(before.abs().mean() * noise)
        moved = distance(run(module), outputs, atol, rtol)
        tensor.copy_(before)
        count += 1
        if moved < least:
            least, least_name = moved, name
    assert distance(run(module), outputs, atol, rtol) == 0.0, "the run is not repeatable"
    assert least >= 3.0, f"{least_name} moves the output by {least:.2f} tolerances only"
    return {
        "tensors": count,
        "least_movement_in_tolerances": round(least, 2),
        "of": least_name,
        "without_effect": skipped,
    }


def record(script: str, group: str, name: str, tensors: dict, facts: dict, packages=PACKAGES) -> None:
    """Writes tests/golden/<group>/<name>.safetensors. `tensors`: "weight.…" (stored as fp16), "in.…", "out.…"."""
    stored = {}
    for key, tensor in tensors.items():
        is_weight = key.startswith("weight.")
        if is_weight:
            assert torch.equal(tensor.half().float(), tensor), f"{key} is not exact in fp16"
        stored[key] = (tensor.half() if is_weight else tensor).contiguous().clone()
    metadata = {key: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for key, value in facts.items()}
    metadata["script_sha256"] = hashlib.sha256(Path(script).read_bytes()).hexdigest()
    metadata["versions"] = json.dumps({package: version(package) for package in packages})
    path = GOLDEN / group / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(stored, path, metadata)
    print(f"{group}/{name}: {path.stat().st_size / 1e3:.0f} kB, mutation {facts.get('mutation', 'not checked')}")


def record_model(script: str, group: str, name: str, module, run, inputs: dict, config: dict, atol, rtol, unused=()) -> None:
    """Runs, checks by mutation and records a module; `run(module)` gives the dict of outputs."""
    outputs = {key: value.clone() for key, value in run(module).items()}
    mutation = mutation_check(module, run, outputs, atol, rtol, unused)
    tensors = {f"weight.{key}": value for key, value in weights_of(module).items()}
    tensors |= {f"in.{key}": value for key, value in inputs.items()}
    tensors |= {f"out.{key}": value for key, value in outputs.items()}
    facts = {"config": config, "atol": repr(atol), "rtol": repr(rtol), "mutation": mutation}
    record(script, group, name, tensors, facts)

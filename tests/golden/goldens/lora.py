"""Goldens of the LoRA engine. A case file holds

base.<component>.<path>.{weight,bias}   the model's layers (of toy cases in toy.safetensors)
file.<n>                                the adapter files' bytes, to be loaded as they are
expect.<component>.<path>.{weight,bias} the layers after applying all files with config["weights"]

Reference per case (metadata "reference"): diffusers where it reads the layout, else PEFT, else the formulas of LyCORIS and
kohya written out here (CP form, alpha 0, full differences, LyCORIS' DoRA, LoKr with a core), which no package of the list implements.
"""

import copy

import torch
from peft import LoHaConfig, LoKrConfig, LoraConfig, get_peft_model, get_peft_model_state_dict
from peft.utils import merge_utils
from safetensors.torch import save

from .common import normal, record

ATOL, RTOL = 1e-5, 1e-5
BLOCK = "down_blocks.0.attentions.0"
TRANSFORMER = f"{BLOCK}.transformer_blocks.0"


def insert(root: torch.nn.Module, path: str, module: torch.nn.Module) -> None:
    *parents, last = path.split(".")
    for name in parents:
        if not hasattr(root, name):
            root.add_module(name, torch.nn.Module())
        root = getattr(root, name)
    root.add_module(last, module)


def toy_unet() -> torch.nn.Module:
    """A few layers with a UNet's names: linear with and without bias, 1x1 and 3x3 convolutions."""
    unet = torch.nn.Module()
    insert(unet, "conv_in", torch.nn.Conv2d(4, 16, 3, padding=1))
    insert(unet, f"{BLOCK}.proj_in", torch.nn.Conv2d(16, 16, 1))
    insert(unet, f"{TRANSFORMER}.attn1.to_q", torch.nn.Linear(16, 16, bias=False))
    insert(unet, f"{TRANSFORMER}.attn1.to_out.0", torch.nn.Linear(16, 16))
    insert(unet, f"{TRANSFORMER}.attn2.to_k", torch.nn.Linear(12, 16, bias=False))
    insert(unet, f"{TRANSFORMER}.ff.net.0.proj", torch.nn.Linear(16, 64))
    insert(unet, "down_blocks.0.resnets.0.conv1", torch.nn.Conv2d(16, 24, 3, padding=1))
    insert(unet, "down_blocks.0.downsamplers.0.conv", torch.nn.Conv2d(16, 16, 3, stride=2, padding=1))
    insert(unet, "mid_block.resnets.0.conv1", torch.nn.Conv2d(16, 16, 3, padding=1))
    for number, (_, tensor) in enumerate(sorted(unet.named_parameters())):
        tensor.copy_(normal(1000 + number, *tensor.shape) * 0.25)
    return unet


def layers_of(model: torch.nn.Module) -> dict[str, torch.nn.Module]:
    kinds = (torch.nn.Linear, torch.nn.Conv2d)
    return {name: module for name, module in model.named_modules() if isinstance(module, kinds)}


def layer_tensors(prefix: str, model: torch.nn.Module) -> dict[str, torch.Tensor]:
    tensors = {}
    for path, layer in layers_of(model).items():
        tensors[f"{prefix}.{path}.weight"] = layer.weight.detach().clone()
        if layer.bias is not None:
            tensors[f"{prefix}.{path}.bias"] = layer.bias.detach().clone()
    return tensors


def file_bytes(tensors: dict, metadata: dict | None = None) -> torch.Tensor:
    tensors = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    return torch.frombuffer(bytearray(save(tensors, metadata)), dtype=torch.uint8)


def write_case(name: str, base: dict, files: list, expect: dict, reference: str, weights: list, **facts) -> None:
    """`base`, `expect`: component -> module, or a dict of tensors with their names in the case file."""
    tensors = {}
    for prefix, models in (("base", base), ("expect", expect)):
        for component, model in models.items():
            if isinstance(model, torch.nn.Module):
                model = layer_tensors(f"{prefix}.{component}", model)
            tensors |= model
    # Only what changed needs to be in the file twice.
    for key in [key for key in tensors if key.startswith("expect.")]:
        if torch.equal(tensors[key], tensors.get("base" + key[6:], torch.empty(0))):
            del tensors[key]
    tensors |= {f"file.{number}": data for number, data in enumerate(files)}
    is_toy = "time_embedding.linear_1.weight" not in "".join(tensors)
    moved = [(tensors[k] - tensors["base" + k[6:]]).abs().max().item() for k in tensors
             if k.startswith("expect.") and "base" + k[6:] in tensors]
    assert moved and min(moved) > 100 * ATOL, f"{name}: a layer that hardly moves proves nothing"
    if not is_toy:
        for key in [key for key in tensors if key.startswith("base.")]:
            assert torch.equal(tensors[key].half().float(), tensors[key])
            tensors[key] = tensors[key].half()
    else:
        tensors = {key: tensor for key, tensor in tensors.items() if not key.startswith("base.")}
    record(__file__, "generator/lora", name, tensors,
           {"atol": repr(ATOL), "rtol": repr(RTOL), "reference": reference, "config": {"weights": weights, **facts}})


def flat(path: str) -> str:
    return "lora_unet_" + path.replace(".", "_")


def kohya() -> None:
    """Plain LoRA and LoCon, alpha stored, missing and 0, halves and floats mixed; CP form; full differences."""
    weight = 0.7
    unet, result = toy_unet(), toy_unet()
    after = layers_of(result)
    tensors, seed = {}, 1

    def add(path, delta, alpha=None, rank=None):
        if alpha is not None:
            tensors[f"{flat(path)}.alpha"] = torch.tensor(alpha)
        scale = 1.0 if not alpha else alpha / rank
        after[path].weight += weight * scale * delta.reshape(after[path].weight.shape)

    def pair(path, rank, dtype=torch.float32, kernel=()):
        nonlocal seed
        out, inputs = after[path].weight.shape[:2]
        down, up = normal(seed, rank, inputs, *kernel).to(dtype), normal(seed + 1, out, rank, *(1 for _ in kernel)).to(dtype)
        seed += 2
        tensors[f"{flat(path)}.lora_down.weight"], tensors[f"{flat(path)}.lora_up.weight"] = down, up
        return up.float().flatten(1), down.float()

    def linear(path, rank, alpha, **how):
        up, down = pair(path, rank, **how)
        add(path, up @ down.flatten(1), alpha, rank)

    linear(f"{TRANSFORMER}.attn1.to_q", 4, 2.0)
    linear(f"{TRANSFORMER}.attn1.to_out.0", 4, None)
    linear(f"{TRANSFORMER}.attn2.to_k", 3, 0.0, dtype=torch.float16)
    linear(f"{TRANSFORMER}.ff.net.0.proj", 2, 1.0, dtype=torch.bfloat16)
    linear(f"{BLOCK}.proj_in", 4, 4.0, kernel=(1, 1))
    linear("down_blocks.0.resnets.0.conv1", 4, 1.0, kernel=(3, 3))
    path = "down_blocks.0.downsamplers.0.conv"  # CP form
    up, down = normal(90, 16, 4), normal(91, 4, 16)
    mid = normal(92, 4, 4, 3, 3)
    tensors |= {f"{flat(path)}.lora_up.weight": up[:, :, None, None], f"{flat(path)}.lora_down.weight": down[:, :, None, None],
                f"{flat(path)}.lora_mid.weight": mid}
    add(path, torch.einsum("mnkl,im,nj->ijkl", mid, up, down), 2.0, 4)
    for path, seed_of in (("conv_in", 93), ("mid_block.resnets.0.conv1", 94)):
        tensors[f"{flat(path)}.diff"] = normal(seed_of, *after[path].weight.shape)
        tensors[f"{flat(path)}.diff_b"] = normal(seed_of + 10, *after[path].bias.shape)
        after[path].weight += weight * tensors[f"{flat(path)}.diff"]
        after[path].bias += weight * tensors[f"{flat(path)}.diff_b"]
    write_case("kohya", {"unet": unet}, [file_bytes(tensors)], {"unet": result}, "formulas", [weight])


def randomised_peft(config, paths: list[str], seed: int):
    """(state of the adapter by module path, merged model). All adapter tensors are drawn anew."""
    model = get_peft_model(toy_unet(), config)
    state = get_peft_model_state_dict(model)
    parameters = dict(model.named_parameters())
    number = seed
    for name in sorted(parameters):
        if parameters[name].requires_grad:
            value = normal(number, *parameters[name].shape) * 0.5
            if "magnitude" in name:  # positive, as norms are
                value = value.abs() + 0.5
            parameters[name].copy_(value)
            number += 1
    state = {name: tensor.detach().clone() for name, tensor in get_peft_model_state_dict(model).items()}
    assert all(any(path in name for name in state) for path in paths)
    return state, model.merge_and_unload()


ALL = ["to_q", "to_out.0", "to_k", "net.0.proj", "proj_in", "conv1", "downsamplers.0.conv"]


def peft_lora() -> None:
    """PEFT's own spelling; plain, rank-stabilised and with DoRA; alpha in the file's metadata."""
    for name, options in (("peft", {}), ("peft_rslora", {"use_rslora": True}), ("peft_dora", {"use_dora": True})):
        state, merged = randomised_peft(LoraConfig(r=4, lora_alpha=3, target_modules=ALL, **options), ALL, 300)
        state = {key.replace("base_model.model.", "unet."): tensor for key, tensor in state.items()}
        meta = '{"unet.r": 4, "unet.lora_alpha": 3, "unet.use_rslora": %s}' % str(name == "peft_rslora").lower()
        data = file_bytes(state, {"lora_adapter_metadata": meta, "format": "pt"})
        write_case(name, {"unet": toy_unet()}, [data], {"unet": merged}, "peft", [1.0])


def lycoris_names(state: dict, alpha: float | None) -> dict:
    tensors = {}
    for key, tensor in state.items():
        path, part = key.removeprefix("base_model.model.").rsplit(".", 1)
        tensors[f"{flat(path)}.{part}"] = tensor
        if alpha is not None:
            tensors[f"{flat(path)}.alpha"] = torch.tensor(float(alpha))
    return tensors


def lycoris() -> None:
    for name, config, alpha in (
        ("loha", LoHaConfig(r=3, alpha=2, target_modules=ALL), 2),
        ("loha_tucker", LoHaConfig(r=3, alpha=2, target_modules=ALL, use_effective_conv2d=True), 2),
        ("lokr", LoKrConfig(r=1, alpha=3, target_modules=ALL), 3),
        ("lokr_both", LoKrConfig(r=1, alpha=3, target_modules=ALL, decompose_both=True), 3),
        ("lokr_tucker", LoKrConfig(r=1, alpha=3, target_modules=ALL, use_effective_conv2d=True), 3),
        ("lokr_full", LoKrConfig(r=64, alpha=64, target_modules=ALL), 7),  # whole factors ignore alpha
    ):
        state, merged = randomised_peft(config, ALL, 500)
        write_case(name, {"unet": toy_unet()}, [file_bytes(lycoris_names(state, alpha))], {"unet": merged}, "peft", [1.0])


def lycoris_dora() -> None:
    """LyCORIS' DoRA on both axes, below a LoRA, a LoHa and a LoKr; strength m: W + m (W' - W)."""
    weight = 0.6
    unet, result = toy_unet(), toy_unet()
    after = layers_of(result)
    tensors = {}
    cases = ((f"{TRANSFORMER}.attn1.to_q", "lora", 0), (f"{TRANSFORMER}.attn2.to_k", "lora", 1), (f"{BLOCK}.proj_in", "lora", 0),
             ("down_blocks.0.resnets.0.conv1", "lora", 1), (f"{TRANSFORMER}.ff.net.0.proj", "loha", 0),
             ("down_blocks.0.downsamplers.0.conv", "lokr", 1), ("mid_block.resnets.0.conv1", "lora", 0))
    for number, (path, kind, axis) in enumerate(cases):
        base, name, seed = after[path].weight, flat(path), 700 + 10 * number
        out, inputs, *kernel = base.shape
        ones = [1] * len(kernel)
        if kind == "lora":
            parts = {"lora_up.weight": normal(seed, out, 3, *ones), "lora_down.weight": normal(seed + 1, 3, inputs, *kernel)}
            delta = parts["lora_up.weight"].flatten(1) @ parts["lora_down.weight"].flatten(1)
        elif kind == "loha":
            parts = {part: normal(seed + i, *((out, 3) if part.endswith("a") else (3, inputs)))
                     for i, part in enumerate(("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"))}
            delta = (parts["hada_w1_a"] @ parts["hada_w1_b"]) * (parts["hada_w2_a"] @ parts["hada_w2_b"])
        else:
            parts = {"lokr_w1": normal(seed, 4, 4), "lokr_w2_a": normal(seed + 1, out // 4, 3),
                     "lokr_w2_b": normal(seed + 2, 3, inputs // 4 * 9)}
            w2 = (parts["lokr_w2_a"] @ parts["lokr_w2_b"]).reshape(out // 4, inputs // 4, 3, 3)
            delta = torch.kron(parts["lokr_w1"][:, :, None, None], w2)
        moved = base + 2.0 / 3 * delta.reshape(base.shape)
        norm = moved.transpose(0, axis).flatten(1).norm(dim=1)
        shape = [1] * base.dim()
        shape[axis] = base.shape[axis]
        magnitude = (normal(seed + 5, base.shape[axis]).abs() + 0.5).reshape(shape)
        tensors |= {f"{name}.{part}": tensor for part, tensor in parts.items()}
        tensors |= {f"{name}.alpha": torch.tensor(2.0), f"{name}.dora_scale": magnitude}
        base += weight * (magnitude * moved / norm.reshape(shape) - base)
    write_case("lycoris_dora", {"unet": unet}, [file_bytes(tensors)], {"unet": result}, "formulas", [weight])


def peft_merges() -> None:
    """add_weighted_adapter in all its ways, on two adapters of one rank."""
    weights = [0.8, -0.5]
    states = [randomised_peft(LoraConfig(r=4, lora_alpha=alpha, target_modules=ALL), ALL, seed)[0]
              for alpha, seed in ((3, 800), (8, 900))]
    files = []
    for state, alpha in zip(states, (3, 8)):
        named = {key.replace("base_model.model.", "unet."): tensor for key, tensor in state.items()}
        files.append(file_bytes(named, {"lora_adapter_metadata": '{"unet.lora_alpha": %d}' % alpha}))
    for method, options in (("linear", {}), ("svd", {"svd_rank": 3}), ("ties", {}), ("ties_frequency", {}), ("magnitude_prune", {}),
                            ("ties_svd", {}), ("magnitude_prune_svd", {}), ("cat", {})):
        model = get_peft_model(toy_unet(), LoraConfig(r=4, lora_alpha=3, target_modules=ALL), adapter_name="0")
        model.add_adapter("1", LoraConfig(r=4, lora_alpha=8, target_modules=ALL))
        for number, state in enumerate(states):
            for name, parameter in model.named_parameters():
                key = name.replace(f".{number}.weight", ".weight")
                if f".{number}.weight" in name and "lora_" in name:
                    parameter.copy_(state[key])
        if method not in ("linear", "svd", "cat"):
            options = options | {"density": 0.4}
        if method == "ties_frequency":
            options["majority_sign_method"] = "frequency"
        model.base_model.add_weighted_adapter(["0", "1"], weights, "merged", method.removesuffix("_frequency"), **options)
        model.set_adapter("merged")
        merged = copy.deepcopy(model).merge_and_unload(adapter_names=["merged"])
        write_case(f"merge_{method}", {"unet": toy_unet()}, files, {"unet": merged}, "peft", weights, **options)


def peft_dare() -> None:
    """PEFT's functions on two small tensors, with the masks that they drew."""
    drawn, real = [], torch.bernoulli

    def remember(*args, **kwargs):
        drawn.append(real(*args, **kwargs))
        return drawn[-1]

    tensors = {f"in.{i}": normal(40 + i, 6, 5) for i in range(3)}
    weights = torch.tensor([0.7, -0.4, 0.5])
    torch.manual_seed(5)
    torch.bernoulli = remember
    for name, function in (("linear", merge_utils.dare_linear), ("ties", merge_utils.dare_ties)):
        drawn.clear()
        tensors[f"out.{name}"] = function([tensors[f"in.{i}"] for i in range(3)], weights, 0.6)
        tensors |= {f"mask.{name}.{i}": mask for i, mask in enumerate(drawn)}
    torch.bernoulli = real
    record(__file__, "generator/lora", "dare", tensors, {"config": {"weights": weights.tolist(), "density": 0.6}})


def main() -> None:
    peft_dare()
    record(__file__, "generator/lora", "toy", layer_tensors("base.unet", toy_unet()), {})
    kohya()
    peft_lora()
    lycoris()
    lycoris_dora()
    peft_merges()

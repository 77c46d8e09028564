"""Trains adapters on the finished base and writes them as kohya safetensors.

    python lora.py list                     every adapter of adapters.json and models/mini/splits.json
    python lora.py style-line-art           one style, on nine tenths of the base's concepts
    python lora.py concept-birds            one withheld group; a few old concepts in each batch, so that they stay
    python lora.py subset-waterfowl         a part of a group, so that two adapters serve the same word
    python lora.py burnt                    a style at far too high a rate, on purpose
    python lora.py embedding                a textual inversion: a token's vectors, nothing else
    python lora.py foreign                  not trained: random factors with SDXL's names, for another base family

Needs the exported base. Writes NAME.safetensors into models/mini/adapters or --out FOLDER; text encoder and UNet stay as
they are. Half of the captions of a style end in its trigger, so it works with the word and without.
"""

import argparse
import json
from pathlib import Path

import numpy
import torch
from diffusers import DDIMScheduler
from safetensors.torch import save_file

import data
from base import SCHEDULER, Order, empty_batch, noised, spread_times
from common import MODELS, WORK, Log, learning_rate, read_json, start, wait_while_paused
from export import load_base
from tokenizer import ids_of, load_tokenizer
from training import Step, adamw, caption_ids, draw_captions

ADAPTERS = read_json(Path(__file__).with_name("adapters.json"))


class LowRank(torch.nn.Module):
    """A frozen linear layer or 1x1 convolution plus up(down(x)) (alpha = rank); starts as the frozen layer."""

    def __init__(self, layer: torch.nn.Module, rank: int):
        super().__init__()
        self.layer = layer
        if isinstance(layer, torch.nn.Conv2d):
            self.down = torch.nn.Conv2d(layer.in_channels, rank, 1, bias=False)
            self.up = torch.nn.Conv2d(rank, layer.out_channels, 1, bias=False)
        else:
            self.down = torch.nn.Linear(layer.in_features, rank, bias=False)
            self.up = torch.nn.Linear(rank, layer.out_features, bias=False)
        torch.nn.init.kaiming_uniform_(self.down.weight, a=5**0.5)
        torch.nn.init.zeros_(self.up.weight)
        self.weight = 1.0

    def forward(self, x):
        return self.layer(x) + self.up(self.down(x)) * self.weight


def attach(unet, rank: int) -> dict[str, LowRank]:
    """Wraps every linear layer and 1x1 convolution of the attention blocks; by kohya's name."""
    found = [
        name
        for name, layer in unet.named_modules()
        if ".attentions." in name
        and (isinstance(layer, torch.nn.Linear) or (isinstance(layer, torch.nn.Conv2d) and layer.kernel_size == (1, 1)))
    ]
    wrapped = {}
    for name in found:
        parent, _, last = name.rpartition(".")
        owner = unet.get_submodule(parent)
        low_rank = LowRank(getattr(owner, last), rank)
        setattr(owner, last, low_rank)
        wrapped["lora_unet_" + name.replace(".", "_")] = low_rank
    return wrapped


def set_weight(wrapped: dict[str, LowRank], weight: float) -> None:
    for low_rank in wrapped.values():
        low_rank.weight = weight


def save(name: str, state: dict, metadata: dict, out: Path) -> None:
    path = out / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path, {key: v if isinstance(v, str) else json.dumps(v) for key, v in metadata.items()})
    path.chmod(0o644)
    print(f"{path}: {len(state)} tensors, {path.stat().st_size / 1e6:.2f} MB")


def write_adapter(name: str, wrapped: dict[str, LowRank], facts: dict, out: Path) -> None:
    state = {}
    for module, low_rank in wrapped.items():
        rank = low_rank.down.weight.shape[0]
        state[f"{module}.lora_down.weight"] = low_rank.down.weight.detach().cpu().half().contiguous()
        state[f"{module}.lora_up.weight"] = low_rank.up.weight.detach().cpu().half().contiguous()
        state[f"{module}.alpha"] = torch.tensor(float(rank)).half()
    save(
        name,
        state,
        {
            "ss_network_module": "networks.lora",
            "ss_network_dim": str(rank),
            "ss_network_alpha": str(float(rank)),
            "ss_base_model_version": "stylus_mini",
            "ss_output_name": name,
            **facts,
        },
        out,
    )


def style_held_out(names: list[str]) -> set[str]:
    """The tenth of the base's concepts that no style adapter sees."""
    return set(numpy.random.default_rng(7).choice(sorted(names), len(names) // 10, replace=False).tolist())


class Task:
    """What one adapter trains on: groups of concepts, and how many pictures of each are in a batch."""

    def __init__(self, name: str, device):
        splits = read_json(MODELS / "splits.json")
        kind, _, which = name.partition("-")
        self.steps, self.rate, self.rank = ADAPTERS["concept_steps"], ADAPTERS["concept_rate"], ADAPTERS["concept_rank"]
        old = ADAPTERS["concept_old"]
        self.counts = [ADAPTERS["concept_batch"] - old, old]
        if kind in ("style", "burnt"):
            chosen = ADAPTERS["burnt"] if kind == "burnt" else ADAPTERS["styles"][which]
            unseen = style_held_out(splits["base"])
            kept = [concept for concept in splits["base"] if concept not in unseen]
            self.groups, self.counts = [(chosen["style"], kept, chosen["trigger"])], [ADAPTERS["batch"]]
            self.steps, self.rank = chosen.get("steps", ADAPTERS["style_steps"]), ADAPTERS["style_rank"]
            self.rate = chosen.get("rate", ADAPTERS["rate"])
        else:
            names = ADAPTERS["subsets"][which]["concepts"] if kind == "subset" else splits["withheld"][which]
            self.groups = [(data.BASE_STYLE, names, ""), (data.BASE_STYLE, splits["base"], "")]
        concepts = {concept["concept"]: concept for concept in read_json(WORK / "concepts.json")}
        _, index = data.load()
        rows = {(style, concept): i for i, (style, concept) in enumerate(index)}
        latents, self.parts = data.latents(), []
        for i, (style, names, trigger) in enumerate(self.groups):
            names = [name for name in names if (style, name) in rows]
            bank = caption_ids([concepts[name] for name in names], 48, 3 + i, trigger, device)
            self.parts.append((latents[[rows[style, name] for name in names]].to(device), bank, Order(len(names))))
        self.device = device

    def next(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents [B, 4, 16, 16] and ids [B, 32]."""
        latents, ids = [], []
        for (group_latents, bank, order), count in zip(self.parts, self.counts):
            chosen = torch.from_numpy(order.next(count)).to(self.device)
            latents.append(group_latents[chosen])
            ids.append(draw_captions(bank, chosen))
        return torch.cat(latents), torch.cat(ids)


def fit(loss_of, parameters, next_batch, size: int, steps: int, rate: float, log: Log, device) -> None:
    """Trains `parameters`; next_batch gives `size` latents and ids."""
    batch = empty_batch(size, device)
    step_once = Step(loss_of, batch, parameters, adamw(parameters, rate))
    loss_sum = torch.zeros((), device=device)
    for step in range(steps):
        wait_while_paused()
        latents, ids = next_batch()
        step_once.fill(latents=latents, ids=ids, times=spread_times(size, device))
        batch["noise"].normal_()
        step_once.set_rate(learning_rate(step, steps, rate, warm_up=30))
        loss_sum += step_once()
        if (step + 1) % 100 == 0:
            log(f"step {step + 1} v-loss {loss_sum / 100:.4f}")
            loss_sum.zero_()


def train(name: str, threads: int, out: Path) -> None:
    device = start(threads, seed=3)
    text, unet = load_base()
    task = Task(name, device)
    wrapped = attach(unet, task.rank)
    text, unet = text.to(device), unet.to(device)
    parameters = [p for low_rank in wrapped.values() for p in (low_rank.down.weight, low_rank.up.weight)]
    alphas = DDIMScheduler(**SCHEDULER).alphas_cumprod.to(device)

    def loss_of(batch):
        noisy, target = noised(batch["latents"], batch["noise"], batch["times"], alphas)
        with torch.no_grad():
            context = text(batch["ids"]).last_hidden_state
        return (unet(noisy, batch["times"], context).sample - target).square().mean()

    log = Log(f"lora-{name}", 0.0)
    fit(loss_of, parameters, task.next, sum(task.counts), task.steps, task.rate, log, device)
    write_adapter(
        name,
        wrapped,
        {
            "stylus_style": task.groups[0][0],
            "stylus_concepts": task.groups[0][1],
            "stylus_trigger": task.groups[0][2],
            "ss_steps": task.steps,
        },
        out,
    )


def train_embedding(threads: int, out: Path) -> None:
    """Vectors that stand where the token stands in a prompt; everything else is frozen."""
    device, chosen = start(threads, seed=5), ADAPTERS["embedding"]
    text, unet = load_base()
    text, unet = text.to(device), unet.to(device)
    tokenizer, count = load_tokenizer(), chosen["vectors"]
    _, index = data.load()
    rows = [i for i, pair in enumerate(index) if pair == [data.BASE_STYLE, chosen["concept"]]]
    latent = data.latents()[rows].to(device)
    table = text.get_input_embeddings().weight.detach()
    begin = ids_of(tokenizer, ["bird"])[0, 1].item()
    spread = 0.01 * torch.randn(count, table.shape[1], device=device)
    vectors, size = torch.nn.Parameter(table[begin].repeat(count, 1) + spread), ADAPTERS["batch"]
    marker = table.shape[0]  # ids from here on are the new vectors
    templates = ["{}", "a {}", "an emoji of a {}", "a picture of a {}", "the {}"]
    words = [marker + i for i in range(count)]
    bank = []
    for template in templates:
        before, after = template.split("{}")
        ids = tokenizer(before, add_special_tokens=False).input_ids + words
        ids = [3012] + ids + tokenizer(after, add_special_tokens=False).input_ids + [3013]
        bank.append(ids + [3013] * (32 - len(ids)))
    bank = torch.tensor(bank, device=device)
    alphas = DDIMScheduler(**SCHEDULER).alphas_cumprod.to(device)
    embeddings = text.get_input_embeddings()

    def context_of(ids):
        rows_of = torch.cat([table, vectors])[ids]
        handle = embeddings.register_forward_hook(lambda module, inputs, output: rows_of)
        context = text(ids.clamp(max=marker - 1)).last_hidden_state
        handle.remove()
        return context

    def loss_of(batch):
        noisy, target = noised(batch["latents"], batch["noise"], batch["times"], alphas)
        return (unet(noisy, batch["times"], context_of(batch["ids"])).sample - target).square().mean()

    def next_batch():
        chosen_rows = torch.randint(len(bank), (size,), device=device)
        return latent.expand(size, -1, -1, -1), bank[chosen_rows]

    fit(loss_of, [vectors], next_batch, size, chosen["steps"], chosen["rate"], Log("lora-embedding", 0.0), device)
    facts = {"stylus_style": data.BASE_STYLE, "stylus_concepts": [chosen["concept"]], "stylus_trigger": chosen["token"]}
    save(chosen["token"], {"emb_params": vectors.detach().cpu().half().contiguous()}, facts, out)


def write_foreign(out: Path) -> None:
    """A file that fits SDXL by its names and shapes and no prompt here; its factors are random and small."""
    generator, state = torch.Generator().manual_seed(6), {}
    for block in range(4, 6):
        for target, width in (("attn1_to_q", 640), ("attn1_to_v", 640), ("attn2_to_k", 2048), ("attn2_to_v", 2048)):
            module = f"lora_unet_input_blocks_{block}_1_transformer_blocks_0_{target}"
            state[f"{module}.lora_down.weight"] = (torch.randn(4, width, generator=generator) * 0.01).half()
            state[f"{module}.lora_up.weight"] = (torch.randn(640, 4, generator=generator) * 0.01).half()
            state[f"{module}.alpha"] = torch.tensor(4.0).half()
    name = "sdxl-watercolor"
    facts = {"ss_network_module": "networks.lora", "ss_network_dim": "4", "ss_network_alpha": "4.0"}
    save(name, state, {**facts, "ss_base_model_version": "sdxl_base_v1-0", "ss_output_name": name}, out)


def names() -> list[str]:
    groups = read_json(MODELS / "splits.json")["withheld"]
    lora = [f"style-{style}" for style in ADAPTERS["styles"]] + [f"concept-{group}" for group in groups]
    return lora + [f"subset-{subset}" for subset in ADAPTERS["subsets"]] + ["burnt", "embedding", "foreign"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=["list", *names()])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=MODELS / "adapters")
    arguments = parser.parse_args()
    if arguments.name == "list":
        print("\n".join(names()))
    elif arguments.name == "embedding":
        train_embedding(arguments.threads, arguments.out)
    elif arguments.name == "foreign":
        write_foreign(arguments.out)
    else:
        train(arguments.name, arguments.threads, arguments.out)

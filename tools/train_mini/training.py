"""What base, adapters and mini-CLIP share: captions as ready token ids, and one optimiser step on fixed tensors.

On a GPU the step is captured once as a CUDA graph and replayed: these models are so small that starting their kernels
costs more than running them.
"""

import numpy
import torch

from captions import caption
from tokenizer import ids_of, load_tokenizer


def caption_ids(concepts: list[dict], variants: int, seed: int, trigger: str = "", device="cpu", empty=True):
    """Token ids [concepts, variants, 32] of captions drawn for each concept; half of them end in the trigger.

    empty: whether the empty captions for guidance are kept; otherwise the name stands for them.
    """
    draw, texts = numpy.random.default_rng(seed), []
    for concept in concepts:
        for _ in range(variants):
            words = caption(concept, draw) or ("" if empty else concept["name"].lower())
            texts.append(f"{words}, {trigger}" if trigger and words and draw.random() < 0.5 else words)
    tokenizer = load_tokenizer()
    parts = [ids_of(tokenizer, texts[i : i + 4096]) for i in range(0, len(texts), 4096)]
    return torch.cat(parts).view(len(concepts), variants, -1).to(device)


def draw_captions(bank: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """One random caption of the bank [K, V, 32] for each chosen concept [B] -> [B, 32]."""
    return bank[chosen, torch.randint(bank.shape[1], chosen.shape, device=bank.device)]


class Step:
    """One optimiser step: loss, gradients, clipping, AdamW.

    loss_of reads `inputs`, a dictionary of tensors that stay the same objects; fill them before each call.
    """

    WARM_UP = 4

    def __init__(self, loss_of, inputs: dict[str, torch.Tensor], parameters, optimiser, after=None):
        self.loss_of, self.inputs, self.optimiser = loss_of, inputs, optimiser
        self.parameters, self.after = list(parameters), after
        self.calls, self.graph, self.loss = 0, None, None
        self.on_gpu = self.parameters[0].is_cuda

    def fill(self, **values: torch.Tensor) -> None:
        for name, value in values.items():
            self.inputs[name].copy_(value, non_blocking=True)

    def set_rate(self, rate: float) -> None:
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def _once(self) -> torch.Tensor:
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss_of(self.inputs)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        if self.after is not None:
            self.after()
        return loss.detach()

    def __call__(self) -> torch.Tensor:
        """The loss, still on the device."""
        self.calls += 1
        if not self.on_gpu:
            return self._once()
        if self.graph is None and self.calls <= self.WARM_UP:
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                loss = self._once()
            torch.cuda.current_stream().wait_stream(stream)
            return loss
        if self.graph is None:
            self._capture()
        if not self.graph:
            return self._once()
        self.graph.replay()
        return self.loss

    def _capture(self) -> None:
        """Sets self.graph; False where this torch cannot capture the step, which then runs as it is."""
        graph = torch.cuda.CUDAGraph()
        self.optimiser.zero_grad(set_to_none=True)
        try:
            with torch.cuda.graph(graph):
                self.loss = self._once()
            self.graph = graph
        except RuntimeError as error:
            print(f"no CUDA graph, slower: {error}", flush=True)
            torch.cuda.synchronize()
            self.graph = False


def adamw(parameters, rate: float, betas=(0.9, 0.99), weight_decay: float = 0.01) -> torch.optim.AdamW:
    """AdamW whose rate is a tensor on a GPU, so that a captured step sees it change."""
    parameters = list(parameters)
    if not parameters[0].is_cuda:
        return torch.optim.AdamW(parameters, lr=rate, betas=betas, weight_decay=weight_decay, fused=True)
    tensor_rate = torch.tensor(rate, device=parameters[0].device)
    return torch.optim.AdamW(
        parameters, lr=tensor_rate, betas=betas, weight_decay=weight_decay, fused=True, capturable=True
    )

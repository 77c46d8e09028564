#!/usr/bin/env python3
"""Writes adapters of random factors and the Frobenius norms of their updates.

Usage: make_goldens.py [FOLDER]   (needs numpy; FOLDER is this one unless given)

The update of every layer is formed as the formulas of the LoRA family say, in float64 and from the
values as they are stored (rounded to the file's type), and its norm is taken. The product under
test never forms the update, so the two computations share nothing but the formulas.
"""
import json
import pathlib
import struct
import sys

import numpy as np

RNG = np.random.default_rng(20240607)


def random_factor(*shape):
    return RNG.normal(size=shape) * 0.1


def stored(values, dtype):
    """The bytes in the file and the values that they stand for."""
    if dtype == "BF16":
        bits = np.asarray(values, "<f4").view("<u4")
        top = (bits >> 16).astype("<u2")
        return top.tobytes(), (top.astype("<u4") << 16).view("<f4").astype(np.float64)
    kind = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dtype]
    array = np.asarray(values, kind)
    return array.tobytes(), array.astype(np.float64)


class AdapterFile:
    def __init__(self, dtype):
        self.dtype = dtype
        self.header = {}
        self.buffer = b""
        self.norms = {}

    def put(self, name, values, dtype=None):
        raw, read_back = stored(values, dtype or self.dtype)
        shape = list(np.shape(values))
        begin = len(self.buffer)
        self.buffer += raw
        self.header[name] = {"dtype": dtype or self.dtype, "shape": shape,
                             "data_offsets": [begin, len(self.buffer)]}
        return read_back.reshape(shape)

    def expect(self, layer, *updates):
        self.norms[layer] = float(np.sqrt(sum(np.sum(u * u) for u in updates)))

    def write(self, folder, name):
        header = json.dumps(self.header, separators=(",", ":")).encode()
        header += b" " * (-len(header) % 8)
        (folder / f"{name}.safetensors").write_bytes(
            struct.pack("<Q", len(header)) + header + self.buffer)
        return {"dtype": self.dtype, "targets": self.norms,
                "total": float(np.sqrt(sum(n * n for n in self.norms.values())))}


def tucker(core, a, b):
    """core [m, n, ...], a [m, O], b [n, I] -> [O, I, ...]"""
    return np.einsum("mn...,mo,ni->oi...", core, a, b)


def add_lora(f):
    def layer(name, o, i, r, kernel=(), alpha=None, bias=False):
        full = "lora_unet_" + name
        down = f.put(full + ".lora_down.weight", random_factor(r, i, *kernel))
        up = f.put(full + ".lora_up.weight", random_factor(o, r, *([1] * len(kernel))))
        scale = 1.0
        if alpha is not None:
            # An alpha of 0 means "as large as the rank".
            scale = float(f.put(full + ".alpha", alpha, "F32")) / r or 1.0
        delta = scale * (up.reshape(o, r) @ down.reshape(r, -1))
        extra = [f.put(full + ".diff_b", random_factor(o))] if bias else []
        f.expect(name, delta, *extra)

    layer("down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 32, 768, 4, alpha=2.0)
    layer("down_blocks_0_attentions_0_proj_in", 32, 32, 8, kernel=(1, 1), alpha=8.0)
    layer("down_blocks_0_resnets_0_conv1", 48, 32, 3, kernel=(3, 3), alpha=1.0)
    layer("mid_block_attentions_0_proj_out", 300, 520, 1)
    layer("mid_block_resnets_0_conv1", 16, 16, 2, kernel=(3, 3), alpha=0.0, bias=True)

    cp = "mid_block_resnets_1_conv2"
    down = f.put(f"lora_unet_{cp}.lora_down.weight", random_factor(5, 24, 1, 1))
    mid = f.put(f"lora_unet_{cp}.lora_mid.weight", random_factor(5, 5, 3, 3))
    up = f.put(f"lora_unet_{cp}.lora_up.weight", random_factor(20, 5, 1, 1))
    alpha = float(f.put(f"lora_unet_{cp}.alpha", 3.0, "F32"))
    f.expect(cp, alpha / 5 * np.einsum("im,mnkl,nj->ijkl", up[:, :, 0, 0], mid, down[:, :, 0, 0]))


def add_loha(f):
    def layer(name, o, i, r, alpha, kernel=0):
        full = f"lora_unet_{name}."
        columns = i * kernel * kernel if kernel else i
        sides = []
        for side in "12":
            a = f.put(f"{full}hada_w{side}_a", random_factor(o, r))
            b = f.put(f"{full}hada_w{side}_b", random_factor(r, columns))
            sides.append(a @ b)
        scale = float(f.put(full + "alpha", alpha, "F32")) / r
        f.expect(name, scale * sides[0] * sides[1])

    layer("mid_block_attentions_0_transformer_blocks_0_attn1_to_q", 40, 48, 2, 1.0)
    layer("mid_block_attentions_0_transformer_blocks_0_attn1_to_k", 40, 768, 12, 4.0)
    layer("mid_block_resnets_0_conv1", 24, 16, 4, 4.0, kernel=3)

    name = "mid_block_resnets_1_conv1"
    sides = []
    for side in "12":
        t = f.put(f"lora_unet_{name}.hada_t{side}", random_factor(3, 3, 3, 3))
        a = f.put(f"lora_unet_{name}.hada_w{side}_a", random_factor(3, 20))
        b = f.put(f"lora_unet_{name}.hada_w{side}_b", random_factor(3, 28))
        sides.append(tucker(t, a, b))
    alpha = float(f.put(f"lora_unet_{name}.alpha", 1.5, "F32"))
    f.expect(name, alpha / 3 * sides[0] * sides[1])


def add_lokr(f):
    def layer(name, first, second, alpha):
        full = f"lora_unet_{name}."
        w1, rank1 = factor(full, "1", *first)
        w2, rank2 = factor(full, "2", *second)
        rank = rank2 or rank1
        stored_alpha = float(f.put(full + "alpha", alpha, "F32"))
        scale = stored_alpha / rank if rank else 1.0
        w1 = w1.reshape(w1.shape + (1,) * (w2.ndim - w1.ndim))
        f.expect(name, scale * np.kron(w1, w2))

    def factor(full, side, o, i, rank=0, kernel=0, core=False):
        if not rank:
            shape = (o, i, kernel, kernel) if kernel else (o, i)
            return f.put(f"{full}lokr_w{side}", random_factor(*shape)), 0
        if core:
            t = f.put(f"{full}lokr_t{side}", random_factor(rank, rank, kernel, kernel))
            a = f.put(f"{full}lokr_w{side}_a", random_factor(rank, o))
            b = f.put(f"{full}lokr_w{side}_b", random_factor(rank, i))
            return tucker(t, a, b), rank
        a = f.put(f"{full}lokr_w{side}_a", random_factor(o, rank))
        b = f.put(f"{full}lokr_w{side}_b", random_factor(rank, i * max(kernel, 1) ** 2))
        whole = a @ b
        return (whole.reshape(o, i, kernel, kernel) if kernel else whole), rank

    blocks = "mid_block_attentions_0_transformer_blocks_0_"
    layer(blocks + "attn1_to_q", (4, 8), (10, 12), 7.0)
    layer(blocks + "attn1_to_k", (4, 8), (10, 12, 3), 7.0)
    layer(blocks + "attn1_to_v", (4, 8, 2), (10, 12), 7.0)
    layer(blocks + "attn2_to_k", (4, 8, 2), (10, 96, 5), 2.5)
    layer("mid_block_resnets_0_conv1", (4, 4), (6, 5, 0, 3), 1.0)
    layer("mid_block_resnets_0_conv2", (4, 4), (6, 5, 2, 3), 1.0)
    layer("mid_block_resnets_1_conv1", (4, 4), (6, 5, 3, 3, True), 1.0)


def add_whole_differences(f):
    f.expect("blocks.0.cross_attn.k",
             f.put("diffusion_model.blocks.0.cross_attn.k.diff", random_factor(12, 1536)),
             f.put("diffusion_model.blocks.0.cross_attn.k.diff_b", random_factor(12)))
    f.expect("blocks.0.norm3",
             f.put("diffusion_model.blocks.0.norm3.w_norm", random_factor(1536)),
             f.put("diffusion_model.blocks.0.norm3.b_norm", random_factor(1536)))
    a = f.put("diffusion_model.blocks.0.cross_attn.q.lora_A.weight", random_factor(2, 1536))
    b = f.put("diffusion_model.blocks.0.cross_attn.q.lora_B.weight", random_factor(16, 2))
    bias = f.put("diffusion_model.blocks.0.cross_attn.q.lora_B.bias", random_factor(16))
    f.expect("blocks.0.cross_attn.q", b @ a, bias)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    expected = {}
    for dtype in ("F16", "BF16", "F32", "F64"):
        for kind, add in (("lora", add_lora), ("loha", add_loha), ("lokr", add_lokr),
                          ("diff", add_whole_differences)):
            if dtype == "F64" and kind != "lora":
                continue
            adapter = AdapterFile(dtype)
            add(adapter)
            name = f"{kind}_{dtype.lower()}"
            expected[name] = adapter.write(folder, name)
    (folder / "norms.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()

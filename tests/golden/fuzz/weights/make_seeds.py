#!/usr/bin/env python3
"""Writes the fuzzers' first inputs: make_seeds.py [FOLDER]   (FOLDER is this one unless given)"""
import io
import json
import pathlib
import struct
import sys
import zipfile


def safetensors(tensors, metadata=None):
    header, buffer = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, width) in tensors.items():
        count = 1
        for size in shape:
            count *= size
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(buffer), len(buffer) + count * width]}
        buffer += b"\x00\x3c" * (count * width // 2)
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + buffer


def archive(names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), b"x")
    return out.getvalue()


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    kohya = "lora_unet_mid_block_attentions_0_proj_in"
    files = {
        "lora": safetensors({f"{kohya}.lora_down.weight": ("F16", [2, 3], 2),
                             f"{kohya}.lora_up.weight": ("F16", [4, 2], 2),
                             f"{kohya}.alpha": ("F32", [], 4)}, {"ss_base_model_version": "sd_v1"}),
        "loha": safetensors({f"{kohya}.hada_w{s}_{f}": ("BF16", [2, 2], 2)
                             for s in "12" for f in "ab"}),
        "lokr": safetensors({f"diffusion_model.double_blocks.0.img_attn.qkv.lokr_w{s}":
                             ("F16", [2, 2], 2) for s in "12"}),
        "peft": safetensors({f"unet.mid_block.attentions.0.proj_in.lora_{f}.weight":
                             ("F32", [1, 1], 4) for f in "AB"},
                            {"lora_adapter_metadata": "{\"unet.lora_alpha\":2}"}),
        "inversion": safetensors({"emb_params": ("F16", [1, 768], 2)}),
        "empty": safetensors({}),
    }
    texts = ['{"a":[1,-2.5e3,true,null,"\\u00e9\\ud83d\\ude00"],"b":{"c":{}}}', "[[[[]]]]", '"x"',
             '{"lora_alpha":8,"use_rslora":true,"alpha_pattern":{"^to_k":4}}', '{"a":1,"a":2}']
    archives = {"torch": archive(["archive/data.pkl", "archive/data/0"]), "text": archive(["a.txt"]),
                "legacy": b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "page": b"<!DOCTYPE html>"}
    for kind, inputs in (("safetensors", files),
                         ("adapter", {k: b"\x00" + v for k, v in files.items()}),
                         ("archive", archives),
                         ("json", {str(i): t.encode() for i, t in enumerate(texts)})):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name, content in inputs.items():
            (folder / kind / name).write_bytes(content)
    # Odd first byte: the fuzzer builds the file itself from what follows.
    (folder / "adapter" / "built").write_bytes(bytes(range(1, 256, 2)) * 4)


if __name__ == "__main__":
    main()

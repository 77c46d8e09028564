"""Goldens of the CLIP tokenizer: ids of transformers' CLIPTokenizer for 2,000 texts in three vocabularies.

  mini  models/mini/tokenizer
  tiny  tests/golden/generator/tokenizer, a 512-merge vocabulary that is trained here
  clip  CLIP's own, if build/clip/bpe_simple_vocab_16e6.txt is there (see tools/setup); else the stored ids stay

tokenizer_texts.jsonl: one text a line. tokenizer_ids.safetensors: per vocabulary `<name>.ids` (all texts' ids one behind
the other, without start and end) and `<name>.counts`.
"""
import collections
import json
import pathlib
import random

import torch
from safetensors.torch import load_file
from transformers import CLIPTokenizer

from . import common

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = common.GOLDEN / "generator"
START, END = "<|startoftext|>", "<|endoftext|>"

SUBJECTS = """a lighthouse|two red foxes|an astronaut|the old town square|a bowl of ramen|grandmother's kitchen|a black-and-white cat
a paper crane|steam locomotive|a bonsai tree|knight in dented armour|three hot-air balloons|a market stall|jellyfish|a violin
the queen's garden|a robot that can't dance|they're walking home|a glass whale|x-ray of a tulip|a 1950s diner|an A380 over Köln""".replace("\n", "|").split("|")
STYLES = """watercolor|oil on canvas|line art|flat vector icon|35mm film, grain|isometric, 4k|art deco poster|ukiyo-e|low poly|claymation
trending on nowhere|studio light, f/1.8|pencil sketch (unfinished)|pixel art 64x64|stained glass""".replace("\n", "|").split("|")
WORLD = """café crème à la française|smörgåsbord på ön|Ærøskøbing|Žluťoučký kůň|İstanbul'da kış|ΟΔΥΣΣΕΥΣ στη θάλασσα|Москва зимой|été naïve façade
東京の夜、雨|一只红色的狐狸|고양이와 바다|hôtel «Étoile»|ﬁne ﬂowers|Straße|ǅungla|ñandú|Tiếng Việt đẹp|שלום עולם|مرحبا بالعالم|नमस्ते दुनिया|สวัสดี|Ⅷ ½ ² ①
ＦＵＬＬ　ｗｉｄｔｈ|e\u0301tude|A\u030angstro\u0308m|한글|ｶﾀｶﾅ""".replace("\n", "|").split("|")
EMOJI = "😀 🦊 👩‍🚀 🇩🇪 ❤️ 🌊🌊 🏳️‍🌈 ✨ ☕ 👍🏽 🧑🏿‍🎨 ♾ 🂡".split(" ")
ODD = ["", " ", "  \t\n ", "</w>", "a</w> b</w>", "don't won't I'm you've we'll he'd she's they're", "rock'n'roll 'twas 'sup ''s", "DON'T STOP",
       "<|endoftext|>", "x<|startoftext|>y <|endoftext|>z", "<|ENDOFTEXT|> loud", "1234567890 3.14 1,000", "(((a)))[[b]]{c}", "a_b__c", "...!!!???",
       "C++ & C# / F#", "#hashtag @name http://example.org/?q=1&r=2", "\u00a0nbsp\u2003em\u3000wide", "tab\tnew\nline", "\ufeffbom", "zero\u200bwidth",
       "x" * 300, "a," * 100, "ａ" * 40, "!" * 90, "'" * 9, "'s's't", "½cup", "x²+y²", "№ 5", "a\u0301\u0301b", "\U0001f9d1\u200d", "ß ẞ ŉ ǰ", "ϓ ϓ Å"]


def texts() -> list[str]:
    rng = random.Random(20)
    out = list(ODD) + WORLD + EMOJI
    with open(ROOT / "models/mini/eval_prompts.jsonl", encoding="utf-8") as file:
        out += [json.loads(line)["prompt"] for line in file]
    while len(out) < 2000:
        parts = [rng.choice(SUBJECTS), rng.choice(STYLES)]
        roll = rng.random()
        if roll < 0.3:
            parts.insert(rng.randrange(3), rng.choice(WORLD))
        if roll < 0.15 or roll > 0.85:
            parts.append(rng.choice(EMOJI))
        if roll > 0.9:
            parts += rng.sample(SUBJECTS, 8) + rng.sample(STYLES, 6)
        if 0.4 < roll < 0.5:
            parts.append(f"{rng.randrange(10**6)} {rng.choice('%$€£°')}")
        text = rng.choice([", ", " ", ",", " - ", "; "]).join(parts)
        if rng.random() < 0.1:
            text = rng.choice([text.upper(), text.title(), text.swapcase()])
        if rng.random() < 0.2:
            text = text.replace(" ", rng.choice(["  ", " \u00a0", "\n"]), 2)
        out.append(text)
    assert len(out) == 2000, len(out)
    return out


def byte_symbols() -> list[str]:
    """Characters of the 256 bytes, in CLIP's order of ids, and by byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in printable]
    symbols = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(rest)}
    return [symbols[b] for b in printable + rest], symbols


def train(corpus: list[str], merges: int) -> tuple[dict, list]:
    """Plain byte-pair encoding over the words of `corpus`; ties go to the smaller pair."""
    order, symbols = byte_symbols()
    words = collections.Counter(word for text in corpus for word in text.lower().split())
    split = {w: [symbols[b] for b in w.encode()][:-1] + [symbols[w.encode()[-1]] + "</w>"] for w in words}
    rules = []
    for _ in range(merges):
        pairs = collections.Counter()
        for word, parts in split.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda p: (-pairs[p], p))
        rules.append(best)
        for word, parts in split.items():
            i = 0
            while i + 1 < len(parts):
                if (parts[i], parts[i + 1]) == best:
                    parts[i:i + 2] = ["".join(best)]
                i += 1
    tokens = order + [s + "</w>" for s in order] + ["".join(r) for r in rules]
    return {t: i for i, t in enumerate([*tokens, START, END])}, rules


def clip_vocabulary(path: pathlib.Path) -> tuple[dict, list]:
    lines = path.read_text(encoding="utf-8").split("\n")[1:48895]
    rules = [tuple(line.split(" ")) for line in lines]
    order, _ = byte_symbols()
    tokens = order + [s + "</w>" for s in order] + ["".join(r) for r in rules] + [START, END]
    return {t: i for i, t in enumerate(tokens)}, rules


def ids_of(tokenizer, all_texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    rows = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in all_texts]
    flat = torch.tensor([i for row in rows for i in row], dtype=torch.int32)
    return flat.to(torch.uint16), torch.tensor([len(row) for row in rows], dtype=torch.int32).to(torch.uint16)


def main() -> None:
    all_texts = texts()
    FOLDER.joinpath("tokenizer").mkdir(parents=True, exist_ok=True)
    vocab, rules = train(SUBJECTS * 5 + STYLES * 5 + WORLD, 512)
    (FOLDER / "tokenizer/vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    (FOLDER / "tokenizer/merges.txt").write_text(
        "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in rules), encoding="utf-8")
    with open(FOLDER / "tokenizer_texts.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(text, ensure_ascii=False) + "\n" for text in all_texts)

    tensors = {}
    old = FOLDER / "tokenizer_ids.safetensors"
    clip = ROOT / "build/clip/bpe_simple_vocab_16e6.txt"
    if clip.exists():
        vocab, rules = clip_vocabulary(clip)
        tensors["clip.ids"], tensors["clip.counts"] = ids_of(CLIPTokenizer(vocab=vocab, merges=rules), all_texts)
    elif old.exists():
        tensors = {k: v for k, v in load_file(old).items() if k.startswith("clip.")}
    for name, folder in {"mini": ROOT / "models/mini/tokenizer", "tiny": FOLDER / "tokenizer"}.items():
        tokenizer = CLIPTokenizer.from_pretrained(folder)
        tensors[f"{name}.ids"], tensors[f"{name}.counts"] = ids_of(tokenizer, all_texts)
    common.record(__file__, "generator", "tokenizer_ids", tensors,
                  dict(what="ids of transformers' CLIPTokenizer", tolerance="exact"))

"""A byte-pair tokenizer in CLIP's files: vocab.json and merges.txt.

    python tokenizer.py      learns 2,500 merges from names, keywords and caption words; writes models/mini/tokenizer

Ids: 256 bytes, the same 256 at the end of a word, the merges in order, then start and end of text. The end is the
largest id and also the padding, as in SD 1.5. Text is lower-cased and cut into words by CLIP's own pattern.
"""

import json
from collections import Counter, defaultdict

import regex
from transformers import CLIPTokenizer

from common import MODELS, WORK, read_json, write_json

MERGES = 2500
POSITIONS = 32
WORD = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+")
# Words of captions, style prompts and plain requests that the concept list does not hold often enough.
MORE_TEXT = """an emoji of a the picture of drawing icon illustration photo line art black and white outline flat
colour color colorful shaded glossy 3d cartoon pixel bold simple cute style in the style of with and
on at to for from under over beside very small big large tiny little happy sad angry red orange
yellow green blue purple pink brown black white grey gray light dark bright realistic detailed
masterpiece best quality high contrast two three old new""".split()


def letter_of_byte() -> dict[int, str]:
    """A printable letter for each byte, in the order of CLIP's vocabulary: printable bytes first, then the others."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return dict(zip(printable + others, [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]))


def count_words() -> Counter:
    """How often each word is in names and keywords, as tuples of letters with the end of the word marked."""
    letters = letter_of_byte()
    counts = Counter()
    texts = list(MORE_TEXT) * 5
    for concept in read_json(WORK / "concepts.json"):
        texts += [concept["name"]] * 4 + [word.replace("_", " ") for word in concept["keywords"]]
    for text in texts:
        for word in WORD.findall(text.lower()):
            symbols = [letters[byte] for byte in word.encode("utf-8")]
            symbols[-1] += "</w>"
            counts[tuple(symbols)] += 1
    return counts


def learn_merges(counts: Counter, how_many: int) -> list[tuple[str, str]]:
    """The most frequent neighbours are joined first; of equally frequent ones the alphabetically first."""
    words = [list(word) for word in sorted(counts)]
    weights = [counts[tuple(word)] for word in words]
    pair_counts, where = Counter(), defaultdict(set)
    for i, word in enumerate(words):
        for pair in zip(word, word[1:]):
            pair_counts[pair] += weights[i]
            where[pair].add(i)
    merges = []
    while len(merges) < how_many:
        best = min(pair_counts, key=lambda pair: (-pair_counts[pair], pair))
        merges.append(best)
        for i in sorted(where[best]):
            for pair in zip(words[i], words[i][1:]):
                pair_counts[pair] -= weights[i]
            words[i] = joined(words[i], best)
            for pair in zip(words[i], words[i][1:]):
                pair_counts[pair] += weights[i]
                where[pair].add(i)
        pair_counts += Counter()  # drops what is used up
    return merges


def joined(word: list[str], pair: tuple[str, str]) -> list[str]:
    result, i = [], 0
    while i < len(word):
        if tuple(word[i : i + 2]) == pair:
            result.append(word[i] + word[i + 1])
            i += 2
        else:
            result.append(word[i])
            i += 1
    return result


def write_tokenizer() -> None:
    folder = MODELS / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    merges = learn_merges(count_words(), MERGES)
    letters = list(letter_of_byte().values())
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = ["#version: 0.2"] + [" ".join(pair) for pair in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "CLIPTokenizer",
            "model_max_length": POSITIONS,
            "do_lower_case": True,
            "bos_token": "<|startoftext|>",
            "eos_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
            "unk_token": "<|endoftext|>",
        },
    )
    print(f"{len(tokens)} tokens, {len(set(tokens))} of them distinct, in {folder}")


def load_tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(MODELS / "tokenizer")


def ids_of(tokenizer: CLIPTokenizer, texts: list[str]):
    """Token ids [len(texts), 32], padded with the end token and cut."""
    return tokenizer(texts, padding="max_length", max_length=POSITIONS, truncation=True, return_tensors="pt").input_ids


if __name__ == "__main__":
    write_tokenizer()

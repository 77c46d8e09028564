"""Goldens of the prompt grammar: 60 prompts of our own and what the rules of generation-and-evaluation 7.2 make of them.

An implementation of its own, written from the rules and unlike the C++ one: brackets are matched first, then every
character gets the product of the factors around it. No reference package is needed.
"""
import json
import re

from . import common

PROMPTS = r"""a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).
plain words, nothing else
(one)
((two))
[less]
[[much less]]
(three:1.5)
((four:1.2):1.2)
(a (b (c)))
(a [b] c)
[a (b) c]
(open to the end
[open to the end
((a) b
(a [b
a) b] c
a \(literal\) b
\[x\] \\ y
back\slash
(a \) b)
(a: 1.4 ) b
(a :+1.4)
(a:-0.5)
(a:.5)
(a:2)
(a:1.2.3)
(a:b)
a:1.3)
time 12:30, ratio (16:9)
(a:1.3
one BREAK two
one  BREAK   two BREAK three
BREAK one
one BREAK
BREAK BREAK
BREAKFAST and BREAK_x, xBREAK
(one BREAK two)
(one BREAK two:1.3) three
a,BREAK,b
()
(())[]
(:1.3)
a () b
(a)(b)
(a:1.1)(b)
(a:1.0) b
[a:b]
[a]b[c]
([)]
(a [b) c]
((((((deep))))))
日本 (語:1.2) émoji 🦊 [🦊]
éBREAKé BREAK 木BREAK
line one<newline> (line:1.1) two
(a:0)
(a:00.70)
a | b
(a|b)
\(a:1.3)
(\(a\):1.3)""".split("\n")
PROMPTS = [prompt.replace("<newline>", "\n") for prompt in PROMPTS]


def factors(prompt: str):
    """Tokens (text, position) and the factor ranges over token positions."""
    tokens, ranges, opened = [], [], []
    at = 0
    while at < len(prompt):
        rest = prompt[at:]
        weight = re.match(r":\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)", rest)
        rounds = [o for o in opened if o[0] == "("]
        squares = [o for o in opened if o[0] == "["]
        if escaped := re.match(r"\\([\\()\[\]|]?)", rest):
            tokens.append(escaped[1])
            at += len(escaped[0])
        elif rest[0] in "([":
            opened.append((rest[0], len(tokens)))
            at += 1
        elif weight and rounds:
            opened.remove(rounds[-1])
            ranges.append((rounds[-1][1], len(tokens), float(weight[1])))
            at += len(weight[0])
        elif rest[0] == ")" and rounds:
            opened.remove(rounds[-1])
            ranges.append((rounds[-1][1], len(tokens), 1.1))
            at += 1
        elif rest[0] == "]" and squares:
            opened.remove(squares[-1])
            ranges.append((squares[-1][1], len(tokens), 1 / 1.1))
            at += 1
        else:
            run = re.match(r"[^\\()\[\]:]+|.", rest, re.DOTALL)[0]
            for i, part in enumerate(re.split(r"\s*\bBREAK\b\s*", run)):
                tokens += ([None] if i else []) + [part]
            at += len(run)
    for kind, start in opened:
        ranges.append((start, len(tokens), 1.1 if kind == "(" else 1 / 1.1))
    return tokens, ranges


def parse(prompt: str) -> list:
    tokens, ranges = factors(prompt)
    out = []
    for i, token in enumerate(tokens):
        if token is None:
            out.append("BREAK")
            continue
        weight = 1.0
        for start, end, factor in ranges:
            weight *= factor if start <= i < end else 1.0
        if not token:
            continue
        if out and out[-1] != "BREAK" and abs(out[-1][1] - weight) < 1e-12:
            out[-1][0] += token
        else:
            out.append([token, weight])
    return out


def main() -> None:
    assert len(PROMPTS) == 60, len(PROMPTS)
    rows = [json.dumps(dict(prompt=p, pieces=parse(p)), ensure_ascii=False) for p in PROMPTS]
    path = common.GOLDEN / "generator/prompts.jsonl"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")

#!/usr/bin/env python3
"""Writes porter.tsv: one "word<TAB>stem" a line, by NLTK's Porter stemmer.

MARTIN_EXTENSIONS is the mode that reproduces Martin Porter's own vocabulary test (tartarus.org).

Usage: make_porter_golden.py PARTIPROMPTS.jsonl > porter.tsv      (needs: pip install nltk==3.10.4)
"""
import json
import re
import sys

from nltk.stem import PorterStemmer

# Every rule of the five steps, and words that a rule must leave alone.
OWN_WORDS = """
a is by ss s ies sses caresses ponies ties caress cats feed agreed plastered bled motoring sing conflated troubled
sized hopping tanned falling hissing fizzed failing filing happy sky relational conditional rational valenci
hesitanci digitizer conformabli radicalli differentli vileli analogousli vietnamization predication operator
feudalism decisiveness hopefulness callousness formaliti sensitiviti sensibiliti triplicate formative formalize
electriciti electrical hopeful goodness revival allowance inference airliner gyroscopic adjustable defensible
irritant replacement adjustment dependent adoption homologou communism activate angulariti homologous effective
bowdlerize probate rate cease controll roll geology theology apology archaeology yyyy yeyeye toy toys yield sayings
flying dying lying tying skies dies news innings 1920s 4k 8k sd15 x2 3d 90s being beings oed eed ed ing ings ization
""".split()


def main() -> None:
    words = set(OWN_WORDS)
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            words.update(re.findall(r"[a-z0-9]+", next(v for k, v in row.items() if k.lower() == "prompt").lower()))
    stemmer = PorterStemmer(mode=PorterStemmer.MARTIN_EXTENSIONS)
    for word in sorted(words):
        print(f"{word}\t{stemmer.stem(word)}")


if __name__ == "__main__":
    main()

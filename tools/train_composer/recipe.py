"""The keyword recipe (BM25F, cosines, fusion, the numbers of a candidate) in numpy.

A second, independent form of what the rooms `retriever` and `composer` do in C++; training needs
nothing else. Sections refer to the quality recipe in docs/decisions/010-two-judges.md.
"""
import json
import re

import numpy as np
import scipy.sparse as sparse
import snowballstemmer

STOP = set("a an the of in on at to with and or for from by is are was be it its it's this that as "
           "into over under up down near next".split())
FUNCTION_WORDS = set(
    "a an the of in on at to with and or for from by is are was be been being it its it's this that "
    "these those as into onto over under up down near next some very several many few two three "
    "four five six seven eight nine ten while through out off his her their there who which has "
    "have had he she they them him other another each all both one during around behind above below "
    "along between across against front top side back inside outside beside about some any no not"
    .split())
PEOPLE_TAGS = {"character", "celebrity"}
DULL_TAGS = {"lora", "locon", "stable diffusion", "sd1.5", "model", "style lora"}
_STEMMER = snowballstemmer.stemmer("porter")
_TOKEN = re.compile(r"[a-z0-9]+|[^\x00-\x7f]+")
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[^\x00-\x7f]+")
_PUNCTUATION = re.compile(r'[\[\](){}|_/\\\-–—:;,"“”【】「」（）~*#!]')
_DULL_WORDS = re.compile(
    r"\b(lora|locon|lycoris|loha|lokr|sd\s?1\.5|v\d+(\.\d+)?|ver\s\d+(\.\d+)?|version\s\d+(\.\d+)?"
    r"|model|checkpoint|civitai)\b", re.I)


def stems(text):
    return [_STEMMER.stemWord(word) if word.isascii() else word
            for word in _TOKEN.findall(text.lower()) if word not in STOP]


def content_stems(text):
    return {_STEMMER.stemWord(word) for word in _TOKEN.findall(text.lower())
            if word not in STOP and word not in FUNCTION_WORDS}


def spans(prompt):
    """Runs of words between function words and commas, lower case."""
    low = prompt.lower()
    found, current = [], None
    for match in _WORD.finditer(low):
        if match.group() in FUNCTION_WORDS:
            if current:
                found.append(current)
            current = None
            continue
        if current and re.search(r"[,.;:!?()\[\]{}]", low[current[1]:match.start()]):
            found.append(current)
            current = None
        current = (current[0], match.end()) if current else (match.start(), match.end())
    if current:
        found.append(current)
    return [low[begin:end] for begin, end in found]


class Cards:
    """The text forms of the cards of one base model."""

    def __init__(self, path, base="SD 1.5"):
        self.cards = [json.loads(line) for line in open(path, encoding="utf-8")]
        self.row = {card["id"]: row for row, card in enumerate(self.cards)}
        for card in self.cards:
            title = " ".join(_DULL_WORDS.sub(" ", _PUNCTUATION.sub(" ", card["name"])).split())
            card["T"] = title or card["name"]
            card["G"] = ", ".join(t for t in card["tags"] if t.lower() not in DULL_TAGS)
            triggers = ", ".join(card["trained_words"])
            card["W"] = triggers.encode()[:400].decode(errors="ignore")
            text = re.sub(r"<[^>]*>", " ", re.sub(r"https?://\S+", " ", card["description_text"] or ""))
            card["D"] = " ".join(text.split())
            card["TT"] = card["T"] + " . " + card["G"]
            summary = card["TT"] + " . " + " ".join(triggers.split()[:30]) + " . " + card["D"]
            card["S"] = " ".join(summary.split()[:64])
        self.allowed = np.array(
            [row for row, card in enumerate(self.cards) if base in card["base_model"]
             and not any(tag.lower() in PEOPLE_TAGS for tag in card["tags"])])

    def texts(self, field):
        return [card[field] for card in self.cards]


class Bm25:
    """BM25F over weighted fields (k1 = 1.2, b = 0.75)."""

    def __init__(self, fields, weights):
        count = len(fields[0])
        self.vocabulary = {}
        rows, columns, lengths = [], [], []
        for texts in fields:
            r, c, length = [], [], np.zeros(count)
            for row, text in enumerate(texts):
                found = stems(text)
                length[row] = len(found)
                for stem in found:
                    r.append(row)
                    c.append(self.vocabulary.setdefault(stem, len(self.vocabulary)))
            rows.append(r), columns.append(c), lengths.append(length)
        shape = (count, len(self.vocabulary))
        x, present = sparse.csr_matrix(shape), sparse.csr_matrix(shape)
        for r, c, length, weight in zip(rows, columns, lengths, weights):
            counts = sparse.csr_matrix((np.ones(len(r)), (r, c)), shape=shape)
            x = x + sparse.diags(weight / (0.25 + 0.75 * length / length.mean())) @ counts
            present = present + counts
        holders = np.asarray((present > 0).sum(0)).ravel()
        self.idf = np.log(1 + (count - holders + 0.5) / (holders + 0.5))
        x = x.tocoo()
        self.matrix = sparse.csc_matrix(
            (self.idf[x.col] * x.data * 2.2 / (x.data + 1.2), (x.row, x.col)), shape=shape)
        self.count = count

    def score(self, text):
        known = sorted({self.vocabulary[stem] for stem in stems(text) if stem in self.vocabulary})
        if not known:
            return np.zeros(self.count)
        return np.asarray(self.matrix[:, known].sum(1)).ravel()

    def idf_of(self, stem, unknown):
        return self.idf[self.vocabulary[stem]] if stem in self.vocabulary else unknown


def z(values):
    return (values - values.mean()) / (values.std() + 1e-9)


class Ranker:
    """Fused scores over the allowed cards and the numbers of the first candidates."""

    def __init__(self, cards, encode):
        self.allowed = cards.allowed
        fields = [cards.texts(field) for field in "TGWD"]
        self.all_fields = Bm25(fields, [3, 2, 1, 0.5])
        self.single = {field: Bm25([texts], [1]) for field, texts in zip("TGWD", fields) if field != "W"}
        self.vectors = {f: encode(cards.texts(f))[self.allowed] for f in ("T", "TT", "S")} if encode else None
        self.titles = [set(stems(card["T"])) for card in cards.cards]
        self.tags = [[stems(tag) for tag in card["tags"]] for card in cards.cards]

    def fused(self, text, vector):
        lexical = self.all_fields.score(text)[self.allowed]
        lexical = z(lexical) if lexical.any() else lexical
        if self.vectors is None:
            return lexical, lexical, None
        cosines = {field: z(matrix @ vector) for field, matrix in self.vectors.items()}
        return 0.7 * z(sum(cosines.values())) + 0.3 * lexical, lexical, cosines

    def candidates(self, text, vector, k):
        """Rows of the first k and their numbers, in the order of FEATURES without the last two."""
        fused, lexical, cosines = self.fused(text, vector)
        order = np.argsort(-fused, kind="stable")[:k]
        rows = self.allowed[order]
        query = stems(text)
        weight = {stem: self.all_fields.idf_of(stem, 8.0) for stem in set(query)}
        numbers = np.zeros((k, 12))
        numbers[:, 0], numbers[:, 1] = fused[order], lexical[order]
        for column, field in ((2, "T"), (3, "G"), (4, "D")):
            numbers[:, column] = np.log1p(self.single[field].score(text)[rows])
        if cosines:
            for column, field in ((5, "T"), (6, "TT"), (7, "S")):
                numbers[:, column] = cosines[field][order]
        numbers[:, 8] = 1 / (1 + np.arange(k) / 3)
        for i, row in enumerate(rows):
            covered = sum(w for stem, w in weight.items() if stem in self.titles[row])
            numbers[i, 9] = covered / (sum(weight.values()) or 1)
            numbers[i, 10] = bool(query) and any(tag == query for tag in self.tags[row])
            numbers[i, 11] = bool(query) and any(tag == query[-1:] for tag in self.tags[row])
        known = [self.all_fields.idf_of(s, 0.0) for s in set(query) if s in self.all_fields.vocabulary]
        return rows, numbers, min(1.0, max(known) / 9 if known else 1.0), fused

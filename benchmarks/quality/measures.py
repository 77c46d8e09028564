"""The measures of the quality table, on plain lists. Standard library only.

Definitions: a *gold* card of a keyword or prompt is one
that the released Stylus plans give it and that passes the filter. Other cards may serve as well,
so every figure is a lower bound; compare them with the floors and ceilings beside them.
"""
import random
import re

# Words that make no keyword: articles, prepositions, pronouns, small numbers.
STOP_WORDS = frozenset("""a an the of in on at to with and or for from by is are was be been being it its it's this
that these those as into onto over under up down near next some very several many few two three four five six seven
eight nine ten while through out off his her their there who which has have had he she they them him other another
each all both one during around behind above below along between across against front top side back inside outside
beside about some any no not""".split())

TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[^\x00-\x7f]+")


def tokens(text):
    return TOKEN.findall(text.lower())


def content_words(text):
    return {word for word in tokens(text) if word not in STOP_WORDS}


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def first_hit(ranked, gold):
    """Place of the first gold id in a ranked list, from 1; None when there is none."""
    for place, identifier in enumerate(ranked, 1):
        if identifier in gold:
            return place
    return None


def hit_rate(places, k):
    """Share of queries with a gold card among the first k."""
    return mean(place is not None and place <= k for place in places)


def reciprocal_rank(places):
    return mean(0.0 if place is None else 1.0 / place for place in places)


def interval(values, statistic, rounds=400, seed=7):
    """95 % bootstrap interval of a statistic over resampled values; seeded, so it repeats."""
    generator = random.Random(seed)
    drawn = sorted(statistic(generator.choices(values, k=len(values))) for _ in range(rounds))
    return drawn[int(rounds * 0.025)], drawn[int(rounds * 0.975)]


def set_f1(found, gold):
    if not found and not gold:
        return 1.0
    return 2.0 * len(set(found) & set(gold)) / (len(set(found)) + len(set(gold)))


def jaccard(found, gold):
    union = set(found) | set(gold)
    return len(set(found) & set(gold)) / len(union) if union else 1.0


def forgiven(span, keywords, catalogue):
    """True if a span is about a keyword whose gold cards are all missing from the catalogue.

    Nobody can find what is not there, so in the lenient measure such a pick is no mistake.
    """
    words = content_words(span)
    return any(gold and not (set(gold) & catalogue) and words & content_words(keyword)
               for keyword, gold in keywords.items())


def prompt_score(picks, keywords, catalogue):
    """Scores one plan. picks: [(id, span text)]; keywords: {text: [gold id]}; catalogue: ids there.

    Returns strict F1, lenient F1, any hit and the number of picks.
    """
    gold = {identifier for ids in keywords.values() for identifier in ids} & catalogue
    ids = [identifier for identifier, _ in picks]
    kept = [identifier for identifier, span in picks
            if identifier in gold or not forgiven(span, keywords, catalogue)]
    return {"strict": set_f1(ids, gold), "lenient": set_f1(kept, gold),
            "any_hit": float(bool(set(ids) & gold)), "picks": len(ids)}


def keyword_agreement(found, gold):
    """Jaccard of two keyword lists; keywords are equal when their tokens are."""
    return jaccard({" ".join(tokens(text)) for text in found}, {" ".join(tokens(text)) for text in gold})


def shared_words(found, gold):
    """Words that both keyword lists hold, and the sum of both counts: summed over prompts, 2 x the
    first over the second is the word F1."""
    left = {word for text in found for word in tokens(text)}
    right = {word for text in gold for word in tokens(text)}
    return len(left & right), len(left) + len(right)


def area_under_curve(positive, negative):
    """Chance that a positive example scores above a negative one (ties count half)."""
    order = sorted([(score, 1) for score in positive] + [(score, 0) for score in negative])
    ranks, at = 0.0, 0
    while at < len(order):
        end = at
        while end < len(order) and order[end][0] == order[at][0]:
            end += 1
        ranks += (at + 1 + end) / 2 * sum(label for _, label in order[at:end])
        at = end
    pairs = len(positive) * len(negative)
    return (ranks - len(positive) * (len(positive) + 1) / 2) / pairs if pairs else 0.0


def without_phrases(text, phrases):
    """`text` without the phrases (whole words, any case), with its commas tidied."""
    for phrase in sorted({part.strip() for entry in phrases for part in entry.split(",")}, key=len, reverse=True):
        if phrase:
            text = re.sub(r"(?<!\w)" + re.escape(phrase) + r"(?!\w)", " ", text, flags=re.IGNORECASE)
    parts = (re.sub(r"\s+", " ", part).strip() for part in text.split(","))
    return ", ".join(part for part in parts if part)

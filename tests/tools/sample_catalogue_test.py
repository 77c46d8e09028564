"""Checks that the shipped sample catalogue still holds what catalogs/sample/NOTE.md promises."""
import json
import pathlib
import re
import unittest

SAMPLE = pathlib.Path(__file__).resolve().parent.parent.parent / "catalogs" / "sample"
CATEGORY_TAGS = ["character", "style", "concept", "clothing", "poses", "background", "buildings", "vehicle", "animal",
                 "objects", "celebrity", "action", "tool"]


class SampleCatalogue(unittest.TestCase):
    def setUp(self):
        with open(SAMPLE / "cards.jsonl", encoding="utf-8") as file:
            self.cards = [json.loads(line) for line in file]

    def test_has_at_least_sixty_cards_with_ids_of_their_own(self):
        identifiers = [card["id"] for card in self.cards]
        self.assertGreaterEqual(len(identifiers), 60)
        self.assertEqual(len(set(identifiers)), len(identifiers))
        self.assertTrue(all(re.fullmatch(r"sample:[a-z0-9-]+", name) for name in identifiers))

    def test_the_note_says_how_many_and_names_only_cards_that_exist(self):
        note = (SAMPLE / "NOTE.md").read_text(encoding="utf-8")
        self.assertIn(f"{len(self.cards)} cards", note)
        names = {card["id"].removeprefix("sample:") for card in self.cards}
        table = note[note.index("| trap"):]
        self.assertLessEqual(set(re.findall(r"`([a-z0-9-]+)`", table)), names)

    def test_covers_every_category(self):
        tags = {tag for card in self.cards for tag in card["tags"]}
        self.assertLessEqual(set(CATEGORY_TAGS), tags)

    def test_has_the_traps_of_real_cards(self):
        text = json.dumps(self.cards, ensure_ascii=False)
        self.assertRegex(text, r"[\u3040-\u30ff]")
        self.assertRegex(text, r"[\uff10-\uff19]")
        self.assertIn("<b>", text)
        self.assertTrue(any("nsfw" not in card for card in self.cards))
        self.assertTrue(any(card.get("nsfw") for card in self.cards))
        self.assertTrue(any(card.get("poi") for card in self.cards))
        self.assertTrue(any(len(card["base_model"]) > 1 for card in self.cards))
        hashes = [card["files"][0]["sha256"] for card in self.cards if card["files"]]
        self.assertLess(len(set(hashes)), len(hashes))


if __name__ == "__main__":
    unittest.main()

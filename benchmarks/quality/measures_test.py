"""Tests of the measures: python3 -m unittest discover -s benchmarks/quality -p '*_test.py'."""
import unittest

import measures


class RankedLists(unittest.TestCase):
    def test_hits_and_reciprocal_ranks(self):
        places = [measures.first_hit(ranked, {"b"}) for ranked in (["b"], ["a", "b"], ["a", "c"])]
        self.assertEqual(places, [1, 2, None])
        self.assertAlmostEqual(measures.hit_rate(places, 1), 1 / 3)
        self.assertAlmostEqual(measures.hit_rate(places, 2), 2 / 3)
        self.assertAlmostEqual(measures.reciprocal_rank(places), 0.5)

    def test_the_interval_repeats_and_holds_the_mean(self):
        values = [0.0, 1.0] * 100
        low, high = measures.interval(values, measures.mean)
        self.assertEqual((low, high), measures.interval(values, measures.mean))
        self.assertTrue(0.4 < low < 0.5 < high < 0.6)


class Plans(unittest.TestCase):
    KEYWORDS = {"tour bus": ["a"], "rainy street": ["gone"], "white": []}

    def test_strict_counts_every_pick(self):
        score = measures.prompt_score([("a", "tour bus"), ("x", "street")], self.KEYWORDS, {"a", "x"})
        self.assertAlmostEqual(score["strict"], 2 / 3)
        self.assertEqual(score["any_hit"], 1.0)
        self.assertEqual(score["picks"], 2)

    def test_lenient_forgives_picks_for_keywords_that_nobody_could_serve(self):
        score = measures.prompt_score([("a", "tour bus"), ("x", "street")], self.KEYWORDS, {"a", "x"})
        self.assertAlmostEqual(score["lenient"], 1.0)
        score = measures.prompt_score([("a", "tour bus"), ("x", "white")], self.KEYWORDS, {"a", "x"})
        self.assertAlmostEqual(score["lenient"], 2 / 3)

    def test_lenient_keeps_a_hit_whatever_its_span_shares(self):
        keywords = {"tour bus": ["a"], "red bus": ["gone"]}
        self.assertEqual(measures.prompt_score([("a", "tour bus")], keywords, {"a"})["lenient"], 1.0)

    def test_no_picks_where_there_is_gold_scores_nothing(self):
        score = measures.prompt_score([], self.KEYWORDS, {"a"})
        self.assertEqual((score["strict"], score["any_hit"]), (0.0, 0.0))


class Texts(unittest.TestCase):
    def test_keyword_agreement(self):
        self.assertAlmostEqual(measures.keyword_agreement(["Tour Bus", "street"], ["tour bus", "rain"]), 1 / 3)
        self.assertEqual(measures.shared_words(["tour bus"], ["bus stop"]), (1, 4))

    def test_triggers_are_cut_as_whole_words_in_any_case(self):
        self.assertEqual(measures.without_phrases("1girl, INK wash, inkwell, a  cat", ["ink wash, ink", "cat"]),
                         "1girl, inkwell, a")

    def test_stop_words_are_no_content(self):
        self.assertEqual(measures.content_words("a man's bus near the 東京 tower"), {"man's", "bus", "東京", "tower"})


class Curve(unittest.TestCase):
    def test_area_under_the_curve(self):
        self.assertEqual(measures.area_under_curve([0.9, 0.8], [0.1]), 1.0)
        self.assertEqual(measures.area_under_curve([0.5], [0.5]), 0.5)
        self.assertEqual(measures.area_under_curve([0.1], [0.9]), 0.0)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""`stylus evaluate` with a model behind a server of our own: the method `llm`, its recording, and the judge.

Usage: evaluate_judge_test.py STYLUS SOURCE_DIR
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from chat_server import ChatServer, offered

STYLUS, SOURCE = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
RUN = {
    "stylus_run": 1,
    "name": "test",
    "prompts": ["a penguin", "a cat, line art", "a red sports car", "an apple"],
    "models": ["mini"],
    "guidance": [1],
    "steps": 4,
    "batch": 4,
}


def line_art(body, number):
    """Every prompt with a style in it gets the card of that style, no other prompt any."""
    cards = offered(body)
    text = json.dumps(body["messages"])
    card = next((n for n in cards if n == "Line art"), None)
    if card is None or "a cat, line art" not in text:
        return json.dumps({"topics": []})
    return json.dumps({"topics": [{"topic": "line art", "adapters": [{"number": cards[card], "reason": "the style"}]}]})


def pictures_of(body):
    """The pictures of a question to the judge, left and right, as bytes."""
    urls = [part["image_url"]["url"] for message in body["messages"] if isinstance(message["content"], list)
            for part in message["content"] if part["type"] == "image_url"]
    return [base64.b64decode(url.split(",", 1)[1]) for url in urls]


class Home(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="stylus-judge-")
        cls.work = pathlib.Path(cls.folder.name)
        done = cls.stylus("import", str(SOURCE / "models" / "mini" / "adapters"))
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def stylus(cls, *args):
        env = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "HOME": cls.folder.name}
        return subprocess.run([str(STYLUS), "--home", str(cls.work / "home"), "--no-encoder", *map(str, args)],
                              capture_output=True, text=True, env=env, cwd=cls.folder.name, timeout=600)

    def evaluate(self, *args, status=0):
        done = self.stylus("evaluate", *args)
        self.assertEqual(done.returncode, status, done.stderr[-2000:])
        return done

    def write(self, name, **changes):
        path = self.work / name
        path.write_text(json.dumps(RUN | changes))
        return path

    def read(self, *parts):
        return json.loads(self.work.joinpath(*parts).read_text())


class LanguageModels(Home):
    def test_a_model_chooses_and_the_recording_gives_the_same_figures_without_it(self):
        run = self.write("llm.json", methods=["base", "llm"])
        with ChatServer(line_art) as server:
            self.evaluate(run, "--llm", server.url, "--llm-model", "m", "--record", "talk.jsonl")
            asked = len(server.requests)
            self.assertGreaterEqual(asked, len(RUN["prompts"]))
            self.evaluate(run, "--llm", server.url, "--llm-model", "m")
            self.assertEqual(len(server.requests), asked, "plans that are there are not asked for again")

        groups = {g["method"]: g for g in self.read("llm-results", "metrics.json")["groups"]}
        self.assertEqual(groups["llm"]["with_adapters"], 0.25)
        self.assertEqual(groups["base"]["with_adapters"], 0)

        self.evaluate(run, "-o", "again", "--replay", "talk.jsonl")
        self.assertEqual(self.read("again", "metrics.json"), self.read("llm-results", "metrics.json"))

    def test_plans_of_a_model_that_fails_are_not_passed_off_as_its_own(self):
        run = self.write("down.json", methods=["base", "llm"], prompts=["a cat", "a dog"])
        with ChatServer(lambda body, number: (400, {}, "{}")) as server:
            done = self.evaluate(run, "--llm", server.url, "--llm-model", "m")
        warnings = " ".join(self.read("down-results", "metrics.json")["warnings"])
        self.assertIn("2 of 2 plans of method 'llm' were made without the language model", warnings)
        self.assertIn("without the language model", done.stderr)


class Judges(Home):
    RUN = {"methods": ["base", "random"]}

    def judge(self, name, answer, status=0):
        run = self.write(name + ".json", methods=["base", "random"])
        with ChatServer(answer) as server:
            done = self.evaluate(run, "--judge", "random", "base", "--llm", server.url, "--llm-model", "vlm", status=status)
            requests = server.requests
        return done, requests, self.read(name + "-results", "judgement.json") if status == 0 else None

    def test_every_pair_is_asked_both_ways_round_and_agreement_counts(self):
        # Likes one picture of each pair, wherever it stands.
        _, requests, found = self.judge("fair", lambda body, number: json.dumps(
            {"better": "left" if pictures_of(body)[0] < pictures_of(body)[1] else "right", "reason": "r"}))
        pairs = [pictures_of(body) for body in requests]
        self.assertEqual(len(pairs), 8)
        for straight, turned in zip(pairs[::2], pairs[1::2]):
            self.assertEqual(straight, turned[::-1])
            self.assertTrue(straight[0].startswith(b"\x89PNG"))
        for prompt, body in zip(RUN["prompts"], requests[::2]):
            self.assertIn(prompt, json.dumps(body["messages"]))
            self.assertEqual(body["temperature"], 0)
            self.assertNotIn("random", json.dumps([m["content"] for m in body["messages"] if isinstance(m["content"], str)]))
        self.assertEqual((found["ties"], found["disagreed"], found["unreadable"]), (0, 0, 0))
        self.assertEqual(found["wins"], sum(1 for a, b in pairs[::2] if a < b))
        self.assertEqual(found["wins"] + found["losses"], 4)
        self.assertEqual(found["left_share"], 0.5)

    def test_a_judge_that_always_takes_the_left_side_says_nothing(self):
        _, _, found = self.judge("left", lambda body, number: '{"better": "left", "reason": "r"}')
        self.assertEqual((found["wins"], found["ties"], found["losses"], found["disagreed"]), (0, 4, 0, 4))
        self.assertEqual((found["left_share"], found["win_rate"]["value"]), (1, 0.5))

    def test_nothing_is_asked_twice(self):
        def dies_after_three(body, number):
            return '{"better": "tie", "reason": "r"}' if number < 3 else (400, {}, "{}")
        run = self.write("stopped.json", methods=["base", "random"])
        with ChatServer(dies_after_three) as server:
            done = self.stylus("evaluate", run, "--judge", "random", "base", "--llm", server.url, "--llm-model", "vlm")
            self.assertNotEqual(done.returncode, 0)
        with ChatServer(lambda body, number: '{"better": "tie", "reason": "r"}') as server:
            self.evaluate(run, "--judge", "random", "base", "--llm", server.url, "--llm-model", "vlm")
            self.assertEqual(len(server.requests), 5)
        self.assertEqual(self.read("stopped-results", "judgement.json")["ties"], 4)

    def test_answers_that_cannot_be_read_are_counted_apart(self):
        _, _, found = self.judge("mute", lambda body, number: "I like both.")
        self.assertEqual((found["unreadable"], found["wins"] + found["ties"] + found["losses"]), (4, 0))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

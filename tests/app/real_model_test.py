#!/usr/bin/env python3
"""Composer and refiner against a real model behind a real server; tools/test-llm starts one.

What the model says is not judged: a plan is the model's or the local one with a warning, an answer
about an adapter is accepted or told apart. Prints what came of it.

Usage: real_model_test.py STYLUS SOURCE_DIR URL MODEL
"""
import json
import sys
import time
import unittest

from home import Home

URL, MODEL = sys.argv[3:5]
SERVER = ["--timeout", "900"]
OUTCOMES = {"accepted", "refusal", "loop", "cut_off", "nonsense", "transport"}


class RealModel(Home):
    seconds = 3600

    def test_plans_come_from_the_model_or_fall_back(self):
        for number, prompt in enumerate(("a lighthouse in a storm, ukiyo-e", "a red tour bus", "a penguin, line art")):
            recording = self.work / f"plan-{number}.jsonl"
            start = time.monotonic()
            done = self.stylus("plan", prompt, "--composer", "llm", "--llm", URL, "--llm-model", MODEL,
                               "--llm-candidates", "6", "--record", str(recording), *SERVER)
            self.assertEqual(done.returncode, 0, done.stderr)
            plan = json.loads(done.stdout)
            fell_back = [w for w in plan["warnings"] if "without the language model" in w]
            self.assertEqual(plan["composer"]["kind"], "local" if fell_back else "llm")
            said = [json.loads(line) for line in recording.read_text().splitlines()]
            self.assertIn(len(said), (1, 2, 3))
            self.assertTrue(all(line["reply"]["reply_tokens"] > 0 for line in said if "reply" in line))
            self.assertTrue(any("reply" in line for line in said), "the server answered at all")
            again = self.stylus("plan", prompt, "--composer", "llm", "--llm-candidates", "6", "--replay", str(recording))
            self.assertEqual(again.stdout, done.stdout, "a replay gives the same bytes")
            print(f"\n{prompt!r}: {plan['composer']['kind']}, {len(said)} requests, "
                  f"{time.monotonic() - start:.0f} s, {fell_back or [a['id'] for a in plan['adapters']]}", flush=True)

    def test_a_spent_budget_ends_the_talk(self):
        done = self.stylus("plan", "a lighthouse, ukiyo-e", "--composer", "llm", "--llm", URL, "--llm-model", MODEL,
                           "--llm-candidates", "4", "--max-tokens", "1", *SERVER)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_wrong_path_is_said(self):
        done = self.stylus("plan", "a lighthouse", "--composer", "llm", "--llm", URL + "/nowhere", "--llm-model",
                           MODEL, *SERVER)
        self.assertIn("404", " ".join(json.loads(done.stdout)["warnings"]))

    def test_adapters_are_described_or_left_as_they_are(self):
        start = time.monotonic()
        before = json.loads(self.stylus("catalog", "stats", "--json").stdout)
        recording = self.work / "refine.jsonl"
        done = self.stylus("refine", "--vlm", URL, "--model", MODEL, "--limit", "6", "--concurrency", "1", "--record",
                           str(recording), "--json", *SERVER)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        after = json.loads(self.stylus("catalog", "stats", "--json").stdout)
        self.assertEqual(after["adapters"], before["adapters"])
        said = [json.loads(line) for line in recording.read_text().splitlines()]
        self.assertGreaterEqual(len(said), 1)
        print(f"\nrefine: {report}, {len(said)} lines recorded, {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)

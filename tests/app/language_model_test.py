#!/usr/bin/env python3
"""The program with a language model behind a server of our own: plan --composer llm, recordings, keys.

Usage: language_model_test.py STYLUS SOURCE_DIR
"""
import json
import sys
import unittest

from chat_server import ChatServer, offered
from home import SAMPLE, Home

PROMPT = "a lighthouse in a storm, ukiyo-e"


def choose(body, number):
    """Gives the first topic to the card that is named like it."""
    cards = offered(body)
    name = next(n for n in cards if "lighthouse" in n.lower())
    return json.dumps({"topics": [{"topic": "lighthouse", "adapters": [{"number": cards[name], "reason": "a tower"}]},
                                  {"topic": "ukiyo-e", "adapters": []}]})


class LanguageModel(Home):
    def plan(self, *args, env=None):
        done = self.stylus("plan", "--composer", "llm", *args, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), done

    def test_a_model_chooses_and_the_recording_gives_the_same_plan_without_it(self):
        recording = str(self.work / "talk.jsonl")
        with ChatServer(choose) as server:
            plan, done = self.plan(PROMPT, "--llm", server.url, "--llm-model", "m", "--record", recording,
                                   env={"STYLUS_API_KEY": "sk-very-secret"})
            self.assertEqual(len(server.requests), 2)
            self.assertEqual(server.authorizations, ["Bearer sk-very-secret"] * 2)
        self.assertEqual(plan["composer"]["kind"], "llm")
        self.assertEqual(plan["composer"]["options"]["model"], "m")
        self.assertEqual([a["keywords"] for a in plan["adapters"]], [[0]])
        self.assertEqual(plan["keywords"][0]["text"], "lighthouse")
        self.assertEqual(plan["keywords"][0]["picks"][0]["evidence"][0], {"field": "model", "match": "a tower"})
        again, replayed = self.plan(PROMPT, "--replay", recording)
        self.assertEqual(replayed.stdout, done.stdout)
        text = (self.work / "talk.jsonl").read_text()
        self.assertNotIn("sk-very-secret", text + done.stdout + done.stderr)
        other = self.stylus("plan", "--composer", "llm", "another prompt, a lighthouse", "--replay", recording)
        self.assertEqual(other.returncode, 66)
        self.assertIn("does not hold this request", other.stderr)

    def test_nonsense_leads_to_the_local_plan_and_says_so(self):
        local = json.loads(self.stylus("plan", PROMPT).stdout)
        with ChatServer(lambda body, number: "I like lighthouses!") as server:
            plan, _ = self.plan(PROMPT, "--llm", server.url, "--llm-model", "m")
            self.assertEqual(len(server.requests), 2, "it may mend its answer once")
        self.assertIn("without the language model", " ".join(plan.pop("warnings")))
        local.pop("warnings")
        self.assertEqual(plan, local)

    def test_a_busy_server_is_asked_again_when_it_says(self):
        def busy_first(body, number):
            return (429, {"Retry-After": "0"}, '{"error": "busy"}') if number == 0 else choose(body, number)

        with ChatServer(busy_first) as server:
            plan, _ = self.plan(PROMPT, "--llm", server.url, "--llm-model", "m")
            self.assertEqual(len(server.requests), 3)
        self.assertEqual(plan["composer"]["kind"], "llm")

    def test_the_budget_holds_over_a_batch(self):
        prompts = self.work / "prompts.jsonl"
        prompts.write_text("".join(json.dumps({"id": i, "prompt": f"{PROMPT}, number {i}"}) + "\n" for i in range(5)))
        out = self.work / "plans.jsonl"
        with ChatServer(choose) as server:
            done = self.stylus("plan", "--composer", "llm", "--prompts", str(prompts), "--output", str(out), "--llm",
                               server.url, "--llm-model", "m", "--max-requests", "4")
            self.assertEqual(len(server.requests), 4)
        self.assertEqual(done.returncode, 0, done.stderr)
        plans = [json.loads(line) for line in out.read_text().splitlines()]
        self.assertEqual([p["composer"]["kind"] for p in plans], ["llm", "llm", "local", "local", "local"])
        self.assertIn("--max-requests", " ".join(plans[4]["warnings"]))

    def test_what_is_missing_is_named(self):
        for args, says in (((), "no model server is named"),
                           (("--llm", "http://127.0.0.1:1"), "no model is named"),
                           (("--llm", "ftp://x", "--llm-model", "m"), "http:// or https://"),
                           (("--replay", str(self.work / "nothing.jsonl")), "nothing.jsonl"),
                           (("--llm", "http://models.example/v1", "--llm-model", "m", "--key-file",
                             self.key_file(0o600)), "unencrypted"),
                           (("--llm", "https://models.example/v1", "--llm-model", "m", "--key-file",
                             self.key_file(0o644)), "chmod 600")):
            done = self.stylus("plan", "--composer", "llm", PROMPT, *args)
            self.assertIn(done.returncode, (64, 66), done.stderr)
            self.assertIn(says, done.stderr)
            self.assertNotIn("sk-file-secret", done.stderr)
        done = self.stylus("plan", PROMPT, "--llm", "http://127.0.0.1:1", "--llm-model", "m")
        self.assertIn("--composer llm", done.stderr)

    def key_file(self, mode):
        path = self.work / f"key-{mode:o}"
        path.write_text("sk-file-secret\n")
        path.chmod(mode)
        return str(path)

    def test_a_foreign_key_in_the_environment_stays_at_home(self):
        with ChatServer(choose) as server:
            self.plan(PROMPT, "--llm", server.url, "--llm-model", "m", env={"OPENAI_API_KEY": "sk-of-others"})
            self.assertEqual(server.authorizations, [None, None])

    def describe(self, body, number):
        """Describes every lantern, bus and boat in the same true, if empty, words."""
        record = json.loads(body["messages"][1]["content"].partition("\n")[2])
        return json.dumps({"summary": f"Adds {record['name']} to a picture.",
                           "description": f"It paints {record['name']} in plain daylight, seen from near.",
                           "categories": ["object"], "trigger_groups": [], "weight": None})

    def test_a_model_describes_adapters_once_and_a_replay_does_the_same(self):
        recording = str(self.work / "refine.jsonl")
        homes = ["asked", "replayed"]
        for home in homes:
            done = self.stylus("import", SAMPLE, home=home)
            self.assertEqual(done.returncode, 0, done.stderr)
        refine = ["refine", "--model", "m", "--limit", "5", "--concurrency", "1", "--json"]
        with ChatServer(self.describe) as server:
            asking = ["--vlm", server.url, "--record", recording]
            done = self.stylus(*refine, *asking, home=homes[0])
            self.assertEqual(done.returncode, 0, done.stderr)
            report = json.loads(done.stdout)["model"]
            self.assertEqual((report["asked"], report["accepted"], len(server.requests)), (5, 5, 5))
            self.assertEqual(report["input_tokens"], 500)
        replayed = self.stylus(*refine, "--replay", recording, home=homes[1])
        self.assertEqual(replayed.returncode, 0, replayed.stderr)
        shown = [[self.stylus("catalog", "show", name, "--json", home=home).stdout
                  for name in ("sample:ink-wash", "sample:lighthouse")] for home in homes]
        self.assertEqual(shown[0], shown[1])

    def test_a_server_that_breaks_down_leaves_the_catalogue_as_it_was(self):
        home = "broken"
        self.stylus("import", SAMPLE, home=home)
        self.stylus("refine", home=home)
        before = self.stylus("catalog", "list", "--limit", "0", "--json", home=home).stdout
        answers = ["", "I'm sorry, but I can't help with that.", '{"description": "A', "{}", (400, {}, "{}"),
                   (200, {}, '{"choices": []}'), "word " * 400]
        with ChatServer(lambda body, number: answers[number % len(answers)]) as server:
            done = self.stylus("refine", "--vlm", server.url, "--model", "m", "--json", "--limit", "21", "--concurrency",
                               "1", home=home)
        report = json.loads(done.stdout)["model"]
        self.assertEqual((report["asked"], report["accepted"]), (21, 0))
        self.assertLessEqual({"refusal", "loop", "cut_off", "nonsense", "transport"}, set(report["outcomes"]))
        self.assertEqual(self.stylus("catalog", "list", "--limit", "0", "--json", home=home).stdout, before)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

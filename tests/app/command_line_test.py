#!/usr/bin/env python3
"""Runs the program as a person or a script would: right input, wrong input, batch forms.

Usage: command_line_test.py STYLUS SOURCE_DIR ENCODERS_DIR
"""
import json
import pathlib
import subprocess
import sys
import unittest

from home import SAMPLE, STYLUS, Home

ENCODER = pathlib.Path(sys.argv[3]).resolve() / "use-multilingual-v3"


class WithoutEncoder(Home):
    def test_import_accounts_for_every_card(self):
        r = self.import_report
        lines = sum(1 for line in SAMPLE.read_text(encoding="utf-8").splitlines() if line.strip())
        self.assertEqual(r["seen"], lines)
        self.assertEqual(r["seen"],
                         r["added"] + r["changed"] + r["unchanged"] + r["duplicates"] + len(r["refused"]))
        self.assertGreaterEqual(r["adapters"], 60)

    def test_a_second_import_changes_nothing(self):
        before = json.loads(self.good("catalog", "stats", "--json"))
        report = json.loads(self.stylus("import", str(SAMPLE), "--json").stdout)
        self.assertEqual((report["added"], report["changed"]), (0, 0))
        self.assertEqual(json.loads(self.good("catalog", "stats", "--json")), before)

    def test_a_plan_is_json_in_a_pipe_and_equal_on_repeat(self):
        prompt = "a lighthouse in a storm, ukiyo-e"
        first = self.good("plan", prompt)
        plan = json.loads(first)
        self.assertEqual(plan["stylus_plan"], 1)
        self.assertEqual(plan["prompt"], prompt)
        self.assertTrue(plan["adapters"], "the sample catalogue has a ukiyo-e style")
        for keyword in plan["keywords"]:
            begin, end = keyword["span"]
            self.assertEqual(prompt.encode()[begin:end].decode().lower(), keyword["text"].lower())
        self.assertEqual(self.good("plan", prompt), first)

    def test_a_plan_file_can_be_explained_and_exported(self):
        plan = str(self.work / "plan.json")
        self.good("plan", "a penguin, line art", "-o", plan)
        self.assertIn("line art", self.good("explain", plan))
        self.assertIn("<lora:", self.good("export", plan, "--to", "a1111"))
        script = self.good("export", plan, "--to", "diffusers")
        compile(script, "exported", "exec")
        self.bad(64, "export", plan, "--to", "paint", says="a1111")

    def test_search_names_its_results_best_first(self):
        results = json.loads(self.good("search", "tour bus", "-k", "5", "--json"))["results"]
        self.assertTrue(results)
        scores = [r["score"] for r in results]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertIn("bus", results[0]["name"].lower())

    def test_batch_forms_answer_every_line(self):
        queries = self.write("q.jsonl", '{"id":1,"query":"tour bus"}\n{"id":"b"}\n{"id":2,"query":"水墨","prompt":"x"}\n')
        out = self.work / "r.jsonl"
        done = self.stylus("search", "--queries", queries, "--output", str(out), "-k", "3")
        self.assertEqual(done.returncode, 1, "one line was refused")
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        self.assertEqual([line["id"] for line in lines], [1, "b", 2])
        self.assertLessEqual(len(lines[0]["results"]), 3)
        self.assertEqual(lines[1]["error"]["code"], "corrupt_data")

        prompts = self.write("p.jsonl", '{"id":7,"prompt":"a penguin, line art"}\n{"id":8,"prompt":""}\n')
        out = self.work / "plans.jsonl"
        self.good("plan", "--prompts", prompts, "--output", str(out))
        plans = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        self.assertEqual([str(p["id"]) for p in plans], ["7", "8"])
        self.assertEqual(plans[1]["adapters"], [])

    def test_wrong_usage_is_64_and_says_what_to_type(self):
        self.bad(64, "plan", "x", "--base", "sd99", says="sd15")
        self.bad(64, "plan", "x", "--no-such-option")
        self.bad(64, "paint", "x", says="'paint' is not understood")
        self.bad(64, "catalog", "paint", says="'paint' is not understood")
        self.bad(64, "plan", says="PROMPT or --prompts FILE is required")
        self.bad(64, "search", "-k", "3", says="QUERY or --queries FILE is required")
        self.assertIn("--prompts", self.good("plan", "--help"))
        self.bad(64, "plan", "x", "--pin", "sample:ink-wash=heavy", says="WEIGHT")
        self.bad(64, "plan", "--prompts", "a.jsonl", says="--output")

    def test_missing_things_are_66(self):
        self.bad(66, "catalog", "show", "no such adapter")
        self.bad(66, "import", str(self.work / "nowhere"))
        self.bad(66, "explain", str(self.work / "nowhere.json"))
        self.bad(66, "plan", "x", "--pin", "nobody:1")
        empty = subprocess.run([str(STYLUS), "plan", "x", "--home", str(self.work / "empty")],
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(empty.returncode, 66)
        self.assertIn("stylus import", empty.stderr)
        self.assertFalse((self.work / "empty" / "catalog.db").exists(), "asking creates nothing")

    def test_broken_plans_are_65(self):
        self.bad(65, "explain", self.write("a.json", "{"))
        self.bad(65, "explain", self.write("b.json", '{"stylus_plan":1}'))
        self.bad(76, "explain", self.write("c.json", '{"stylus_plan":2}'))
        self.bad(65, "explain", self.write("d.json", "[" * 1_000_000))

    def test_a_foreign_database_is_refused_and_left_alone(self):
        home = self.work / "foreign"
        home.mkdir()
        (home / "catalog.db").write_bytes(b"this is no database, it is a diary " * 200)
        before = (home / "catalog.db").read_bytes()
        done = subprocess.run([str(STYLUS), "import", str(SAMPLE), "--home", str(home), "--no-encoder"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertEqual((home / "catalog.db").read_bytes(), before)

    def test_odd_prompts_give_a_sane_plan_or_a_clear_error(self):
        for prompt in ["", " ", ",,,", "the of and", "😀", "水墨画的灯塔", "(((red:1.5", "<lora:x:1>", "a" * 1000, "\\", "-"]:
            with self.subTest(prompt=prompt[:20]):
                plan = json.loads(self.good("plan", "--json", "--", prompt))
                self.assertEqual(plan["prompt"], prompt)
        big = self.write("big.jsonl", json.dumps({"id": 1, "prompt": "a red bus, " * 95_000}) + "\n")
        out = self.work / "big.out"
        self.good("plan", "--prompts", big, "--output", str(out))
        self.assertEqual(json.loads(out.read_text(encoding="utf-8"))["stylus_plan"], 1)
        bad = self.stylus("plan", "caf\udcff")
        self.assertEqual(bad.returncode, 64, bad.stderr)
        self.assertIn("UTF-8", bad.stderr)

    def test_a_pin_is_always_there_and_a_block_never(self):
        some = json.loads(self.good("search", "ukiyo-e", "--json"))["results"][0]["id"]
        plan = json.loads(self.good("plan", "a penguin", "--pin", some + "=0.35"))
        self.assertEqual([(a["id"], a["weight"]) for a in plan["adapters"] if a["id"] == some], [(some, 0.35)])
        plan = json.loads(self.good("plan", "a lighthouse, ukiyo-e", "--block", some))
        self.assertNotIn(some, [a["id"] for a in plan["adapters"]])

    def test_own_values_survive_an_import_and_can_be_removed(self):
        some = json.loads(self.good("search", "ukiyo-e", "--json"))["results"][0]["id"]
        self.good("catalog", "set", some, "--weight", "0.45", "--notes", "soft")
        self.stylus("import", str(SAMPLE))
        shown = json.loads(self.good("catalog", "show", some, "--json"))
        self.assertEqual(shown["overlay"]["weight"], 0.45)
        plan = json.loads(self.good("plan", "ukiyo-e", "--pin", some))
        self.assertEqual(plan["adapters"][0]["weight_evidence"]["source"], "user")
        self.good("catalog", "set", some, "--weight", "none", "--notes", "none")
        self.assertNotIn("weight", json.loads(self.good("catalog", "show", some, "--json"))["overlay"])
        self.bad(64, "catalog", "set", some, "--weight", "heavy")

    def test_why_not_gives_a_reason(self):
        some = json.loads(self.good("search", "tour bus", "--json"))["results"][0]["id"]
        answer = json.loads(self.good("why-not", some, "a lighthouse at sea", "--json"))["answer"]
        self.assertGreater(len(answer), 20)

    def test_catalog_verbs_print_for_people_and_for_programs(self):
        self.assertIn("adapters", self.good("catalog", "stats"))
        listed = json.loads(self.good("catalog", "list", "--limit", "5", "--json"))["adapters"]
        self.assertEqual(len(listed), 5)
        self.assertTrue(json.loads(self.good("catalog", "list", "--match", "bus", "--json"))["adapters"])
        self.good("catalog", "list", "--match", '"; drop table -- NEAR( * ^')
        lint = json.loads(self.good("catalog", "lint", "--json"))
        self.assertTrue(lint["findings"], "the sample catalogue has traps on purpose")
        self.assertTrue(json.loads(self.good("catalog", "duplicates", "--json"))["groups"])

    def test_lint_writes_a_page_that_needs_nothing_else(self):
        page = self.work / "lint.html"
        self.good("catalog", "lint", "--files", "--html", str(page))
        html = page.read_text(encoding="utf-8")
        self.assertIn("<h2", html)
        self.assertNotIn("<script", html)
        self.assertNotIn("src=", html)

    def test_check_tells_which_plans_changed_and_why(self):
        asked, golden, page = self.work / "in.jsonl", self.work / "golden.jsonl", self.work / "check.html"
        asked.write_text('{"id": "a", "prompt": "a lighthouse in a storm, ukiyo-e"}\n'
                         '{"id": "b", "prompt": "a quiet street"}\n', encoding="utf-8")
        self.good("plan", "--prompts", str(asked), "--output", str(golden))
        self.assertEqual(json.loads(self.good("catalog", "check", "--prompts", str(golden), "--json"))["changed"], [])

        picked = json.loads(golden.read_text(encoding="utf-8").splitlines()[0])["adapters"][0]["id"]
        self.good("catalog", "set", picked, "--blocked", "yes")
        try:
            done = self.stylus("catalog", "check", "--prompts", str(golden), "--json", "--html", str(page))
            self.assertEqual(done.returncode, 1)
            changed = json.loads(done.stdout)["changed"]
            self.assertEqual([plan["id"] for plan in changed], ["a"])
            lost = [change for change in changed[0]["changes"] if change["change"] == "lost"][0]
            self.assertEqual(lost["adapter"], picked)
            self.assertIn("blocked", lost["why"])
            self.assertIn("ukiyo-e", page.read_text(encoding="utf-8"))
            self.good("catalog", "check", "--prompts", str(golden), "--update")
            self.assertEqual(json.loads(self.good("catalog", "check", "--prompts", str(golden), "--json"))["changed"],
                             [])
        finally:
            self.good("catalog", "set", picked, "--blocked", "no")

    def test_refine_describes_and_says_so(self):
        shown = json.loads(self.good("catalog", "show", "sample:ukiyo-e-tide", "--json"))
        self.assertTrue(shown["summary"])
        self.assertIn("ukiyo-e style", [phrase for group in shown["trigger_groups"] for phrase in group["phrases"]])
        again = json.loads(self.good("refine", "--json"))
        self.assertEqual(again["described"], 0)

    def test_completion_and_version(self):
        self.assertIn("why-not", self.good("completion", "bash"))
        self.assertIn("0.1", subprocess.run([str(STYLUS), "--version"], capture_output=True, text=True).stdout)


@unittest.skipUnless((ENCODER / "encoder.json").exists(), "needs the text encoder; tools/test fetches it")
class WithEncoder(Home):
    encoder_args = ["--encoder", str(ENCODER)]

    def test_meaning_finds_what_words_cannot(self):
        results = json.loads(self.good("search", "Leuchtturm im Sturm", "--json", "-k", "10"))["results"]
        self.assertEqual(len(results), 10, "no word of the query is in any card, meaning ranks all the same")

    def test_the_plan_names_the_encoder_and_doctor_is_content(self):
        self.assertTrue(json.loads(self.good("plan", "a penguin, line art"))["encoder"].startswith("use-"))
        checks = {c["what"]: c["good"] for c in json.loads(self.good("doctor", "--json"))["checks"]}
        self.assertTrue(checks["catalogue"] and checks["text encoder"] and checks["search index"], checks)
        self.assertLessEqual({"renderer", "models", "CLIP vocabulary"}, checks.keys())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)

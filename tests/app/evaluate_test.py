#!/usr/bin/env python3
"""`stylus evaluate` with the embedded model, its adapters and mini-CLIP, as a person would use it.

Usage: evaluate_test.py STYLUS SOURCE_DIR
"""
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
import unittest

from home import ADAPTERS, SOURCE, Home

RUN = {
    "stylus_run": 1,
    "name": "test",
    "prompts": ["a penguin", "a cat, line art", "a red sports car", "an apple"],
    "models": ["mini"],
    "methods": ["base", "random", "stylus"],
    "guidance": [1, 2.5],
    "pictures": 2,
    "best_of": 2,
    "steps": 4,
    "batch": 4,
}


class Mini(Home):
    """The embedded model and its adapters."""

    imported = ADAPTERS
    env = {"OMP_NUM_THREADS": "1"}
    seconds = 600

    def write(self, name, **changes):
        path = self.work / name
        path.write_text(json.dumps(RUN | changes))
        return path

    def evaluate(self, *args, status=0):
        done = self.stylus("evaluate", *args)
        self.assertEqual(done.returncode, status, done.stderr[-2000:])
        return done

    def metrics(self, folder):
        return (self.work / folder / "metrics.json").read_text()


class Runs(Mini):
    def test_a_run_from_nothing_to_figures(self):
        self.evaluate(self.write("run.json"))

        found = json.loads(self.metrics("run-results"))
        self.assertEqual(found["clip"], "mini-CLIP score")
        groups = {(g["method"], g["guidance"]): g for g in found["groups"]}
        self.assertEqual(len(groups), 6)
        for group in groups.values():
            self.assertEqual((group["prompts"], group["pictures"]), (4, 8))
            score = group["clip_score"]
            self.assertLessEqual(score["low"], score["value"])
            self.assertLessEqual(score["value"], score["high"])
            self.assertGreaterEqual(group["clip_score_best"]["value"], score["value"])
        self.assertEqual(groups["base", 1]["adapters"], 0)
        self.assertEqual(groups["random", 1]["adapters"], 2)
        # The base draws what it was asked for; random adapters cannot help it.
        self.assertGreater(groups["base", 2.5]["clip_score"]["value"], 10)
        # Where stylus chose no adapter the picture is the base's own.
        with_adapters = groups["stylus", 2.5]["with_adapters"]
        pair = next(c for c in found["comparisons"]
                    if (c["first"], c["second"], c["guidance"], c["metric"]) == ("stylus", "base", 2.5, "clip_score"))
        self.assertEqual(pair["ties"], round(4 * (1 - with_adapters)))

    def test_shards_merge_into_the_same_figures(self):
        run = self.write("whole.json")
        self.evaluate(run)
        for shard in ("1/3", "2/3", "3/3"):
            self.evaluate(run, "-o", "parts", "--shard", shard)
        shards = sorted((self.work / "parts").glob("shard-*"))
        self.assertEqual(len(shards), 3)

        self.evaluate(run, "-o", "parts", "--merge", *shards)

        self.assertEqual(self.metrics("parts"), self.metrics("whole-results"))

    def test_figures_say_which_files_made_and_measured_them(self):
        run = self.write("files.json", prompts=["a cat"], methods=["base"], guidance=[1], pictures=1, best_of=0)
        self.evaluate(run)
        found = json.loads(self.metrics("files-results"))
        self.assertEqual([m["name"] for m in found["models"]], ["mini"])
        tower = hashlib.sha256((SOURCE / "models/mini/mini_clip/model.safetensors").read_bytes()).hexdigest()
        self.assertEqual(found["towers"], [{"name": "mini-CLIP", "sha256": tower}])

    def test_a_changed_checkpoint_is_not_mixed_in(self):
        model = self.work / "checkpoint"
        shutil.copytree(SOURCE / "models" / "mini", model, ignore=shutil.ignore_patterns("adapters", "mini_clip"))
        run = self.write("changed.json", models=[str(model)], prompts=["a cat", "a dog"], methods=["base"], guidance=[1],
                         pictures=1, best_of=0, base="mini")
        self.evaluate(run)
        before = self.metrics("changed-results")
        weights = next((model / "unet").glob("*.safetensors"))
        bytes_ = bytearray(weights.read_bytes())
        bytes_[-1] ^= 1
        weights.write_bytes(bytes_)

        done = self.evaluate(run, status=64)

        self.assertIn("holds pictures of another", done.stderr)
        self.assertIn("--output", done.stderr)
        self.assertEqual(self.metrics("changed-results"), before)

    def test_siglip_scores_are_probabilities(self):
        siglip = SOURCE / "tests" / "golden" / "evaluator" / "siglip"
        self.evaluate(self.write("siglip.json", prompts=["a red fox", "a boat"], methods=["base", "random"], guidance=[1],
                                 pictures=1, best_of=0, metrics={"clip": str(siglip)}))
        found = json.loads(self.metrics("siglip-results"))
        self.assertEqual(found["clip"], "SigLIP score (siglip)")
        for group in found["groups"]:
            self.assertTrue(0 < group["clip_score"]["value"] < 100)
            self.assertNotIn("reference_mini-CLIP", group)

    def test_keywords_are_ranked_where_the_run_has_enough_of_them(self):
        prompts = {"file": str(SOURCE / "models" / "mini" / "eval_prompts.jsonl"), "every": 7, "limit": 24}
        self.evaluate(self.write("words.json", prompts=prompts, methods=["base", "stylus"], guidance=[2.5], pictures=1,
                                 best_of=0, steps=8))
        found = json.loads(self.metrics("words-results"))
        for group in found["groups"]:
            self.assertEqual(group["presence_prompts"], 24)
            self.assertGreater(group["keyword_presence"]["value"], 0.55)  # the model paints what it is asked for
        metrics = {c["metric"] for c in found["comparisons"]}
        self.assertEqual(metrics, {"clip_score", "keyword_presence"})

    def test_a_missing_shard_is_told(self):
        run = self.write("half.json")
        self.evaluate(run, "-o", "half", "--shard", "1/2")
        done = self.evaluate(run, "-o", "half", "--merge", "half/shard-1-of-2", status=1)
        self.assertIn("not made", done.stderr)

    def test_killed_at_any_moment_it_ends_with_the_same_figures(self):
        run = self.write("killed.json")
        self.evaluate(run, "-o", "calm")
        whole = time.monotonic()
        kills = 0
        for number in range(200):
            child = subprocess.Popen(self.command("evaluate", run, "-o", "killed"), env=self.environment(),
                                     cwd=self.folder.name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                child.wait(0.05 + 0.37 * (number * 7 % 11) / 2)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
                kills += 1
                continue
            self.assertEqual(child.returncode, 0)
            break
        self.assertGreaterEqual(kills, 3, time.monotonic() - whole)
        self.assertEqual(self.metrics("killed"), self.metrics("calm"))

    def test_a_plan_that_cannot_be_rendered_is_listed_and_stops_nothing(self):
        self.stylus("plan", "--prompts", self.prompts_file(), "--output", "plans.jsonl", "--base", "mini")
        lines = [json.loads(line) for line in (self.work / "plans.jsonl").read_text().splitlines()]
        template = json.loads(self.stylus("plan", "a penguin", "--base", "mini", "--json").stdout)["adapters"][0]
        lines[1]["adapters"] = [template | {"id": "test:gone", "file": "/nowhere/gone.safetensors", "keywords": []}]
        (self.work / "plans.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        run = self.write("plans.json", methods=["base", {"name": "mine", "kind": "plans", "file": "plans.jsonl"}],
                         guidance=[1], pictures=1, best_of=0)

        self.evaluate(run, status=1)

        found = json.loads(self.metrics("plans-results"))
        self.assertEqual(len(found["failures"]), 1)
        self.assertIn("gone", found["failures"][0])
        self.assertEqual([g["pictures"] for g in found["groups"]], [4, 3])

    def test_a_sheet_for_people_names_no_method(self):
        run = self.write("sheet.json", prompts=["a penguin", "an apple"], methods=["base", "random"], guidance=[1], pictures=1,
                         best_of=0)
        self.evaluate(run, "--sheet", "random", "base")

        page = (self.work / "sheet-results" / "sheet.html").read_text()
        key = (self.work / "sheet-results" / "sheet-key.csv").read_text().splitlines()
        self.assertEqual(page.count("<img"), 4)
        self.assertNotIn("random", page)
        self.assertEqual(len(key), 3)

    def test_plans_are_measured_without_pictures(self):
        self.stylus("plan", "--prompts", self.prompts_file(), "--output", "a.jsonl", "--base", "mini")
        self.stylus("plan", "--prompts", self.prompts_file(), "--output", "b.jsonl", "--base", "mini", "--max-adapters", "0")
        same = json.loads(self.evaluate("--plans", "a.jsonl", "--reference-plans", "a.jsonl", "--json").stdout)
        self.assertEqual((same["f1"]["value"], same["span_f1"]["value"], same["prompts"]), (1, 1, 4))
        none = json.loads(self.evaluate("--plans", "b.jsonl", "--reference-plans", "a.jsonl", "--json").stdout)
        self.assertLess(none["f1"]["value"], 1)
        self.assertEqual(none["f1_ceiling"]["value"], 1)

    def test_a_method_that_needs_a_model_says_so(self):
        done = self.evaluate(self.write("llm.json", methods=["llm"]), status=64)
        self.assertIn("no model server is named", done.stderr)

    def test_two_runs_side_by_side(self):
        run = self.write("pair.json", prompts=["a penguin"], methods=["base"], guidance=[1], pictures=1, best_of=0)
        self.evaluate(run, "-o", "p1")
        self.evaluate("--compare", "p1", "p1", "-o", "pair.html")
        self.assertIn("base", (self.work / "pair.html").read_text())

    def prompts_file(self):
        path = self.work / "prompts.jsonl"
        path.write_text("".join(json.dumps({"id": str(i + 1), "prompt": p}) + "\n" for i, p in enumerate(RUN["prompts"])))
        return path


class Refusals(Mini):
    def test_messages(self):
        run = self.write("r.json")
        for status, args, says in (
            (66, ["nothing.json"], "nothing.json"),
            (64, [run, "--shard", "3/2"], "I/N"),
            (64, [self.write("bad.json", methods=["magic"])], "no kind of method"),
            (66, [self.write("inception.json", metrics={"inception": "w.safetensors"})], "Inception"),
            (64, [self.write("odd.json", guidnce=3)], "guidnce"),
            (66, [self.write("model.json", models=["sdxl"]), "-o", "m"], "there is no model 'sdxl'"),
        ):
            done = self.evaluate(*args, status=status)
            self.assertIn(says, done.stderr)
            self.assertNotIn("this is a bug", done.stderr)

    def test_another_run_is_not_mixed_in(self):
        self.evaluate(self.write("one.json", prompts=["a cat"], methods=["base"], guidance=[1]), "-o", "same")
        done = self.evaluate(self.write("two.json", prompts=["a dog"], methods=["base"], guidance=[1]), "-o", "same",
                             status=64)
        self.assertIn("another run", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

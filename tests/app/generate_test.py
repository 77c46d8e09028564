#!/usr/bin/env python3
"""`stylus generate` with the embedded model and its adapters, as a person would use it.

Usage: generate_test.py STYLUS SOURCE_DIR
"""
import json
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from home import ADAPTERS, SOURCE, STYLUS, Home
from png_file import read_pixels, read_texts, write_png

EMOJI = SOURCE.parent / "shared" / "data" / "emoji" / "png64"
# How A1111 reads the last line of its own texts.
FACTS = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def distance(a, b):
    """Mean squared difference of two pictures' bytes."""
    return sum((x - y) ** 2 for x, y in zip(a, b)) / len(a)


def colourfulness(pixels):
    return sum(max(pixels[i:i + 3]) - min(pixels[i:i + 3]) for i in range(0, len(pixels), 3)) * 3 / len(pixels)


class Mini(Home):
    """The embedded model and its adapters."""

    imported = ADAPTERS
    env = {"OMP_NUM_THREADS": "1"}
    seconds = 300

    def generate(self, *args):
        done = self.stylus("generate", *args, "--threads", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def bad(self, status, *args, says=""):
        done = super().bad(status, "generate", *args, "--threads", "1", says=says)
        self.assertFalse((self.work / "out.png").exists())
        return done

    def draw(self, *args):
        """The pixels of one picture."""
        self.generate(*args, "-o", "drawn.png")
        return read_pixels(self.work / "drawn.png")[2]

    def plan(self, prompt, *args):
        done = self.stylus("generate", prompt, "--dry-run", "--save-plan", "dry.json", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads((self.work / "dry.json").read_text())

    def use(self, *adapters, prompt, seeds=(1,), masks=None):
        """Writes a plan with these (file, weight) and returns its name."""
        plan = self.plan("a cat", "--no-adapters")
        template = self.plan("a penguin")["adapters"][0]
        plan["prompt"] = plan["rendered_prompt"] = prompt
        plan["adapters"] = [template | {"id": f"test:{i}", "name": f"A{i}", "sha256": "", "file": str(file), "weight": weight,
                                        "text_encoder_weight": weight, "keywords": []}
                            for i, (file, weight) in enumerate(adapters)]
        masks = masks or [[True] * len(adapters)] * len(seeds)
        plan["images"] = [{"seed": seed, "mask": mask} for seed, mask in zip(seeds, masks)]
        (self.work / "used.json").write_text(json.dumps(plan))
        return "used.json"


class Pictures(Mini):
    def test_the_same_command_twice_gives_the_same_bytes(self):
        for name in ("a.png", "b.png"):
            self.generate("a penguin, line art", "-o", name)
        self.assertEqual((self.work / "a.png").read_bytes(), (self.work / "b.png").read_bytes())

    def test_twenty_prompts_give_the_same_plans_and_pictures_again(self):
        lines = (SOURCE / "models" / "mini" / "eval_prompts.jsonl").read_text().splitlines()
        for line in lines[::len(lines) // 20][:20]:
            prompt, seen = json.loads(line)["prompt"], []
            for _ in range(2):
                self.generate(prompt, "-o", "r.png", "--save-plan", "r.json", "--steps", "3")
                seen.append(((self.work / "r.json").read_bytes(), (self.work / "r.png").read_bytes()))
            self.assertEqual(seen[0], seen[1], prompt)

    def test_a_stored_plan_gives_the_same_picture(self):
        self.generate("a penguin, line art", "-o", "a.png", "--seed", "9", "--save-plan", "p.json")
        self.generate("--plan", "p.json", "-o", "b.png")
        self.assertEqual((self.work / "a.png").read_bytes(), (self.work / "b.png").read_bytes())

    def test_json_tells_files_and_coverage(self):
        done = self.generate("a penguin, line art", "-o", "j.png", "--json")
        answer = json.loads(done.stdout)
        self.assertEqual([pathlib.Path(f).name for f in answer["files"]], ["j.png"])
        self.assertEqual(answer["model"], "mini")
        self.assertTrue(answer["adapters"])
        for adapter in answer["adapters"]:
            self.assertEqual(adapter["coverage"], 1.0)
            self.assertTrue(pathlib.Path(adapter["file"]).exists(), adapter["file"])

    def test_several_pictures_are_numbered_and_a_sheet_is_one(self):
        self.generate("a cat", "-n", "3", "--seed", "5", "-o", "n.png")
        self.assertEqual(sorted(p.name for p in self.work.glob("n-*.png")), ["n-1.png", "n-2.png", "n-3.png"])
        self.assertEqual(read_pixels(self.work / "n-2.png")[2], self.draw("a cat", "--seed", "6", "--batch", "1"))
        self.generate("a cat", "-n", "3", "--grid", "-o", "sheet.png")
        width, height, _ = read_pixels(self.work / "sheet.png")
        self.assertGreater(width, 3 * 64)
        self.assertGreater(height, 64)

    def test_previews_come_near_the_picture_and_go(self):
        done = self.stylus("generate", "a cat", "--no-adapters", "--dry-run", "--preview-every", "10", "--threads", "1",
                               "-o", str(self.work / "look.png"))
        process = subprocess.Popen([str(STYLUS.parent / "stylus-render")], stdin=subprocess.PIPE, env=self.environment(),
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        process.stdin.write(done.stdout)
        process.stdin.close()
        looks = []
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "preview":
                looks.append(read_pixels(pathlib.Path(event["file"]))[2])
        self.assertEqual(process.wait(), 0)
        final = read_pixels(self.work / "look.png")[2]
        self.assertEqual(len(looks), 2)
        self.assertLess(distance(looks[0], final), 0.3 * distance(bytes([255]) * len(final), final))
        self.assertLess(distance(looks[1], final), distance(looks[0], final) + 1)
        self.assertEqual(list(self.work.glob("look*.png")), [self.work / "look.png"])

    def test_the_picture_says_how_it_was_made(self):
        self.generate("a penguin, line art", "-o", "t.png", "--seed", "77", "--negative", "red: a lot, or\nless")
        texts = read_texts(self.work / "t.png")
        lines = texts["parameters"].split("\n")
        facts = dict(FACTS.findall(lines[-1]))
        self.assertEqual((facts["Steps"], facts["Seed"], facts["Size"], facts["Model"]), ("20", "77", "64x64", "mini"))
        self.assertEqual(facts["CFG scale"], "2.5")
        self.assertRegex(facts["Lora hashes"], r'^"[\w-]+: [0-9a-f]{12}(, [\w-]+: [0-9a-f]{12})*"$')
        self.assertIn("<lora:", lines[0])
        self.assertIn("Negative prompt: red: a lot, or", lines)
        plan = json.loads(texts["stylus_plan"])
        self.assertEqual([image["seed"] for image in plan["images"]], [77])
        self.assertNotIn(str(SOURCE), texts["stylus_plan"] + texts["parameters"], "a path of this machine")

    def test_a_plan_out_of_a_picture_draws_it_again(self):
        self.generate("a penguin, line art", "-o", "o.png", "--seed", "3")
        (self.work / "o.json").write_text(read_texts(self.work / "o.png")["stylus_plan"])
        self.assertEqual(self.draw("--plan", "o.json"), read_pixels(self.work / "o.png")[2])


class Refusals(Mini):
    def test_models_plans_and_files_that_are_not_there(self):
        self.bad(66, "a cat", "--model", "nope", says="there are: mini")
        self.bad(66, "a cat", "--model", "/no/such/model", says="/no/such/model")
        self.bad(66, "--plan", "nope.json", says="nope.json")
        self.bad(66, "a cat", "--init", "nope.png", says="nope.png")
        self.bad(66, "--plan", self.use(("/no/such.safetensors", 1.0), prompt="a cat"), says="'A0'")

    def test_broken_files(self):
        good = (ADAPTERS / "concept-birds.safetensors").read_bytes()
        for name, content in (("cut", good[:20000]), ("empty", b""), ("short", good[:-8])):
            path = self.work / f"{name}.safetensors"
            path.write_bytes(content)
            self.bad(65, "--plan", self.use((path, 1.0), prompt="a cat"), says=str(path))
        (self.work / "broken.json").write_text('{"stylus_plan": 1')
        self.bad(65, "--plan", "broken.json", says="broken.json")
        self.bad(76, "a cat", "--init", "broken.json", says="neither a PNG nor a JPEG")

    def test_an_adapter_of_another_base(self):
        plan = self.use((ADAPTERS / "sdxl-watercolor.safetensors", 1.0), prompt="a cat")
        self.bad(76, "--plan", plan, says="it looks like an adapter for sdxl")

    def test_an_adapter_is_no_model(self):
        self.bad(76, "a cat", "--model", str(ADAPTERS / "concept-birds.safetensors"), says="adapter")

    def test_settings_that_make_no_sense(self):
        self.bad(64, "a cat", "--size", "63x64", says="width is 63")
        self.bad(64, "a cat", "--sampler", "nope", says="dpmpp_2m")
        self.bad(64, "a cat", "--mask", "m.png", says="--init")
        self.bad(64, "a cat", "--device", "toaster", says="toaster")

    def test_json_errors_have_a_code(self):
        done = self.bad(66, "a cat", "--model", "nope", "--json")
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "not_found")


class GoneFiles(Mini):
    @classmethod
    def setUpClass(cls):
        cls.shelf = tempfile.TemporaryDirectory(prefix="stylus-loras-")
        cls.addClassCleanup(cls.shelf.cleanup)
        cls.imported = pathlib.Path(cls.shelf.name) / "loras"
        shutil.copytree(ADAPTERS, cls.imported)
        super().setUpClass()

    def test_a_file_that_went_away_is_not_planned_and_said_so(self):
        styles = {a["name"]: a["id"] for a in self.plan("a penguin, line art")["adapters"]}
        line_art = styles["Line art"]
        (self.imported / "style-line-art.safetensors").unlink()

        again = self.plan("a penguin, line art")

        self.assertNotIn(line_art, [a["id"] for a in again["adapters"]])
        self.assertIn("Line art: its file is gone since the last import", " ".join(again["warnings"]))
        self.bad(66, "a penguin", "--pin", line_art, says="its file is not here")
        self.stylus("import", self.imported)
        planned = json.loads(self.good("plan", "a penguin, line art", "--base", "mini", "--json"))
        self.assertIn(line_art, [a["id"] for a in planned["adapters"]], "a plan may be for another machine")
        self.assertIn("Line art: its file is gone", " ".join(planned["warnings"]))


class Renderer(Mini):
    """stylus-render by itself: it may be ended at any moment."""

    def start(self, pictures):
        done = self.stylus("generate", "a cat", "-n", str(pictures), "--batch", "1", "--dry-run",
                               "-o", str(self.work / "killed" / "k.png"), "--threads", "1")
        (self.work / "killed").mkdir(exist_ok=True)
        process = subprocess.Popen([str(STYLUS.parent / "stylus-render")], stdin=subprocess.PIPE, env=self.environment(),
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdin.write(done.stdout)
        process.stdin.close()
        return process

    def test_a_kill_leaves_whole_pictures_only(self):
        for events in (1, 15, 21, 22, 45):
            process = self.start(100)
            seen = [json.loads(process.stdout.readline()) for _ in range(events)]
            process.kill()
            process.wait()
            files = list((self.work / "killed").glob("*.png"))
            self.assertGreaterEqual(len(files), sum(event["event"] == "picture" for event in seen))
            for file in files:
                self.assertEqual(read_pixels(file)[:2], (64, 64))
                file.unlink()

    def test_a_stopped_run_says_so_and_keeps_what_is_done(self):
        process = self.start(100)
        while json.loads(process.stdout.readline())["event"] != "picture":
            pass
        process.send_signal(signal.SIGTERM)
        last = json.loads(process.stdout.read().splitlines()[-1])
        self.assertEqual(process.wait(), 1)
        self.assertEqual((last["event"], last["code"]), ("error", "cancelled"))
        self.assertTrue((self.work / "killed" / "k-001.png").exists())

    def test_too_little_memory_is_a_message_and_no_picture(self):
        done = self.stylus("generate", "a cat", "-n", "64", "--batch", "64", "--size", "192x192", "--steps", "1",
                               "--no-adapters", "--dry-run", "-o", str(self.work / "large" / "l.png"), "--threads", "1")
        (self.work / "large").mkdir()
        gibibyte = 1 << 30
        done = subprocess.run([str(STYLUS.parent / "stylus-render")], input=done.stdout, capture_output=True, text=True,
                              env=self.environment({"MALLOC_ARENA_MAX": "1"}), timeout=300,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (gibibyte, gibibyte)))
        last = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual((done.returncode, last["event"], last["code"]), (1, "error", "unavailable"), done.stderr[-500:])
        self.assertIn("ask for smaller or fewer pictures", last["message"])
        self.assertEqual(list((self.work / "large").iterdir()), [])

    def test_what_is_no_job_is_refused_by_name(self):
        for text, says in (("", "render job"), ("{}", "version"), ('{"stylus_render_job": 1}', "model"),
                           ('{"stylus_render_job": 1, "model": 3}', "job.model")):
            done = subprocess.run([str(STYLUS.parent / "stylus-render")], input=text, capture_output=True, text=True, env=self.environment(),
                                  timeout=60)
            event = json.loads(done.stdout)
            self.assertEqual((done.returncode, event["event"]), (1, "error"))
            self.assertIn(says, event["message"])


class Model(Mini):
    """What the adapters of the embedded model do to its pictures."""

    def test_adapters_that_are_off_give_the_picture_of_the_base(self):
        base = self.draw("a red apple", "--no-adapters", "--seed", "4")
        files = [(ADAPTERS / "style-black-and-white.safetensors", 1.0), (ADAPTERS / "concept-birds.safetensors", 0.8)]
        off = self.use(*files, prompt="a red apple", seeds=(4,), masks=[[False, False]])
        self.assertEqual(self.draw("--plan", off), base)
        on = self.use(*files, prompt="a red apple", seeds=(4,))
        self.assertNotEqual(self.draw("--plan", on), base)
        # Off in one picture of a batch: up to rounding of 8 bits.
        mixed = self.use(*files, prompt="a red apple", seeds=(4, 4), masks=[[False, False], [True, True]])
        self.generate("--plan", mixed, "-o", "mixed.png")
        pixels = read_pixels(self.work / "mixed-1.png")[2]
        self.assertLessEqual(max(abs(a - b) for a, b in zip(pixels, base)), 1)

    def test_a_style_adapter_moves_pictures_to_its_style(self):
        style = (ADAPTERS / "style-black-and-white.safetensors", 1.0)
        for prompt in ("a red apple", "a fox", "a sunflower seed", "a birthday cake"):
            base = colourfulness(self.draw("--plan", self.use(prompt=prompt)))
            styled = colourfulness(self.draw("--plan", self.use(style, prompt=f"{prompt}, black and white")))
            self.assertLess(styled, 0.5 * base + 1, prompt)

    @unittest.skipUnless(EMOJI.is_dir(), "../shared/data/emoji is not there")
    def test_concept_adapters_make_withheld_concepts_recognisable(self):
        """Recognised: nearer to its own true picture than to those of the others; more in models/mini/MODEL_CARD.md."""
        groups = {"boats": ("sailboat", "canoe", "ship"), "aircraft": ("airplane", "helicopter", "rocket"),
                  "headwear": ("crown", "top-hat", "billed-cap")}
        true = {name: read_pixels(EMOJI / "fluent-emoji-flat" / f"{name}.png")[2]
                for names in groups.values() for name in names}

        def recognised(drawn):
            return min(true, key=lambda name: distance(drawn, true[name]))

        before, after = [], []
        for group, names in groups.items():
            for name in names:
                prompt = "a " + name.replace("-", " ")
                adapter = (ADAPTERS / f"concept-{group}.safetensors", 1.0)
                before.append(recognised(self.draw("--plan", self.use(prompt=prompt))) == name)
                after.append(recognised(self.draw("--plan", self.use(adapter, prompt=prompt))) == name)
        self.assertLessEqual(sum(before), 5, before)
        self.assertGreaterEqual(sum(after), 8, after)

    def test_the_strength_budget_tames_the_burnt_adapter(self):
        prompt = "a red apple"
        burnt = ADAPTERS / "burnt.safetensors"
        planned = self.plan("a red apple, fox style")
        weight = next(a["weight"] for a in planned["adapters"] if a["file"] == burnt.name)
        self.assertLess(weight, 0.1, "the card recommends 1.5")
        self.assertTrue(any("trained too hard" in warning for warning in planned["warnings"]))
        base = self.draw("--plan", self.use(prompt=prompt))
        tamed = self.draw("--plan", self.use((burnt, weight), prompt=prompt))
        careless = self.draw("--plan", self.use((burnt, 1.5), prompt=prompt))
        self.assertLess(distance(tamed, base), 0.1 * distance(careless, base))

    def test_img2img_keeps_more_the_weaker_it_is(self):
        self.generate("a red apple", "--no-adapters", "-o", "init.png")
        init = read_pixels(self.work / "init.png")[2]
        anew = distance(self.draw("a tree", "--no-adapters"), init)
        weak, strong = (distance(self.draw("a tree", "--no-adapters", "--init", "init.png", "--strength", s), init)
                        for s in ("0.1", "0.9"))
        self.assertLess(weak, 0.5 * strong)
        self.assertLess(weak, 0.5 * anew)

    def test_inpainting_keeps_every_pixel_outside_the_mask(self):
        self.generate("a red apple", "--no-adapters", "-o", "init.png")
        width, height, init = read_pixels(self.work / "init.png")
        mask = b"".join(bytes([255 if 16 <= y < 40 and 20 <= x < 50 else 0] * 3) for y in range(height) for x in range(width))
        write_png(self.work / "mask.png", width, height, mask)
        drawn = self.draw("a tree", "--no-adapters", "--init", "init.png", "--mask", "mask.png", "--strength", "1")
        self.assertEqual([i for i in range(len(init)) if mask[i] == 0 and drawn[i] != init[i]], [])
        self.assertGreater(sum(drawn[i] != init[i] for i in range(len(init)) if mask[i]), 500)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

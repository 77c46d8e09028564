"""What the tests of the program share: a catalogue of their own, and calls of the binary.

Every test is called as NAME_test.py STYLUS SOURCE_DIR, some with more behind it.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

STYLUS, SOURCE = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
SAMPLE = SOURCE / "catalogs" / "sample" / "cards.jsonl"
ADAPTERS = SOURCE / "models" / "mini" / "adapters"


class Home(unittest.TestCase):
    """A home with an imported catalogue, made once per class; the binary runs in the folder above it."""

    imported = SAMPLE
    encoder_args = ["--no-encoder"]
    env = {}
    seconds = 120

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="stylus-test-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.home = cls.work / "home"
        done = cls.stylus("import", cls.imported, "--json")
        assert done.returncode == 0, done.stderr
        cls.import_report = json.loads(done.stdout)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def command(cls, *args, home="home"):
        return [str(STYLUS), "--home", str(cls.work / home), *cls.encoder_args, *map(str, args)]

    @classmethod
    def environment(cls, more=None):
        """Nothing of the person who runs the tests but where programs lie."""
        return {"PATH": os.environ["PATH"], "HOME": cls.folder.name, **cls.env, **(more or {})}

    @classmethod
    def stylus(cls, *args, home="home", env=None, text_in=None):
        return subprocess.run(cls.command(*args, home=home), capture_output=True, text=True, errors="surrogateescape",
                              env=cls.environment(env), cwd=cls.work, input=text_in, timeout=cls.seconds)

    def good(self, *args, text_in=None):
        done = self.stylus(*args, text_in=text_in)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def bad(self, status, *args, says=""):
        done = self.stylus(*args)
        self.assertEqual(done.returncode, status, (done.stdout[-500:], done.stderr[-500:]))
        self.assertIn(says, done.stdout + done.stderr)
        self.assertNotIn("this is a bug", done.stderr)
        return done

    def write(self, name, text):
        path = self.work / name
        path.write_text(text, encoding="utf-8")
        return str(path)

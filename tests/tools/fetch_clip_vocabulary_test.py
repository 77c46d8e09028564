"""Checks that tools/fetch_clip_vocabulary.py uses only the wheel that it was written for."""
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

TOOL = pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "fetch_clip_vocabulary.py"


class FetchClipVocabulary(unittest.TestCase):
    def test_another_wheel_is_refused_and_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            wheel = pathlib.Path(folder) / "other.whl"
            with zipfile.ZipFile(wheel, "w") as archive:
                archive.writestr("open_clip/bpe_simple_vocab_16e6.txt.gz", b"something else")
            target = pathlib.Path(folder) / "clip"
            done = subprocess.run([sys.executable, str(TOOL), "--to", str(target), "--wheel", str(wheel)],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("SHA-256", done.stderr)
            self.assertEqual(list(target.iterdir()), [])


if __name__ == "__main__":
    unittest.main()

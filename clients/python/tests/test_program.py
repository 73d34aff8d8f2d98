"""`python -m qwark`, and the file that its `--key` names."""

import os
from pathlib import Path
import subprocess
import sys
import tempfile
import unittest

from qwark import read_key
from tests.scripted import Runtime, model
from tests.served import OnSocket

KEY = bytes(range(32))
SOURCES = Path(__file__).parents[1] / "src"


class Program(unittest.TestCase):
    """Each test has a runtime and a folder for files."""

    def setUp(self) -> None:
        self.served = OnSocket()
        self.served.__enter__()
        self.addCleanup(self.served.__exit__)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, text: str, mode: int = 0o600) -> Path:
        """A file that holds `text`."""
        path = self.folder / "link.key"
        path.touch()
        path.write_text(text)
        path.chmod(mode)
        return path

    def ask(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        """Runs `ask` at the runtime."""
        command = [sys.executable, "-m", "qwark", "ask", "--link", self.served.address, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
        return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_an_answer_is_printed(self) -> None:
        program = self.ask("go forward")
        self.assertEqual(program.communicate(), (f"{model('go forward')}\n", ""))
        self.assertEqual(program.returncode, 0)

    def test_a_reader_that_has_seen_enough_ends_it_quietly(self) -> None:
        with self.ask("x" * 900) as program:
            assert program.stdout is not None and program.stderr is not None
            program.stdout.read(1)
            program.stdout.close()
            self.assertEqual((program.stderr.read(), program.wait()), ("", 0))

    def test_a_key(self) -> None:
        self.served.runtime = Runtime(1, KEY)
        program = self.ask("--key", self.file(f"{KEY.hex()}\n"), "go forward")
        self.assertEqual(program.communicate(), (f"{model('go forward')}\n", ""))

    def test_no_key(self) -> None:
        digits = KEY.hex()
        for text, mode, why in (
            (digits, 0o640, "chmod 600"),
            (digits[1:], 0o600, "holds no key"),
            (digits.replace("1", "g"), 0o600, "holds no key"),
            (f"{digits[:32]} {digits[32:]}", 0o600, "holds no key"),
            (digits * 2, 0o600, "holds no key"),
        ):
            with self.subTest(text=text, mode=mode), self.assertRaisesRegex(ValueError, why):
                read_key(self.file(text, mode))
        program = self.ask("--key", self.folder / "nowhere", "go forward")
        out, error = program.communicate()
        self.assertRegex(error, r"\Aqwark: .*nowhere.*\n\Z")
        self.assertEqual((out, program.returncode), ("", 1))


if __name__ == "__main__":
    unittest.main()

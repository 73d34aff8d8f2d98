"""Answers of a model file through the program itself."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def answers(program: Path, model: Path, set_file: Path, texts: list[str], at_once: int) -> Iterator[str]:
    """The answer of `qwark command` to each text, or what it says in place of one."""

    def ask(text: str) -> str:
        command: list[str | Path] = [program, "command", "-m", model, "--set", set_file, "--no-cache", "--threads", "1"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
        return done.stdout.removesuffix("\n") if done.returncode == 0 else f"exit status {done.returncode}: {done.stderr.strip()}"

    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(ask, texts)

"""Which commands are taken for which."""

from __future__ import annotations

import json
from collections import Counter
from itertools import zip_longest

NONE, OTHER_VALUES = "none", "other values"


def names(answer: str) -> list[str]:
    """The names of the commands of an answer; of one that is none, what it is."""
    try:
        return [next(iter(json.loads(line))) for line in answer.split("\n")]
    except ValueError:
        return ["no answer"]


class Confusion:
    """Counts pairs of expected and given commands, place by place."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, expected: str, given: str) -> None:
        """Takes an answer and what it should be."""
        pairs = zip_longest(expected.split("\n"), given.split("\n"), names(expected), names(given), fillvalue=NONE)
        for expected_line, given_line, wanted, got in pairs:
            if wanted == got and expected_line != given_line:
                got = OTHER_VALUES
            self.counts[wanted, got] += 1

    def table(self) -> str:
        """A table in Markdown: a row for each expected command, and for what it was taken."""
        rows = sorted({wanted for wanted, _ in self.counts} - {NONE}) + [NONE]
        text = "| command | asked for | right | other values | taken for |\n| --- | ---: | ---: | ---: | --- |\n"
        for row in rows:
            found = {got: n for (wanted, got), n in self.counts.items() if wanted == row}
            others = sorted(((n, got) for got, n in found.items() if got not in (row, OTHER_VALUES)), reverse=True)
            if found:
                taken = ", ".join(f"{got} {n}" for n, got in others)
                text += f"| {row} | {sum(found.values())} | {found.get(row, 0)} | {found.get(OTHER_VALUES, 0)} | {taken} |\n"
        return text

"""Answers are spelled as docs/COMMANDS.md says."""

import unittest
from fractions import Fraction

from qwark_nano.command_set import Command, CommandError
from rover.phrase import SET, stepped


class Answers(unittest.TestCase):
    """Of the rover."""

    def test_spelling(self) -> None:
        commands: list[Command] = [
            {"drive": {"speed": Fraction(1, 10), "distance": Fraction(-3, 10)}},
            {"look": {"tilt": Fraction(0)}},
            {"say": {"text": 'C:\\ "é"'}},
            {"stop": {}},
        ]
        lines = ['{"drive":{"distance":-0.3,"speed":0.1}}', '{"look":{"tilt":0}}', '{"say":{"text":"C:\\\\ \\"é\\""}}', '{"stop":{}}']
        self.assertEqual(SET.answer(commands), "\n".join(lines))
        self.assertEqual(SET.line({"drive": {"distance": Fraction(0)}}), '{"drive":{"distance":0.0}}')

    def test_what_is_no_command_is_refused(self) -> None:
        wrong: list[Command] = [
            {"fly": {}},
            {"drive": {}},
            {"drive": {"distance": Fraction(11)}},
            {"drive": {"distance": Fraction(1, 1000)}},
            {"drive": {"distance": Fraction(1), "far": 1}},
            {"goto": {"place": "moon"}},
            {"say": {"text": "a" * 61}},
            {"say": {"text": "a\n"}},
        ]
        for command in wrong:
            with self.subTest(command=command), self.assertRaises(CommandError):
                SET.line(command)
        for count in (0, 5):
            with self.assertRaises(CommandError):
                SET.answer([{"stop": {}}] * count)

    def test_rounding_to_a_step(self) -> None:
        for given, expected in (("1.524", "1.52"), ("-0.6096", "-0.61"), ("10.004", "10"), ("10.006", None), ("0.125", None)):
            self.assertEqual(stepped("drive", "distance", Fraction(given)), None if expected is None else Fraction(expected), given)

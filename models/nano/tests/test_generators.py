"""What generators promise: the same sentences for a seed, legal answers, and nothing in training that tests are made of."""

import unittest
from fractions import Fraction
from random import Random

import english.vocabulary
import estufa
import rover
import rover.turn
from english.lengths import FOOT, INCH, METRE, measure
from english.writing import written
from qwark_nano import noise
from qwark_nano.examples import Generator, generate
from qwark_nano.voice import Voice, lines
from rover import joining, unclear

GENERATORS: dict[str, Generator] = {"rover": rover.GENERATOR, "estufa": estufa.GENERATOR}


class Generators(unittest.TestCase):
    """Both sets'."""

    def test_a_seed_gives_the_same_sentences(self) -> None:
        for name, generator in GENERATORS.items():
            self.assertEqual(generate(generator, 50, "a", held_out=False), generate(generator, 50, "a", held_out=False), name)
            self.assertNotEqual(generate(generator, 50, "a", held_out=False), generate(generator, 50, "b", held_out=False), name)

    def test_training_never_sees_what_is_kept(self) -> None:
        kept = {word for word in english.vocabulary.SOME_WORDS.kept if len(word) > 7}
        self.assertGreater(len(kept), 5)

        def seen(held_out: bool) -> set[str]:
            return {word for e in generate(rover.GENERATOR, 3000, "c", held_out) for word in e.text.lower().split()} & kept

        # A mistyped word could be one of them only by a rare accident.
        self.assertEqual(seen(held_out=False), set())
        self.assertGreater(len(seen(held_out=True)), len(kept) // 2)

    def test_every_command_is_asked_for(self) -> None:
        for name, generator in GENERATORS.items():
            answers = "\n".join(e.answer for e in generate(generator, 2000, "d", held_out=False))
            for command in generator.set.commands:
                self.assertIn(f'{{"{command}":', answers, name)


class Conventions(unittest.TestCase):
    """Those that the comments of rover.toml state, on fixed phrases."""

    def test_lengths(self) -> None:
        voice = Voice(Random(1))
        for unit, amount, metres in ((FOOT, 1, "0.3048"), (INCH, 10, "0.254"), (METRE, 2, "2")):
            self.assertEqual(measure(Fraction(amount), unit, voice).metres, Fraction(metres))

    def test_sides_are_not_mixed_up(self) -> None:
        rng = Random(2)
        for _ in range(2000):
            phrase = rover.turn.turn(Voice(rng))
            ((given),) = (command["turn"]["angle"] for command in phrase.commands)
            words = set(phrase.text.replace("-", " ").split())
            if words & {"right", "rightwards"} and not words & {"left", "minus", "around"}:
                assert isinstance(given, Fraction)
                self.assertLess(given, 0, phrase.text)

    def test_feet_keep_their_mark(self) -> None:
        texts = [written("don't go 3'8\" back, go 26' ahead", Voice(Random(seed)), open_end=False).lower() for seed in range(300)]
        self.assertTrue(any("dont" in text for text in texts))
        self.assertEqual([text for text in texts if "38" in text or "26 " in text], [])

    def test_what_breaks_off_is_more_than_an_aside(self) -> None:
        voice = Voice(Random(4))
        last = {unclear.broken(voice).text for _ in range(3000)}
        self.assertIn("and the", last)
        self.assertTrue(last.isdisjoint({"please", "now", "now ...", "just", "you know"}))
        self.assertEqual([text for text in last if text.startswith(("say um", "tell them oh", "announce, no"))], [])

    def test_in_speech_a_word_divides_what_would_be_one_order(self) -> None:
        rng = Random(5)
        divided = 0
        for _ in range(3000):
            voice = Voice(rng, spoken=True)
            first, second = rover.turn.turn(voice), rover.turn.turn(voice)
            if second.text.startswith(("left", "right")):
                joined = noise.without_punctuation(joining.join([first, second], voice).text)
                self.assertNotEqual(joined, noise.without_punctuation(f"{first.text} {second.text}"))
                divided += 1
        self.assertGreater(divided, 100)


class Templates(unittest.TestCase):
    """The little language of templates."""

    def test_alternatives_and_slots(self) -> None:
        voice = Voice(Random(3))
        found = {voice.fill("(a|b (c|d)|) {x}", x="y") for _ in range(200)}
        self.assertEqual(found, {"a y", "b c y", "b d y", "y"})

    def test_a_star_keeps_a_line_from_training(self) -> None:
        choices = lines("""
            one
            * two
        """)
        self.assertEqual({Voice(Random(i)).pick(choices) for i in range(50)}, {"one"})
        self.assertIn("two", {Voice(Random(i), held_out=True).pick(choices) for i in range(50)})

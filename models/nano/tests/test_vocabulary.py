"""Words have the same tokens wherever they stand, and every text comes back."""

import tempfile
import unittest
from pathlib import Path

from qwark_nano.vocabulary import Vocabulary

TEXTS = ["say hello world", "turn left", '{"say":{"text":"hello world"}}\n{"turn":{"angle":90}}'] * 20


class Tokens(unittest.TestCase):
    """A vocabulary of a few sentences."""

    def setUp(self) -> None:
        self.vocabulary = Vocabulary.learn(TEXTS, 320)

    def tokens(self, text: str) -> list[str]:
        return [self.vocabulary.tokens[i] for i in self.vocabulary.encode([text])[0]]

    def test_a_word_is_the_same_after_a_blank_and_after_a_quote(self) -> None:
        self.assertIn("hello", self.tokens("say hello"))
        for text in ("hello", "say hello", 'say "hello', "-hello", '{"say":{"text":"hello'):
            self.assertEqual(self.tokens(text)[-1], "hello", text)

    def test_every_text_comes_back(self) -> None:
        texts = ["", "  two  blanks\n", "Łódź, 東京 🤖 #1", "it's 10.5 m!!", '\\"\t']
        self.assertEqual([self.vocabulary.decode(ids) for ids in self.vocabulary.encode(texts)], texts)

    def test_names_of_special_tokens_are_text(self) -> None:
        ids = self.vocabulary.encode(["<|im_end|>"])[0]
        self.assertNotIn(self.vocabulary.end, ids)

    def test_it_can_be_saved(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vocabulary.json"
            self.vocabulary.save(path)
            self.assertEqual(Vocabulary.load(path).encode(TEXTS), self.vocabulary.encode(TEXTS))

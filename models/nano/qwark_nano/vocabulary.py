"""The vocabulary: byte-level BPE behind Qwen2's split into words.

No token joins a blank or a mark with letters, so a word has the same tokens wherever it stands: what is to be said is copied token by
token, from after a blank in the sentence to after a quote in the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, PreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as Steps
from tokenizers.trainers import BpeTrainer

END_OF_TEXT, START, END = SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# What merges are learnt within: letters, and the marks of JSON.
LEARNT = r"\p{L}+|[{}\":,\n]+|\p{N}|[^\p{L}\p{N}{}\":,\n]"


class Vocabulary:
    """Tokens and merges, and the tokenizer that they make."""

    def __init__(self, tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> None:
        self.merges = list(merges)
        self.tokens = [*tokens, *SPECIAL]
        self.end_of_text, self.start, self.end = range(len(tokens), len(self.tokens))
        self._tokenizer = Tokenizer(BPE({token: i for i, token in enumerate(tokens)}, self.merges))
        self._tokenizer.pre_tokenizer = _split(QWEN2)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of tokens, without special ones."""
        back = {character: byte for byte, character in _byte_characters().items()}
        pieces = "".join(self.tokens[i] for i in ids if i < self.end_of_text)
        return bytes(back[c] for c in pieces).decode(errors="replace")

    def save(self, path: Path) -> None:
        """Writes it as JSON."""
        data = {"tokens": self.tokens[: -len(SPECIAL)], "merges": [" ".join(pair) for pair in self.merges]}
        path.write_text(json.dumps(data, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Reads what `save` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(data["tokens"], [tuple(pair.split(" ")) for pair in data["merges"]])

    @classmethod
    def learn(cls, texts: Iterable[str], size: int) -> Vocabulary:
        """Learns `size` tokens, special ones included, from `texts`."""
        tokenizer = Tokenizer(BPE())
        tokenizer.pre_tokenizer = _split(LEARNT)
        trainer = BpeTrainer(vocab_size=size - len(SPECIAL), initial_alphabet=ByteLevel.alphabet(), show_progress=False, special_tokens=[])
        tokenizer.train_from_iterator(texts, trainer)
        model = json.loads(tokenizer.to_str())["model"]
        tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
        return cls(tokens, [tuple(pair) for pair in model["merges"]])


def _split(pattern: str) -> PreTokenizer:
    return Steps([Split(Regex(pattern), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)])


def _byte_characters() -> dict[int, str]:
    """The character that stands for each byte in GPT-2's tokens."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(0x100 + i) for i, byte in enumerate(others)}

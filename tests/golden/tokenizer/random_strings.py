"""The random strings of the golden test, made of the classes of strings.json.

tests/tokenizer.rs makes the same ones; only hashes of their tokens are committed. String i takes its random numbers
from splitmix64 with the state SEED + i: first the number of segments, then for each segment its class and its number of
items, then for each item its index and, if it is a range of code points, which one. Each choice is `number % choices`.
"""
import json
from pathlib import Path

COUNT = 10_000
SEED = 0x51_7A_3C
MAX_SEGMENTS = 8
MAX_ITEMS = 10
MASK = (1 << 64) - 1

CLASSES = list(json.loads((Path(__file__).parent / "strings.json").read_text())["classes"].values())


class SplitMix64:
    def __init__(self, state):
        self.state = state

    def below(self, choices):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) % choices


def item(random, choices):
    chosen = choices[random.below(len(choices))]
    if isinstance(chosen, str):
        return chosen
    first, last = map(ord, chosen)
    return chr(first + random.below(last - first + 1))


def string(index):
    random = SplitMix64(SEED + index)
    segments = []
    for _ in range(1 + random.below(MAX_SEGMENTS)):
        choices = CLASSES[random.below(len(CLASSES))]
        segments += [item(random, choices) for _ in range(1 + random.below(MAX_ITEMS))]
    return "".join(segments)

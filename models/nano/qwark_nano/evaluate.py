"""Counts how many sentences get exactly the right answer: generated ones that training never sees, or those of a file."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

import torch
from tqdm import tqdm

from . import checkpoint, predict, program
from .confusion import Confusion
from .examples import Example, generate, load_generator, read_examples


def by_model(folder: Path, weights: str, int4: bool, examples: list[Example]) -> list[str]:
    """The answers of PyTorch."""
    model, vocabulary = checkpoint.load(folder, weights)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    right = predict.are_right(model, vocabulary, examples, int4)
    wrong = [e.text for e, good in zip(examples, right, strict=True) if not good]
    given = iter(predict.answers(model, vocabulary, wrong, int4))
    return [e.answer if good else next(given) for e, good in zip(examples, right, strict=True)]


def report(examples: list[Example], answers: list[str]) -> str:
    """The share of right answers, by their length, and which commands were confused."""
    confusion, right, asked = Confusion(), Counter[int](), Counter[int]()
    for example, given in zip(examples, answers, strict=True):
        confusion.add(example.answer, given)
        length = example.answer.count("\n") + 1
        asked[length] += 1
        right[length] += given == example.answer
    text = f"{right.total()} of {asked.total()} right: {right.total() / asked.total():.2%}\n"
    for length in sorted(asked):
        text += f"  {length} commands: {right[length]} of {asked[length]}, {right[length] / asked[length]:.2%}\n"
    return text + "\n" + confusion.table()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Example: python -m qwark_nano.evaluate rover --program ../../target/release/qwark --model qwark-nano.gguf --held-out 2000",
    )
    parser.add_argument("package", help="the package with the set's generator, such as rover")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument(
        "--held-out", type=int, metavar="N", help="N generated sentences, each with a phrase or a word that training never sees"
    )
    asked.add_argument("--file", type=Path, help='lines of {"text": ..., "commands": [...]}')
    answering = parser.add_mutually_exclusive_group(required=True)
    answering.add_argument("--folder", type=Path, help="what training left: answers come from PyTorch")
    answering.add_argument("--program", type=Path, help="qwark: answers come from it and --model")
    parser.add_argument("--model", type=Path, help="a GGUF file, for --program")
    parser.add_argument("--weights", default="last", help="last or before-int4 [default: last]")
    parser.add_argument("--float", action="store_true", help="weights as they are, not rounded to those of the file")
    parser.add_argument("--seed", default="evaluation", help="of generated sentences")
    parser.add_argument("--wrong", type=Path, help="writes wrong answers to this file")
    args = parser.parse_args()
    generator = load_generator(args.package)
    examples = read_examples(args.file) if args.file else generate(generator, args.held_out, args.seed, held_out=True)
    if args.program:
        if args.model is None:
            parser.error("--program needs --model")
        found = program.answers(args.program, args.model, generator.set.path, [e.text for e in examples], os.cpu_count() or 1)
        answers = list(tqdm(found, total=len(examples), unit="sentence"))
    else:
        answers = by_model(args.folder, args.weights, not args.float, examples)
    if args.wrong:
        wrong = ((e, given) for e, given in zip(examples, answers, strict=True) if given != e.answer)
        args.wrong.write_text("".join(f"{e.text}\n  right: {e.answer!r}\n  given: {given!r}\n" for e, given in wrong), encoding="utf-8")
    print(report(examples, answers))


if __name__ == "__main__":
    main()

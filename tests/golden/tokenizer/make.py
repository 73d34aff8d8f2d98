"""Makes the golden results of the tokenizer test with Hugging Face's tokenizers.

make.py TIKTOKEN                 writes *.ids; TIKTOKEN is Qwen2's vocabulary as a file of ranks (qwen.tiktoken)
make.py TIKTOKEN NAME INDEX...   shows random strings and their ids, to compare with what a failing test prints

In the strings with an even index control tokens are text; in the others they are parsed. A .ids file has six bytes a
string, little-endian: the number of ids as u16 and their FNV-1a hash as u32, taken over the ids as little-endian u32.
"""
import struct
import sys

import random_strings
import vocab


def tokenizers(tiktoken):
    full = vocab.from_tiktoken(tiktoken)
    check_conversion(full)
    small = vocab.small()
    return {
        "full-qwen2": vocab.tokenizer(full, "qwen2"),
        "small-qwen2": vocab.tokenizer(small, "qwen2"),
        "small-qwen35": vocab.tokenizer(small, "qwen35"),
    }


def check_conversion(full):
    """Where transformers is installed, the tokenizer that it builds from the same vocabulary must agree with ours."""
    try:
        from transformers.models.qwen2.tokenization_qwen2 import Qwen2Tokenizer
    except ImportError:
        print("transformers is not installed: no comparison with its Qwen2Tokenizer")
        return
    normal = {t: i for i, (t, kind) in enumerate(zip(full["tokens"], full["types"])) if kind == vocab.NORMAL}
    merges = [tuple(m.split(" ")) for m in full["merges"]]
    theirs = Qwen2Tokenizer(vocab=normal, merges=merges)
    ours = vocab.tokenizer(full, "qwen2")
    for i in range(random_strings.COUNT):
        text = random_strings.string(i).replace("<", "(")
        assert theirs.encode(text, add_special_tokens=False) == ours.encode(text).ids, (i, text)
    print(f"transformers' Qwen2Tokenizer agrees on {random_strings.COUNT} strings")


def ids(tokenizer, index):
    tokenizer.encode_special_tokens = index % 2 == 0
    return tokenizer.encode(random_strings.string(index)).ids


def record(ids):
    fnv = 0x811C9DC5
    for byte in struct.pack(f"<{len(ids)}I", *ids):
        fnv = ((fnv ^ byte) * 0x01000193) & 0xFFFFFFFF
    return struct.pack("<HI", len(ids), fnv)


def main():
    tiktoken, *chosen = sys.argv[1:]
    for name, tokenizer in tokenizers(tiktoken).items():
        if not chosen:
            records = (record(ids(tokenizer, i)) for i in range(random_strings.COUNT))
            (vocab.HERE / f"{name}.ids").write_bytes(b"".join(records))
        elif chosen[0] == name:
            for index in map(int, chosen[1:]):
                print(index, ascii(random_strings.string(index)), ids(tokenizer, index))


main()

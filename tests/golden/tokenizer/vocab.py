"""The vocabularies that the golden results are made with, and Hugging Face tokenizers built from them.

A vocabulary is a dict {tokens, merges, types} in the form in which GGUF stores it: tokens in GPT-2's byte encoding,
merges as "left right", types as the numbers of GGUF (1 normal, 3 control, 4 user-defined).
"""
import base64
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).parent
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4

# The 26 added tokens of Qwen2.5 and Qwen3, in the order of their ids. Those that tokenizer.json marks as
# special become control tokens in a GGUF, the others user-defined ones.
CONTROLS = """<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|>
<|quad_start|> <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|>""".split()
USER_DEFINEDS = """<tool_call> </tool_call> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|>
<|file_sep|> <tool_response> </tool_response> <think> </think>""".split()

# As in the tokenizer.json of Qwen2 and of Qwen3.5.
PATTERNS = {
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen35": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
SMALL_VOCAB_SIZE = 1000


def empty_tokenizer(model, pre):
    """A tokenizer with the normaliser, pre-tokenizer and decoder of Qwen's tokenizer.json around `model`."""
    t = Tokenizer(model)
    t.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(PATTERNS[pre]), behavior="isolated", invert=False)
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    t.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    t.decoder = decoders.ByteLevel()
    return t


def tokenizer(vocab, pre):
    """The Hugging Face tokenizer of `vocab` with the pre-tokenizer `pre`."""
    normal = {t: i for i, (t, kind) in enumerate(zip(vocab["tokens"], vocab["types"])) if kind == NORMAL}
    merges = [tuple(m.split(" ")) for m in vocab["merges"]]
    t = empty_tokenizer(models.BPE(vocab=normal, merges=merges), pre)
    for text, kind in zip(vocab["tokens"], vocab["types"]):
        if kind != NORMAL:
            t.add_tokens([AddedToken(text, special=kind == CONTROL, normalized=False)])
            assert t.token_to_id(text) == vocab["tokens"].index(text), text
    return t


def with_added_tokens(tokens, merges):
    added = CONTROLS + USER_DEFINEDS
    types = [NORMAL] * len(tokens) + [CONTROL] * len(CONTROLS) + [USER_DEFINED] * len(USER_DEFINEDS)
    return {"tokens": tokens + added, "merges": merges, "types": types}


def train_small():
    """Trains the small vocabulary on corpus.txt."""
    t = empty_tokenizer(models.BPE(), "qwen2")
    size = SMALL_VOCAB_SIZE - len(CONTROLS) - len(USER_DEFINEDS)
    trainer = trainers.BpeTrainer(
        vocab_size=size, min_frequency=1, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    t.train_from_iterator([(HERE / "corpus.txt").read_text()], trainer)
    model = json.loads(t.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    assert len(tokens) == size
    return with_added_tokens(tokens, [" ".join(m) for m in model["merges"]])


def small():
    """The committed small vocabulary."""
    return json.loads((HERE / "small-vocab.json").read_text())


def byte_chars():
    """GPT-2's printable character for each byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    shifted = iter(range(0x100, 0x200))
    return [chr(b if b in printable else next(shifted)) for b in range(256)]


def from_tiktoken(path):
    """The vocabulary of a tiktoken rank file. Each merge is recovered by encoding the token with all lower ranks."""
    chars = byte_chars()
    ranks = {}
    for line in open(path, "rb"):
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    ordered = sorted(ranks, key=ranks.get)
    text = lambda token: "".join(chars[b] for b in token)
    merges = []
    for token in ordered:
        if len(token) > 1:
            left, right = parts_below(ranks, token)
            merges.append(f"{text(left)} {text(right)}")
    return with_added_tokens([text(t) for t in ordered], merges)


def parts_below(ranks, token):
    """The parts into which `token` falls when only merges of lower rank than its own are applied."""
    parts = [bytes([b]) for b in token]
    while True:
        candidates = [(ranks.get(a + b, len(ranks)), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))]
        rank, i = min(candidates)
        if rank >= ranks[token]:
            return parts
        parts[i : i + 2] = [parts[i] + parts[i + 1]]

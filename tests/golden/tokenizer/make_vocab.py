"""Trains the small vocabulary of the tests and writes small-vocab.json: make_vocab.py (needs `tokenizers`)"""
import json

import vocab

small = vocab.train_small()
lines = [f'"{key}": {json.dumps(value, ensure_ascii=False, separators=(",", ":"))}' for key, value in small.items()]
(vocab.HERE / "small-vocab.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")

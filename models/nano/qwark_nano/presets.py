"""How large a model is, and its batches."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """Sizes for a machine."""

    # Rows of 256 tokens in a batch.
    rows: int
    vocab: int = 1536
    # Other than a shape's defaults.
    shape: dict[str, int] = field(default_factory=dict)
    compile: bool = True


PRESETS = {
    # The model that is committed.
    "gpu": Preset(rows=192, shape={"layers": 12}),
    # The same on two cores, from where another training left it.
    "tune": Preset(rows=24),
    # Two cores, two hours.
    "cpu": Preset(rows=10, shape={"hidden": 192, "layers": 6, "heads": 3, "kv_heads": 1, "ffn": 512}),
    # Small sets.
    "small": Preset(rows=8, vocab=768, shape={"hidden": 128, "layers": 4, "heads": 2, "kv_heads": 1, "ffn": 384}),
}

"""An example of a set of one's own, in another language: Portuguese sentences for a small greenhouse, estufa.toml."""

from .frases import Greenhouse

GENERATOR = Greenhouse()

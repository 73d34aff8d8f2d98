"""English sentences for the reference command set, commands/rover.toml."""

from .sentence import Rover

GENERATOR = Rover()

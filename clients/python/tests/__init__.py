"""Tests of the Python client: `python -m unittest discover` in clients/python."""

from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

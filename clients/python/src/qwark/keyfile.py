"""Files that hold a link's key."""

from pathlib import Path
import re

from .seal import KEY_LEN

_DIGITS = re.compile(rb"[0-9A-Fa-f]{%d}" % (2 * KEY_LEN))
_OTHERS = 0o077  # the rights of everybody but the owner


def read_key(path: str | Path) -> bytes:
    """The key in a file of hexadecimal digits. ValueError if it holds none, or if others than its owner have any right to it."""
    path = Path(path)
    if path.stat().st_mode & _OTHERS:
        raise ValueError(f"the key {path} can be read by others than its owner: chmod 600 {path}")
    digits = path.read_bytes().strip()
    if not _DIGITS.fullmatch(digits):
        raise ValueError(f"{path} holds no key: {2 * KEY_LEN} hexadecimal digits, as `openssl rand -hex {KEY_LEN}` prints them")
    return bytes.fromhex(digits.decode())

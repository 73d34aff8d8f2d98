"""The golden frames, which share no code with this package, and the fingerprint of docs/WIRE.md."""

from dataclasses import replace
from pathlib import Path
import re
import unittest

from qwark.enums import ErrorCode
from qwark.frame import Decoder, Frame
from qwark.messages import KINDS, Error, Hello, Identify
from qwark.schema import fingerprint, fnv1a
from qwark.seal import FROM_CLIENT, FROM_RUNTIME, Salt, Sealer, tag

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "wire" / "tests" / "golden" / "v1"
KEY = bytes(range(32))


def line(name: str) -> bytes:
    """A golden frame as it is on the line."""
    rows = (GOLDEN / f"{name}.hex").read_text("utf-8").splitlines()
    return bytes.fromhex("".join(row for row in rows if not row.startswith("#")))


def golden(name: str) -> Frame:
    """A golden frame, decoded."""
    (frame,) = Decoder().feed(line(name))
    return frame


NAMES = sorted(path.stem for path in GOLDEN.glob("*.hex"))


class Golden(unittest.TestCase):
    """Decoded and emitted again, byte for byte."""

    def test_every_kind_has_a_frame(self) -> None:
        self.assertEqual({golden(name).kind for name in NAMES}, set(KINDS))

    def test_both_ways(self) -> None:
        for name in NAMES:
            with self.subTest(name):
                frame = golden(name)
                message = KINDS[frame.kind].parse(frame.payload)
                self.assertEqual(replace(message.frame(frame.seq, frame.id), seal=frame.seal).emit(), line(name))

    def test_fields_are_those_of_the_comments(self) -> None:
        for name in NAMES:
            with self.subTest(name):
                rows = re.findall(r"^# (\w+) ?(.*)$", (GOLDEN / f"{name}.hex").read_text("utf-8"), re.MULTILINE)
                raw = b"".join(bytes.fromhex(value) for _, value in rows)
                self.assertEqual(golden(name).raw(), raw)
                frame = golden(name)
                declared = list(KINDS[frame.kind].__dataclass_fields__)  # type: ignore[attr-defined]
                commented = [field for field, _ in rows][5:-1]
                if "sampling" in declared:
                    at = declared.index("sampling")
                    declared[at : at + 1] = commented[at : at + 9]
                self.assertEqual(declared, [field for field in commented if field not in ("counter", "tag")])

    def test_seals(self) -> None:
        hello = Hello.parse(golden("hello").payload)
        identify = Identify.parse(golden("identify").payload)
        session = Salt(hello.nonce, identify.nonce, hello.client)
        for name, direction in (("sealed_ping", FROM_CLIENT), ("sealed_pong", FROM_RUNTIME)):
            with self.subTest(name):
                frame = golden(name)
                counter = int.from_bytes(frame.seal[:4], "little")
                expected = tag(KEY, session, direction, counter, frame)
                self.assertEqual(frame.seal[4:], expected)
                other_end = Sealer(KEY, session, 1 - direction)
                self.assertTrue(other_end.holds(frame))
                self.assertFalse(other_end.holds(frame), "the same frame a second time")
                forged = replace(frame, payload=bytes(4))
                self.assertFalse(Sealer(KEY, session, 1 - direction).holds(forged))

    def test_a_newer_error_code_is_kept(self) -> None:
        error = Error.parse(golden("error_of_a_newer_version").payload)
        self.assertEqual((error.code, error.code.name), (200, "NEWER_200"))
        self.assertNotIn(error.code, list(ErrorCode))

    def test_bytes_after_the_last_field_are_ignored(self) -> None:
        payload = golden("done").payload
        self.assertEqual(KINDS[0x91].parse(payload + b"new"), KINDS[0x91].parse(payload))


class Schema(unittest.TestCase):
    """The tables cannot drift from the specification's."""

    def test_fnv1a(self) -> None:
        self.assertEqual(fnv1a(b""), 0xCBF29CE484222325)
        self.assertEqual(fnv1a(b"foobar"), 0x85944171F73967E8)

    def test_fingerprint_is_the_specifications(self) -> None:
        spec = (ROOT / "docs" / "WIRE.md").read_text("utf-8")
        found = re.search(r"Schema fingerprint of these tables: `(0x[0-9a-f]{16})`", spec)
        assert found is not None
        self.assertEqual(f"{fingerprint():#018x}", found[1])


if __name__ == "__main__":
    unittest.main()

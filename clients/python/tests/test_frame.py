"""Frames among noise."""

from random import Random
import unittest

from qwark.checksum import crc32c
from qwark.cobs import stuff, unstuff
from qwark.enums import Priority
from qwark.fields import Malformed
from qwark.frame import MAX_FRAME, Decoder, Frame
from qwark.messages import Error, Generate, Monitor, Ping, Token
from tests.simulation import request


class Stuffing(unittest.TestCase):
    """Consistent overhead byte stuffing."""

    def test_known_blocks(self) -> None:
        run = bytes(range(1, 255))
        for plain, stuffed in (
            (b"", b"\x01"),
            (b"\0", b"\x01\x01"),
            (b"\x11\x22\0\x33", b"\x03\x11\x22\x02\x33"),
            (run, b"\xff" + run),
            (run + b"\0", b"\xff" + run + b"\x01\x01"),
            (run + b"\xff", b"\xff" + run + b"\x02\xff"),
            (run + run, b"\xff" + run + b"\xff" + run),
            (b"\0" + run, b"\x01\xff" + run),
        ):
            self.assertEqual(stuff(plain), stuffed)
            self.assertEqual(unstuff(stuffed), plain)

    def test_random_bytes_come_back(self) -> None:
        random = Random(1)
        for _ in range(300):
            plain = bytes(random.choice((0, 1, 255)) if random.random() < 0.02 else 7 for _ in range(random.randrange(800)))
            self.assertNotIn(0, stuff(plain))
            self.assertEqual(unstuff(stuff(plain)), plain)


class Decoding(unittest.TestCase):
    """What a decoder drops, and why."""

    def test_checksum_of_the_specification(self) -> None:
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)

    def test_split_anywhere(self) -> None:
        line = b"".join(Token(i, "größe").frame(i, 7).emit() for i in range(9))
        for size in range(1, 40):
            decoder = Decoder()
            found = [frame for at in range(0, len(line), size) for frame in decoder.feed(line[at : at + size])]
            self.assertEqual([frame.seq for frame in found], list(range(9)))

    def test_each_cause_is_counted(self) -> None:
        ping = Ping(5).frame(0).raw()
        liar = Ping(5).frame(0)
        body = liar.header_and_payload()[:2] + b"\x03" + liar.header_and_payload()[3:]
        for cause, data in (
            ("stuffing", b"\x09abc\0"),
            ("short", stuff(b"short") + b"\0"),
            ("checksum", stuff(ping[:-1] + bytes([ping[-1] ^ 1])) + b"\0"),
            ("length", stuff(body + crc32c(body).to_bytes(4, "little")) + b"\0"),
            ("oversized", b"\x07" * 5000 + b"\0"),
        ):
            with self.subTest(cause):
                decoder = Decoder()
                self.assertEqual(list(decoder.feed(data + Ping(1).frame(1).emit())), [Ping(1).frame(1)])
                self.assertEqual((getattr(decoder.counters, cause), decoder.counters.dropped), (1, 1))

    def test_the_tail_of_an_oversized_frame_is_no_frame(self) -> None:
        decoder = Decoder()
        hidden = Ping(1).frame(1).emit()
        self.assertEqual(list(decoder.feed(b"\x07" * (MAX_FRAME + 100))), [])
        self.assertEqual(list(decoder.feed(hidden)), [])
        self.assertEqual(list(decoder.feed(hidden)), [Ping(1).frame(1)])

    def test_one_good_frame_at_most_is_lost_after_noise(self) -> None:
        random = Random(2)
        for _ in range(500):
            decoder = Decoder()
            noise = random.randbytes(random.randrange(600))
            frames = [Ping(i).frame(i) for i in range(3)]
            found = list(decoder.feed(noise + b"".join(frame.emit() for frame in frames)))
            self.assertEqual(found[-2:], frames[1:])

    def test_payloads_that_lie(self) -> None:
        for message, payload in (
            (Monitor, b"\x02"),
            (Monitor, b""),
            (Token, b"\0\0\0\0\x02\0\xff\xff"),
            (Token, b"\0\0\0\0\xff\0" + bytes(255)),
            (Error, b"\x01\x00\x05\x00abc"),
        ):
            with self.assertRaises(Malformed):
                message.parse(payload)

    def test_values_that_do_not_fit_are_refused(self) -> None:
        for message in (Ping(1 << 32), Ping(-1), request(stops=("a",) * 5), request(fallback="x" * 65), request(key=1 << 64)):
            with self.assertRaises(ValueError):
                message.emit()

    def test_random_payloads_never_surprise(self) -> None:
        random = Random(3)
        for _ in range(2000):
            try:
                message = Generate.parse(random.randbytes(random.randrange(200)))
            except Malformed:
                continue
            self.assertIsInstance(message.priority, Priority)

    def test_frame_parse_of_noise(self) -> None:
        random = Random(4)
        for _ in range(2000):
            self.assertNotIsInstance(Frame.parse(random.randbytes(random.randrange(60))), Frame)


if __name__ == "__main__":
    unittest.main()

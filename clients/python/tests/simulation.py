"""A client's session and a scripted runtime on a line that damages what it carries, in simulated time."""

from collections.abc import Callable
from random import Random

from qwark.enums import Form, GrammarForm, Priority, Reason, Thinking
from qwark.events import Answered, Commanded, Ended, Event, Failed, Piece
from qwark.messages import Command, Generate, Sampling
from qwark.session import Session
from tests.scripted import SET, Runtime

STEP = 0.005  # seconds
DELAY = 0.01  # seconds on the line
INTRUDERS = (b"{", b"AT\r\n", b"\0\0", b"\0", b"\x04\x01\x81\x00")


def request(**fields: object) -> Generate:
    """A Generate with ordinary settings; a session fills in the rest."""
    form, thinking, grammar = Form.CHAT, Thinking.DEFAULT, GrammarForm.NONE
    plain = Generate(0, Priority.NORMAL, 0, 256, Sampling(), form, thinking, False, 0, 0, 0, grammar, bytes(32), False, "", (), b"")
    return Generate(**{**plain.__dict__, **fields})


def sentence(**fields: object) -> Command:
    """A Command with ordinary settings; a session fills in the rest."""
    plain = Command(0, Priority.NORMAL, 0, 256, SET, 0, 0, False, b"", b"")
    return Command(**{**plain.__dict__, **fields})


class Line:
    """One direction of a line. Every chunk may meet one fault."""

    def __init__(self, random: Random, rate: float) -> None:
        self._random = random
        self.rate = rate
        self._carried: list[tuple[float, bytes]] = []

    def put(self, data: bytes, now: float) -> None:
        """Bytes set out. They arrive in pieces of any size."""
        while data:
            size = self._random.randint(1, 60)
            self._carried.append((now + DELAY, self.damaged(data[:size])))
            data = data[size:]

    def damaged(self, data: bytes) -> bytes:
        """What becomes of `data`."""
        if self._random.random() >= self.rate:
            return data
        at = self._random.randrange(len(data))
        fault = self._random.choice(("drop", "flip", "repeat", "insert"))
        if fault == "drop":
            return data[:at] + data[at + self._random.randint(1, 4) :]
        if fault == "flip":
            return data[:at] + bytes([data[at] ^ 1 << self._random.randrange(8)]) + data[at + 1 :]
        if fault == "repeat":
            return data + data[at:]
        return data[:at] + self._random.choice(INTRUDERS) + data[at:]

    def take(self, now: float) -> bytes:
        """Bytes that arrive now."""
        out = b"".join(data for at, data in self._carried if at <= now)
        self._carried = [(at, data) for at, data in self._carried if at > now]
        return out

    def cut(self) -> None:
        """What is on its way is lost."""
        self._carried.clear()


class Simulation:
    """The two ends, and what the client was told."""

    def __init__(
        self, seed: int, rate: float = 0.0, key: bytes | None = None, runtime_key: bytes | None = None, heartbeat: float = 1.0
    ) -> None:
        self.random = Random(seed)
        self.now = 100.0
        self.key = runtime_key or key
        self.session = Session(key=key, max_frame=320, heartbeat=heartbeat, random=self.random.randbytes)
        self.runtime = Runtime(seed, self.key)
        self.up, self.down = Line(self.random, rate), Line(self.random, rate)
        self.events: list[Event] = []
        self.session.connected(self.now)

    def step(self) -> None:
        """Lets a moment pass."""
        self.now += STEP
        self.session.receive(self.down.take(self.now), self.now)
        due = self.session.due()
        if due is not None and due <= self.now:
            self.session.tick(self.now)
        self.up.put(self.session.send(self.now), self.now)
        self.runtime.receive(self.up.take(self.now), self.now)
        self.runtime.tick(self.now)
        self.down.put(self.runtime.send(), self.now)
        while self.session.events:
            self.events.append(self.session.events.popleft())

    def run(self, until: Callable[[], bool], seconds: float = 60.0) -> None:
        """Lets time pass until something holds; AssertionError if it takes longer than that."""
        end = self.now + seconds
        while not until():
            assert self.now < end, f"nothing came of it in {seconds} s: {self.events[-3:]}"
            self.step()

    def pass_time(self, seconds: float) -> None:
        """Lets time pass."""
        end = self.now + seconds
        while self.now < end:
            self.step()

    def replug(self, seconds: float = 0.2) -> None:
        """Pulls the cable, and puts it back."""
        self.session.disconnected("pulled")
        self.up.cut()
        self.down.cut()
        self.now += seconds
        self.runtime.connect()
        self.session.connected(self.now)

    def restart_runtime(self, seed: int) -> None:
        """The runtime is killed and started; the line stays."""
        begun = self.runtime.begun
        self.runtime = Runtime(seed, self.key)
        self.runtime.begun = begun
        self.up.cut()
        self.down.cut()

    def ends(self, ticket: int) -> list[Event]:
        """What ended what has this ticket."""
        return [e for e in self.events if isinstance(e, (Ended, Failed, Answered)) and e.ticket == ticket]

    def ended(self, *tickets: int) -> Callable[[], bool]:
        """Whether all of them have ended."""
        return lambda: all(self.ends(ticket) for ticket in tickets)

    def text(self, ticket: int) -> str:
        """The text that was told, which is in order and without a gap."""
        text = ""
        for event in self.events:
            if isinstance(event, Piece) and event.ticket == ticket:
                assert event.offset == len(text.encode()), "a piece is out of place"
                text += event.text
        return text

    def commands(self, ticket: int) -> list[bytes]:
        """The commands that were told, which are in order and without a gap."""
        told: list[bytes] = []
        for event in self.events:
            if isinstance(event, Commanded) and event.ticket == ticket:
                assert event.offset == sum(map(len, told)), "a command is out of place"
                told.append(event.data)
        return told

    def reason(self, ticket: int) -> Reason:
        """Why an answer ended, which it did once."""
        (end,) = self.ends(ticket)
        assert isinstance(end, Ended), end
        return end.done.reason

    def value(self, ticket: int) -> object:
        """The value of what was answered, which it was once."""
        (end,) = self.ends(ticket)
        assert isinstance(end, Answered), end
        return end.value

"""A small runtime for tests: it keeps the runtime's side of docs/WIRE.md. Its model echoes a prompt backwards, and a sentence's words as commands."""

from collections import deque
from dataclasses import dataclass, field, replace
import hashlib
from random import Random

from qwark.checksum import crc32c
from qwark.enums import ErrorCode, Reason, SafetyState, UploadKind, UploadState
from qwark.fields import Malformed
from qwark.frame import Decoder
from qwark.messages import COMMAND, KINDS, Accepted, Ack, Arm, Cancel, Command, CommandReply, Done, Error, EStop, Generate, Heartbeat, Hello
from qwark.messages import Identify, Message, Monitor, Ping, Pong, Reset, Resend, Safety, Text, Token, Upload, UploadBegin, UploadData, UploadDelete
from qwark.messages import UploadItem, UploadList
from qwark.schema import fingerprint
from qwark.seal import FROM_RUNTIME, Salt, Sealer

PIECE = 7  # bytes of an answer in one token, where characters allow it
WINDOW = 600  # bytes of text ahead of what was received
REPEAT = 0.3
REPETITIONS = 10  # without a word of the client: then it is left where it is
TOKEN_TIME = 0.004
SET = 0x5E7  # the id of the command set


def model(text: str) -> str:
    """The answer to a text."""
    return "→" + text[::-1] + "."


def pieces(text: str) -> list[bytes]:
    """Whole characters, about PIECE bytes at a time."""
    out, piece = [], b""
    for char in text:
        piece += char.encode()
        if len(piece) >= PIECE:
            out.append(piece)
            piece = b""
    return out + [piece] if piece else out


def commands(sentence: str) -> list[bytes]:
    """The commands of a sentence: its words, each with its length before it."""
    return [bytes([len(word)]) + word for word in sentence.encode().split()]


@dataclass
class Job:
    """One request."""

    id: int
    ask: Generate | Command
    text: bytes = b""
    made: bytes = b""  # of the answer, so far
    tokens: deque[bytes] = field(default_factory=deque)
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    acked: int = 0
    window: int = 0
    sent: int = 0  # frames of those
    next_at: float = 0.0
    end: Message | None = None
    end_known: bool = False
    end_at: float = 0.0
    repeat_at: float = 0.0
    repetitions: int = 0

    @property
    def text_len(self) -> int:
        """Bytes of the whole text."""
        return self.ask.sentence_len if isinstance(self.ask, Command) else self.ask.system_len + self.ask.prompt_len

    def open(self, window: int) -> None:
        """Takes so many bytes in advance; a command at least, where there are any."""
        self.window = max(window, COMMAND) if window and isinstance(self.ask, Command) else window

    def reply(self, offset: int, piece: bytes) -> Message:
        """The frame that brings a piece of the answer."""
        return CommandReply(offset, piece) if isinstance(self.ask, Command) else Token(offset, piece.decode())


class Runtime:
    """Bytes in, bytes out, time as an argument. It counts what it did, so that a test can see that nothing was done twice."""

    def __init__(self, seed: int, key: bytes | None = None) -> None:
        self._random = Random(seed)
        self.boot_id = self._random.getrandbits(64)
        self.key = key
        self.begun: list[bytes] = []  # the text of every request that was computed
        self.safety = Safety(SafetyState.ARMED, 0)
        self.jobs: dict[int, Job] = {}
        self.uploads: dict[bytes, tuple[UploadBegin, bytearray]] = {}
        self.uploading: dict[int, bytes] = {}
        self.kinds: list[type[Message]] = []
        self.mute = False
        self.heartbeat = 0.0
        self.client = 0
        self.max_frame = 4096
        self.connect()

    def connect(self) -> None:
        """A new connection."""
        self.decoder = Decoder()
        self.greeted = False
        self.sealer: Sealer | None = None
        self.pending: Sealer | None = None
        self.seq = 0
        self.out = bytearray()
        self.beat_at: float | None = None

    def send(self) -> bytes:
        """What is to go over the line."""
        out, self.out = bytes(self.out), bytearray()
        return b"" if self.mute else out

    def receive(self, data: bytes, now: float) -> None:
        """Bytes from the client."""
        for frame in self.decoder.feed(data):
            kind = KINDS.get(frame.kind)
            if self.mute or kind is None or frame.kind >= 0x80:
                continue
            try:
                message = kind.parse(frame.payload)
            except Malformed as error:
                self.say(Error(ErrorCode.MALFORMED, False, str(error)), frame.id)
                continue
            if self.key and kind not in (Hello, EStop, Ping):
                if self.pending and self.pending.holds(frame):
                    self.sealer, self.pending = self.pending, None
                elif not self.sealer or not self.sealer.holds(frame):
                    self.say(Error(ErrorCode.DENIED, False, ""), frame.id, sealed=False)
                    continue
            elif self.key and kind is Ping and frame.seal and self.pending and self.pending.holds(frame):
                self.sealer, self.pending = self.pending, None
            self.kinds.append(kind)
            self.take(message, frame.id, now)

    def say(self, message: Message, number: int = 0, sealed: bool = True) -> None:
        frame = message.frame(self.seq, number)
        self.seq = (self.seq + 1) & 0xFFFF
        sealer = self.pending if isinstance(message, Identify) else self.sealer
        if sealed and sealer:
            frame = replace(frame, seal=sealer.seal(frame))
        self.out += frame.emit()

    def take(self, message: Message, number: int, now: float) -> None:
        if isinstance(message, Hello):
            self.hello(message, now)
        elif isinstance(message, Ping):
            self.say(Pong(message.nonce))
        elif isinstance(message, EStop):
            if self.safety.state is not SafetyState.STOPPED:
                self.safety = Safety(SafetyState.STOPPED, self.safety.stop + 1)
                for job in self.jobs.values():
                    self.finish(job, Reason.STOPPED)
            self.say(self.safety)
        elif not self.greeted:
            self.say(Error(ErrorCode.NO_SESSION, False, "say Hello"), number)
        elif isinstance(message, Reset):
            if message.stop == self.safety.stop and self.safety.state is SafetyState.STOPPED:
                self.safety = replace(self.safety, state=SafetyState.DISARMED)
            self.say(self.safety)
        elif isinstance(message, Arm):
            if message.stop == self.safety.stop and self.safety.state is SafetyState.DISARMED:
                self.safety = replace(self.safety, state=SafetyState.ARMED)
            self.say(self.safety)
        elif isinstance(message, Monitor):
            self.say(Error(ErrorCode.DENIED, False, "not over this link"))
        elif isinstance(message, (UploadBegin, UploadData, UploadList, UploadDelete)):
            self.upload(message, number)
        else:
            self.request(message, number, now)

    def hello(self, hello: Hello, now: float) -> None:
        if hello.client != self.client:
            self.jobs.clear()
        self.client = hello.client
        self.greeted = True
        self.heartbeat = hello.heartbeat_ms / 1000
        self.beat_at = now + self.heartbeat if self.heartbeat else None
        nonce = self._random.getrandbits(64)
        if self.key:
            self.pending = Sealer(self.key, Salt(hello.nonce, nonce, hello.client), FROM_RUNTIME)
        features = 25 if self.key else 9
        self.say(Identify(
            1, 1, self.boot_id, fingerprint(), hello.nonce, nonce, len(self.jobs), features, self.safety.state, self.safety.stop,
            self.max_frame, 1 << 18, 2048, 4, 32, 30, 1 << 23, SET, ("scripted",), "words",
        ))
        for job in self.jobs.values():
            self.rewind(job)

    def request(self, message: Message, number: int, now: float) -> None:
        job = self.jobs.get(number)
        if job is not None:
            job.repetitions = 0
        if isinstance(message, (Generate, Command)):
            self.begin(message, number, job, now)
        elif job is None:
            if not isinstance(message, Ack):
                self.say(Error(ErrorCode.UNKNOWN_ID, True, "no such request"), number)
        elif isinstance(message, Text):
            offset = message.offset
            if offset == len(job.text):
                job.text += message.text
                self.complete(job, now)
            self.say(Accepted(len(job.text), WINDOW), number)
        elif isinstance(message, Cancel):
            self.finish(job, Reason.CANCELLED)
        elif isinstance(message, Resend):
            for offset, piece in job.frames:
                if message.offset <= offset < message.offset + message.len:
                    self.say(job.reply(offset, piece), number)
        elif isinstance(message, Ack):
            if message.received >= job.acked:
                job.acked = message.received
                job.open(message.window)
                job.repeat_at = now + REPEAT
            job.end_known = job.end_known or (message.ended and job.end is not None)

    def begin(self, ask: Generate | Command, number: int, job: Job | None, now: float) -> None:
        if isinstance(ask, Command) and ask.set != SET:
            self.say(Error(ErrorCode.PARAMETER, True, "another command set"), number)
            return
        body = replace(ask, text=b"")
        if job is not None and job.ask != body:
            self.say(Error(ErrorCode.KEY_REUSED, True, ""), number)
            return
        if job is None:
            if self.safety.state is not SafetyState.ARMED:
                code = ErrorCode.STOPPED if self.safety.state is SafetyState.STOPPED else ErrorCode.DISARMED
                self.say(Error(code, True, "not armed"), number)
                return
            job = self.jobs[number] = Job(number, body, ask.text)
            job.open(ask.window)
            self.complete(job, now)
        else:
            self.rewind(job)
        self.say(Accepted(len(job.text), WINDOW), number)

    def rewind(self, job: Job) -> None:
        job.sent = sum(offset < job.acked for offset, _ in job.frames)
        job.end_known, job.end_at, job.repetitions = False, 0.0, 0

    def complete(self, job: Job, now: float) -> None:
        if len(job.text) == job.text_len and not job.tokens and not job.end:
            if crc32c(job.text) != job.ask.text_crc:
                job.end = Error(ErrorCode.INTEGRITY, True, "")
                return
            self.begun.append(job.text)
            text = job.text.decode()
            job.tokens.extend(commands(text) if isinstance(job.ask, Command) else pieces(model(text)))
            job.next_at = now + TOKEN_TIME

    def finish(self, job: Job, reason: Reason) -> None:
        if job.end is None:
            job.tokens.clear()
            job.end = Done(reason, len(job.text), len(job.frames), len(job.made), 0, 10, 20, 30, 40)

    def upload(self, message: UploadBegin | UploadData | UploadList | UploadDelete, number: int) -> None:
        if isinstance(message, UploadList):
            held = list(self.uploads.values())
            nothing = (UploadBegin(UploadKind.IMAGE, 0, bytes(32), 0, ""), bytearray())
            begin, data = held[message.index] if message.index < len(held) else nothing
            self.say(UploadItem(message.index, len(held), begin.what, begin.size, len(data), 60, begin.sha256, begin.name), number)
            return
        if isinstance(message, UploadDelete):
            self.uploads.pop(message.sha256, None)
            self.say(Upload(UploadState.DELETED, 0, 0, 0), number)
            return
        if isinstance(message, UploadBegin):
            self.uploads.setdefault(message.sha256, (message, bytearray()))
            self.uploading[number] = message.sha256
        sha256 = self.uploading.get(number)
        if sha256 not in self.uploads:
            self.say(Error(ErrorCode.UNKNOWN_ID, True, "no such upload"), number)
            return
        begin, data = self.uploads[sha256]
        if isinstance(message, UploadData) and message.offset == len(data):
            data += message.data
        stored = len(data) == begin.size
        if stored and hashlib.sha256(data).digest() != begin.sha256:
            self.say(Error(ErrorCode.INTEGRITY, True, ""), number)
            return
        self.say(Upload(UploadState.STORED if stored else UploadState.RECEIVING, len(data), WINDOW, 60), number)

    def tick(self, now: float) -> None:
        """Computes, sends what the windows allow, repeats what was not acknowledged."""
        if not self.greeted:
            return
        if self.beat_at is not None and now >= self.beat_at:
            self.beat_at = now + self.heartbeat
            self.say(Heartbeat(int(now * 1000), 0, len(self.jobs), 0, 0, self.safety.state, 1.0, 40.0, 1, 0))
        for job in self.jobs.values():
            if job.tokens and now >= job.next_at:
                piece = job.tokens.popleft()
                job.frames.append((len(job.made), piece))
                job.made += piece
                job.next_at = now + TOKEN_TIME
                if not job.tokens:
                    self.finish(job, Reason.STOP)
            self.flush(job, now)

    def flush(self, job: Job, now: float) -> None:
        while job.sent < len(job.frames):
            offset, piece = job.frames[job.sent]
            if offset + len(piece) > job.acked + job.window:
                break
            self.say(job.reply(offset, piece), job.id)
            job.sent += 1
            job.repeat_at = now + REPEAT
        blocked = job.sent < len(job.frames)
        if job.repetitions > REPETITIONS:
            return
        if blocked and now >= job.repeat_at:
            offset, piece = next((offset, piece) for offset, piece in job.frames if offset + len(piece) > job.acked)
            self.say(job.reply(offset, piece), job.id)
            job.repeat_at = now + REPEAT
            job.repetitions += 1
        if job.end and not job.end_known and not blocked and not job.tokens and now >= job.end_at:
            self.say(job.end, job.id)
            job.end_at = now + REPEAT
            job.repetitions += 1

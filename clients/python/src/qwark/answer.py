"""One request for an answer: its text on the way out, the answer's text or commands on the way in, and its end."""

from collections import deque
from dataclasses import replace

from .activity import Activity, earliest
from .enums import ErrorCode, Reason
from .events import Commanded, Ended, Event, Piece
from .messages import PIECE, Accepted, Ack, Cancel, Command, CommandReply, Done, Error, Generate, Message, Resend, Text, Token
from .outgoing import Outgoing
from .timer import Timer

ACK_DELAY = 0.05  #: seconds from a Token to its Ack, where nothing asks for an earlier one
SILENCE = 10.0  #: seconds without a word about a request that the runtime has, after which it is asked again
_TEXT_FIELDS = 6  # bytes of a Text's payload that are not text


class Incoming:
    """The answer as it comes in: put together by offset, told in order."""

    def __init__(self) -> None:
        self.received = 0  #: bytes that are here, with none missing before them
        self._ahead: dict[int, bytes] = {}  # pieces that wait for one before them; the window bounds them

    def add(self, offset: int, data: bytes) -> list[tuple[bytes, bytes]]:
        """What can be told now that `data` is here: each piece, and what is new of it; nothing if all of it was here already, or
        something before it is missing."""
        told = []
        self._ahead[offset] = data
        for at in sorted(self._ahead):
            if at > self.received:
                break
            piece = self._ahead.pop(at)
            new = piece[self.received - at :]
            if new:
                told.append((piece, new))
                self.received += len(new)
        return told

    def missing_until(self, end: int | None) -> int:
        """Where the first gap ends: at the next piece that is here, else at `end`; or `received` if there is no gap."""
        return min(self._ahead, default=max(end or 0, self.received))


class Answer(Activity):
    """A Generate or a Command until its end."""

    def __init__(self, ticket: int, events: deque[Event], request: Generate | Command, text: bytes, first_wait: float) -> None:
        super().__init__(ticket, events)
        self._request = request
        self._asked = False  # whether the request was sent in this session
        self._ever_asked = False
        self._known = False  # whether the runtime has shown in this session that it has the request
        self._ever_known = False
        self._outgoing = Outgoing(text)
        self._ask = Timer(first_wait)
        self._silence = Timer(SILENCE, even=True)
        self._incoming = Incoming()
        self._acked = 0
        self._ack_now = False
        self._ack_at: float | None = None
        self._resend_now = False
        self._resend_until = 0  # what was asked for again ends here
        self._resend = Timer(first_wait)
        self._cancelled = False
        self._cancel_now = False
        self._cancel = Timer(first_wait)
        self._done: Done | None = None

    @property
    def exhausted(self) -> bool:
        return self._ask.exhausted or self._resend.exhausted or self._cancel.exhausted

    def resume(self, now: float) -> None:
        self._asked = self._known = False
        self._outgoing.restart()
        self._ask.stop()
        self._silence.stop()
        self._resend.stop()
        self._cancel.stop()
        self._cancel_now = self._cancelled
        self._ask_for_gap()

    def cancel(self) -> None:
        """Ends the request early."""
        if not self._ever_asked:
            self._end(self._cancelled_done())
        elif not self._cancelled:
            self._cancelled = self._cancel_now = True
            self._ask.stop()

    def control(self, now: float) -> Message | None:
        if self._cancel_now:
            self._cancel_now = False
            if not self._cancel.running:
                self._cancel.start(now)
            return Cancel()
        if not self._known:
            return None  # a runtime that has restarted does not know what these would be about
        if self._ack_now:
            self._ack_now, self._ack_at = False, None
            self._acked = self._incoming.received
            return Ack(self._acked, self._request.window, ended=False)
        if self._resend_now:
            self._resend_now = False
            if not self._resend.running:
                self._resend.start(now)
            self._resend_until = self._gap_end()
            return Resend(self._incoming.received, self._resend_until - self._incoming.received)
        return None

    def bulk(self, room: int, now: float) -> Message | None:
        if self._cancelled:
            return None
        message: Message | None = None
        if not self._asked:
            self._asked = self._ever_asked = True
            first = self._outgoing.data[: max(0, min(PIECE, room - len(self._request.emit())))]
            self._outgoing.sent_first(len(first))
            message = replace(self._request, text=first)
            if self._known:
                return message  # as a reminder of what it has: another follows after as long a silence, if need be
        else:
            piece = self._outgoing.piece(min(PIECE, room - _TEXT_FIELDS))
            if piece is not None:
                message = Text(*piece)
        if message is not None and not self._ask.running:
            self._ask.start(now)
        return message

    def take(self, message: Message, now: float) -> None:
        if isinstance(message, (Accepted, Token, CommandReply, Done, Error)):
            self._silence.start(now)
        if isinstance(message, Accepted):
            self._accepted(message, now)
        elif isinstance(message, Token) and isinstance(self._request, Generate):
            self._has_request()
            self._piece(message.offset, message.text.encode(), now)
        elif isinstance(message, CommandReply) and isinstance(self._request, Command):
            self._has_request()
            self._piece(message.offset, message.data, now)
        elif isinstance(message, Done):
            self._has_request()
            self._done = message
            self._ask_for_gap()
            self._end_if_complete()
        elif isinstance(message, Error):
            self._error(message)

    def due(self) -> float | None:
        return earliest(self._ask.at, self._silence.at, self._resend.at, self._cancel.at, self._ack_at)

    def tick(self, now: float) -> None:
        if self._ask.expired(now):
            if self._known and not self._outgoing.blocked:
                self._outgoing.go_back()
            else:
                self._asked = False
        if self._silence.expired(now) and not self._ask.running:
            self._asked = False  # the runtime repeats only so often: what it said may have been lost for good
            self._outgoing.restart()
        if self._resend.expired(now):
            self._resend_now = True
        if self._cancel.expired(now):
            self._cancel_now = True
        if self._ack_at is not None and now >= self._ack_at:
            self._ack_now, self._ack_at = True, None

    def _has_request(self) -> None:
        """Whatever else the runtime says about a request acknowledges all of it."""
        self._known = self._ever_known = True
        self._outgoing.finish()
        self._ask.stop()

    def _accepted(self, message: Accepted, now: float) -> None:
        first = not self._known
        self._known = self._ever_known = True
        progress = self._outgoing.acknowledged(message.received, message.window)
        if self._outgoing.complete:
            self._ask.stop()
        elif self._ask.running and (progress or first):
            self._ask.start(now)
        else:
            self._ask.answered()

    def _piece(self, offset: int, data: bytes, now: float) -> None:
        had = self._incoming.received
        told = self._incoming.add(offset, data)
        if isinstance(self._request, Generate):
            self._tell_text(had, told)
        else:
            self._tell_commands(had, told)
        if told:
            if self._incoming.received < self._resend_until:
                self._resend.start(now)  # more of what was asked for is on its way
            else:
                self._resend.stop()
        self._ask_for_gap()
        if self._request.window:
            if not told or self._incoming.received - self._acked >= self._request.window // 2:
                self._ack_now = True
            elif self._ack_at is None:
                self._ack_at = now + ACK_DELAY
        self._end_if_complete()

    def _tell_text(self, had: int, told: list[tuple[bytes, bytes]]) -> None:
        if told:
            text = b"".join(new for _, new in told)
            self._events.append(Piece(self.ticket, had, text.decode("utf-8", "replace")))

    def _tell_commands(self, had: int, told: list[tuple[bytes, bytes]]) -> None:
        for command, new in told:
            if len(new) < len(command):
                # After a restart a runtime may answer otherwise: what begins within a command is not acted on.
                self.fail(ErrorCode.INTEGRITY, "the commands are not those of before the runtime's restart")
                return
            self._events.append(Commanded(self.ticket, had, command))
            had += len(command)

    def _gap_end(self) -> int:
        return self._incoming.missing_until(self._done.text_len if self._done else None)

    def _ask_for_gap(self) -> None:
        if self._gap_end() > self._incoming.received:
            self._resend_now = self._resend_now or not self._resend.running
        else:
            self._resend_now = False
            self._resend.stop()

    def _error(self, error: Error) -> None:
        if error.code is ErrorCode.UNKNOWN_ID and self._cancelled:
            self._end(self._done or self._cancelled_done())
        elif error.ends or not self._ever_known:  # the first word about a request tells whether its Generate was taken
            if error.ends:
                self.farewell = Ack(self._incoming.received, 0, ended=True)
            self.fail(error.code, error.message)

    def _end_if_complete(self) -> None:
        if self._done is not None and self._incoming.received >= self._done.text_len:
            self.farewell = Ack(self._incoming.received, 0, ended=True)
            self._end(self._done)

    def _end(self, done: Done) -> None:
        self.finish(Ended(self.ticket, done))

    def _cancelled_done(self) -> Done:
        """The end of a request that the runtime never had, or has no more."""
        return Done(Reason.CANCELLED, 0, 0, self._incoming.received, 0, 0, 0, 0, 0)

"""The timer that repeats a frame until it is answered. All times are seconds of one monotonic clock."""

from .frame import SMALL_FRAME

FIRST = 0.3  #: before the first repetition, on a fast line
LONGEST = 4.0  #: between two repetitions
REPETITIONS = 10  #: so many without any answer end it
_SLOW = 19_200  #: baud; below it, frames take so long that the first wait depends on them
_BITS = 2 * SMALL_FRAME * 10  #: of two small frames, with start and stop bits


def first_wait(baud: int | None) -> float:
    """How long to wait for an answer on a line of `baud` (None: as fast as memory) before sending again."""
    return FIRST if baud is None or baud >= _SLOW else FIRST + _BITS / baud


class Timer:
    """Says when to send again. The wait doubles each time, unless it is to stay `even`."""

    def __init__(self, first: float, even: bool = False) -> None:
        self.at: float | None = None  #: when it expires; None while it does not run
        self._first = first
        self._even = even
        self._wait = first
        self._repetitions = 0

    @property
    def running(self) -> bool:
        """Whether it is going to expire."""
        return self.at is not None

    @property
    def exhausted(self) -> bool:
        """Whether nothing was answered for so long that the session itself is in doubt."""
        return not self._even and self._repetitions > REPETITIONS

    def start(self, now: float) -> None:
        """Runs from the first wait again: the frame was sent for the first time, or an answer showed progress."""
        self._wait = self._first
        self._repetitions = 0
        self.at = now + self._wait

    def stop(self) -> None:
        """The answer is here."""
        self.at = None
        self._repetitions = 0

    def answered(self) -> None:
        """Something about the frame came, but no progress: go on as before."""
        self._repetitions = 0

    def expired(self, now: float) -> bool:
        """Whether it is time to send again; if so, the timer runs on."""
        if self.at is None or now < self.at:
            return False
        if not self._even:
            self._wait = min(2 * self._wait, LONGEST)
        self._repetitions += 1
        self.at = now + self._wait
        return True

"""The order in which a runtime's safety states follow each other."""

from .enums import SafetyState
from .messages import Safety

_ORDER = (SafetyState.STOPPED, SafetyState.DISARMED, SafetyState.ARMED)


def known(safety: Safety) -> bool:
    """Whether this package knows what the state means."""
    return safety.state in _ORDER


def earlier(safety: Safety, other: Safety) -> bool:
    """Whether `safety` was true before `other`: after a stop comes its Reset, then its Arm, then the next stop.

    So a frame that the line held back or repeated is told from news."""
    return (safety.stop, _ORDER.index(safety.state)) < (other.stop, _ORDER.index(other.state))

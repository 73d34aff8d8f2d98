"""Times in words and in seconds."""

from __future__ import annotations

from fractions import Fraction

from english.numbers import number
from qwark_nano.voice import Voice

SECONDS = "(seconds|seconds|seconds|seconds|second|secs|sec|s|sec.)"
MOMENTS = (
    ("a second", 1),
    ("a moment", 1),
    ("a sec", 1),
    ("one second", 1),
    ("one moment", 1),
    ("just a second", 1),
    ("just a moment", 1),
    ("a single second", 1),
    ("half a minute", 30),
    ("half a minute", 30),
    ("a minute", 60),
    ("one minute", 60),
    ("a full minute", 60),
    ("a quarter of a minute", 15),
    ("a quarter minute", 15),
    ("three quarters of a minute", 45),
    ("a couple of seconds", 2),
    ("a couple seconds", 2),
    ("a dozen seconds", 12),
    ("a third of a minute", 20),
    ("half a second", "0.5"),
    ("a half second", "0.5"),
    ("a half minute", 30),
    ("a second and a half", "1.5"),
    ("one and a half seconds", "1.5"),
    ("a second or so", 1),
    ("half a dozen seconds", 6),
    ("the half of a minute", 30),
    ("a tenth of a second", "0.1"),
    ("a whole minute", 60),
    ("1 minute", 60),
    ("1 min", 60),
    ("0.5 minutes", 30),
    ("half a sec", "0.5"),
    ("one sec", 1),
    ("a mo", 1),
    ("a tick", 1),
    ("just one second", 1),
    ("just a sec", 1),
    ("one short moment", 1),
    ("a short moment", 1),
    ("a brief moment", 1),
    ("a second, please", 1),
    ("a moment, please", 1),
    ("a fifth of a second", "0.2"),
    ("two tenths of a second", "0.2"),
    ("three tenths of a second", "0.3"),
    ("four tenths of a second", "0.4"),
    ("six tenths of a second", "0.6"),
    ("seven tenths of a second", "0.7"),
    ("eight tenths of a second", "0.8"),
    ("nine tenths of a second", "0.9"),
    ("half of a second", "0.5"),
    ("one half second", "0.5"),
    ("1/2 second", "0.5"),
    ("2 1/2 seconds", "2.5"),
    ("two seconds and a half", "2.5"),
    ("three and a half seconds", "3.5"),
    ("five seconds and a half", "5.5"),
    ("one second and a half", "1.5"),
    ("one whole minute", 60),
    ("one entire minute", 60),
    ("a minute exactly", 60),
    ("60 s", 60),
    ("sixty seconds", 60),
    ("two thirds of a minute", 40),
    ("half of a minute", 30),
    ("1/2 minute", 30),
    ("1/2 a minute", 30),
    ("zero seconds", 0),
    ("0 seconds", 0),
    ("0 s", 0),
    ("a pair of seconds", 2),
)
TOO_LONG = (
    "an hour",
    "half an hour",
    "a day",
    "a minute and a half",
    "one and a half minutes",
    "a quarter of an hour",
    "a week",
    "two hours",
    "an hour and a half",
    "a couple of minutes",
    "a minute and ten seconds",
    "one minute thirty",
    "a minute and thirty seconds",
    "1 minute 30 seconds",
    "a minute and one second",
    "two and a half minutes",
    "three quarters of an hour",
    "1 minute and 5 seconds",
    "an entire hour",
    "a month",
    "a year",
    "1.5 minutes",
    "a whole day",
    "a dozen minutes",
    "one hour",
    "1 hour",
    "ten hours",
    "a couple of hours",
    "three days",
    "sixty-one seconds",
    "61 s",
    "61 seconds",
    "sixty one seconds",
    "60.1 seconds",
    "61 secs",
    "75 seconds",
    "ninety seconds",
    "a hundred seconds",
    "one hundred twenty seconds",
    "a minute and 1 second",
    "one minute and one second",
    "1 min 1 s",
    "1 min 30",
    "a minute thirty",
    "one minute fifteen",
    "a good two minutes",
    "two whole minutes",
    "a minute or two, say two minutes",
    "the whole night",
    "all night",
    "a fortnight",
    "one and a quarter minutes",
    "one minute and a half",
    "a thousand seconds",
    "3 hrs",
    "five mins",
    "a century",
)
MINUTES = (
    Fraction(1, 4),
    Fraction(1, 2),
    Fraction(3, 4),
    Fraction(1, 10),
    Fraction(1, 5),
    Fraction(3, 10),
    Fraction(2, 5),
    Fraction(3, 5),
    Fraction(4, 5),
    Fraction(9, 10),
    Fraction(1),
)


def duration(voice: Voice) -> tuple[str, Fraction]:
    """A time of at most a minute, in words and in seconds."""
    kind = voice.rng.random()
    if kind < 0.33:
        moment, length = voice.rng.choice(MOMENTS)
        return moment, Fraction(length)
    if kind < 0.38:
        milliseconds = voice.rng.choice((voice.rng.randint(1, 30) * 100, voice.rng.randint(1, 20) * 500, voice.rng.randint(1, 9999)))
        return f"{number(Fraction(milliseconds), voice)} {voice.fill('(milliseconds|ms|milliseconds|millis|msec)')}", Fraction(
            milliseconds, 1000
        )
    if kind < 0.42:
        minutes = voice.rng.choice(MINUTES)
        said = number(minutes, voice)
        one = minutes == 1 or (minutes < 1 and voice.chance(0.2))
        return f"{said} {'minute' if one else voice.fill('(minutes|minutes|min|mins|of a minute)')}", minutes * 60
    if kind < 0.7:
        seconds = Fraction(voice.rng.choice((2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 12, 15, 20, 30, 45)))
    elif kind < 0.85:
        seconds = Fraction(voice.rng.randint(1, 60))
    elif kind < 0.96:
        seconds = Fraction(voice.rng.randint(1, voice.rng.choice((99, 600))), 10)
    else:
        seconds = Fraction(voice.rng.randint(1, 5999), 100)
    return _seconds(seconds, voice), seconds


def _seconds(seconds: Fraction, voice: Voice) -> str:
    said = number(seconds, voice)
    if seconds > 1 and voice.chance(0.03):
        return said
    if seconds == 1:
        return f"{said} second"
    if said[-1].isdigit() and voice.chance(0.2):
        return said + ("" if voice.chance(0.6) else " ") + voice.fill("(s|s|sec|secs)")
    return f"{said} {voice.fill(SECONDS)}"


def too_long(voice: Voice) -> tuple[str, Fraction]:
    """A time of more than a minute; in place of its seconds there is 0."""
    kind = voice.rng.random()
    if kind < 0.35:
        return voice.rng.choice(TOO_LONG), Fraction(0)
    if kind < 0.7:
        tenths = voice.rng.choice(
            (voice.rng.randint(61, 70) * 10, voice.rng.randint(61, 200) * 10, voice.rng.randint(601, 700), voice.rng.randint(7, 100) * 100)
        )
        return _seconds(Fraction(tenths, 10), voice), Fraction(0)
    said = number(Fraction(voice.rng.choice((2, 2, 3, 4, 5, 5, 6, 10, 10, 15, 20, 30, 45, 90, voice.rng.randint(2, 60)))), voice)
    return f"{said} {voice.fill('(minutes|minutes|minutes|min|mins|hours|days)')}", Fraction(0)

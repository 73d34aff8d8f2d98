"""What goes wrong with English on its way into a text."""

from __future__ import annotations

from random import Random

from qwark_nano.voice import Choices, words

from .numbers import NUMBER_WORDS

# What a speech recogniser hears in place of a word.
HEARD = {
    "two": ("too", "to"),
    "to": ("too", "two"),
    "too": ("to", "two"),
    "four": ("for", "fore"),
    "for": ("four",),
    "one": ("won",),
    "eight": ("ate",),
    "ten": ("tin", "tan"),
    "right": ("write", "rite"),
    "red": ("read",),
    "blue": ("blew",),
    "white": ("wight",),
    "green": ("grean",),
    "where": ("wear", "were"),
    "are": ("our", "r"),
    "wait": ("weight", "wade"),
    "by": ("buy", "bye"),
    "pause": ("paws", "pores"),
    "pose": ("poles", "pours"),
    "feet": ("feat",),
    "foot": ("put",),
    "meter": ("meeter",),
    "meters": ("meeters",),
    "metre": ("meter",),
    "metres": ("meters",),
    "turn": ("tern", "torn"),
    "light": ("lite",),
    "see": ("sea",),
    "your": ("you're", "you are"),
    "you're": ("your",),
    "there": ("their", "they're"),
    "then": ("than", "den"),
    "and": ("an", "in"),
    "know": ("no",),
    "halt": ("hault", "hold"),
    "dock": ("doc", "duck"),
    "door": ("dor", "store"),
    "sofa": ("so far", "soffa"),
    "would": ("wood",),
    "close": ("clothes", "cloze"),
    "back": ("bag",),
    "arm": ("harm", "alarm"),
    "gripper": ("grip her", "ripper", "gripa"),
    "grab": ("crab",),
    "down": ("town",),
    "ahead": ("a head",),
    "forward": ("four word", "foreword", "forwards"),
    "degrees": ("the grease", "degree's"),
    "inches": ("inch is",),
    "seconds": ("second",),
    "off": ("of",),
    "hear": ("here",),
    "here": ("hear",),
    "whole": ("hole",),
    "half": ("have", "halve"),
    "seven": ("7even",),
    "six": ("sicks",),
    "nine": ("nein",),
    "raise": ("race", "rays"),
    "lower": ("lour",),
    "tilt": ("till", "tilled"),
    "pan": ("pen",),
    "whoa": ("woah", "wo"),
    "rover": ("over", "rove her"),
    "centimeters": ("cent meters", "centi meters"),
    "a": ("uh", "the"),
    "the": ("a", "da"),
    "battery": ("batter e", "batteries"),
}
# What people misspell.
MISSPELT = {
    "forward": ("foward", "forword", "forwad", "fwd", "forwrad"),
    "forwards": ("fowards", "forwords"),
    "backwards": ("backwords", "bakwards"),
    "backward": ("bacward", "backword"),
    "straight": ("strait", "straigt", "stright"),
    "ahead": ("ahed", "a head"),
    "reverse": ("revers", "reverce"),
    "centimetres": ("centimeteres", "centimters", "centimetrs"),
    "centimeters": ("centimers", "centemeters"),
    "metres": ("metters", "meteres"),
    "meters": ("meeters", "metters"),
    "millimetres": ("milimetres",),
    "millimeters": ("milimeters",),
    "degrees": ("degress", "degres", "degrese"),
    "left": ("lft", "leff"),
    "right": ("rigth", "rigt", "rite"),
    "kitchen": ("kichen", "kitchin", "kithcen"),
    "window": ("windo", "windw"),
    "table": ("tabel", "tabble"),
    "sofa": ("soffa", "sopha"),
    "gripper": ("griper", "grippr", "gripprer"),
    "release": ("relase", "realease"),
    "light": ("lite", "lihgt", "ligth"),
    "yellow": ("yelow", "yello"),
    "green": ("gren", "greeen"),
    "white": ("whit", "wite"),
    "please": ("plese", "pleas", "pls", "plz"),
    "temperature": ("temprature", "temperture", "temp"),
    "battery": ("batery", "battry", "batttery"),
    "position": ("postion", "posision"),
    "seconds": ("secnds", "secounds", "seconnds"),
    "second": ("secnd", "secound"),
    "minute": ("minuet", "minut"),
    "slowly": ("slowley", "slowy", "slow"),
    "carefully": ("carefuly", "carfully"),
    "quickly": ("quickley", "quikly"),
    "gently": ("gentley", "gentily"),
    "rotate": ("rotat", "roatate"),
    "forty": ("fourty",),
    "ninety": ("ninty",),
    "eight": ("eigth",),
    "fifteen": ("fiveteen",),
    "twelve": ("twelv",),
    "you": ("u",),
    "your": ("ur", "youre"),
    "are": ("r",),
    "and": ("an", "nd", "&"),
    "to": ("ot", "t"),
    "quarter": ("quater",),
    "gripper's": ("grippers",),
    "the": ("teh", "th", "da"),
    "then": ("tehn", "thn"),
    "tell": ("tel",),
    "what's": ("whats", "wats"),
    "off": ("of", "off"),
    "of": ("off", "o"),
    "stop": ("stpo", "stopp", "sotp"),
    "would": ("wuld",),
    "could": ("coud", "cud"),
    "before": ("befor", "b4"),
    "because": ("becuase", "cuz"),
}
FILLERS = Choices(
    "um uh uhm er erm uhh umm hmm ah eh like so well okay ok now just basically actually kinda yeah".split()
    + [
        "please",
        "please",
        "you know",
        "let's see",
        "let me think",
        "i guess",
        "i think",
        "i mean like",
        "sort of",
        "kind of",
        "um like",
        "uh well",
    ],
)
MARKS = words("! !! !!! ... .. .. !? :) :-) ;) ~ 🙂 🤖 👍 🙏 , -", keep=False)
# Kept apart from a number before or behind them: "two for" is not "two four".
NUMERIC_HEARD = NUMBER_WORDS | frozenset("to too for won ate point".split())


def heard(text: str, rng: Random, share: float) -> str:
    """`text` with some words as a speech recogniser takes them, though none beside a number or a word that could be one."""
    parts = text.split(" ")
    for i, part in enumerate(parts):
        others = HEARD.get(part.lower())
        if others is None or rng.random() >= share:
            continue
        beside = [p.lower() for p in parts[max(0, i - 1) : i + 2] if p is not part]
        if part.lower() in NUMERIC_HEARD and any(p in NUMERIC_HEARD or p[:1].isdigit() for p in beside):
            continue
        parts[i] = rng.choice(others)
    return " ".join(parts)

"""Making untrusted text safe to show, and putting numbers into words.

Drafts, verdicts, titles and names come from models and users: whatever reaches a terminal or a page goes through
`clean` first (rule 19).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["and_list", "clean", "clip", "dollars", "duration", "few", "one_line", "plural", "thousands"]

_ESCAPES: Final = re.compile(
    r"""
    (?: \x1b\[ | \x9b ) [0-?]* [ -/]* [@-~]                       # CSI: colours, cursor movement
    | (?: \x1b\] | \x9d ) [^\x07\x1b\x9c\n]* (?: \x07 | \x1b\\ | \x9c )   # OSC: titles, links, the clipboard
    | (?: \x1b[PX^_] | [\x90\x98\x9e\x9f] ) [^\x1b\x9c\n]* (?: \x1b\\ | \x9c )  # DCS, SOS, PM, APC
    | \x1b [ -/]* [0-~]                                           # the short ones
    """,
    re.VERBOSE,
)
_CONTROLS: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without \t and \n, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of the text around it
    "\u2028\u2029\ufff9-\ufffb\U000e0000-\U000e007f"  # separators, annotations and tags that nobody sees
    "]"
)
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MINUTE = 60
_TEN_SECONDS = 10


def clean(text: str) -> str:
    """The text without anything that moves a cursor, sets a colour or turns the reading direction.

    Whole escape sequences go, not only their first byte; line breaks and tabs stay; a carriage return becomes a line
    break; half a surrogate pair, which nothing can print, becomes U+FFFD.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _LONE_SURROGATE.sub("\ufffd", _CONTROLS.sub("", _ESCAPES.sub("", text)))


def one_line(text: str, limit: int = 300) -> str:
    """The text, cleaned, on one line of at most ``limit`` characters."""
    return clip(" ".join(clean(text[: 20 * limit]).split()), limit)


def clip(text: str, limit: int) -> str:
    """The text, with an ellipsis in place of what exceeds ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def plural(number: int, noun: str) -> str:
    """``1 pass``, ``2 passes``."""
    if number == 1:
        return f"1 {noun}"
    ending = "es" if noun.endswith(("s", "x", "ch", "sh")) else "s"
    if noun == "criterion":
        noun, ending = "criteria", ""
    return f"{thousands(number)} {noun}{ending}"


def and_list(items: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *head, last = list(items) or [""]
    return f"{', '.join(head)} and {last}" if head else last


def few(items: Sequence[str], most: int = 4) -> str:
    """``a, b and c``, or the first of many and how many more there are."""
    return and_list(items) if len(items) <= most else f"{', '.join(items[: most - 1])} and {len(items) - most + 1} more"


def thousands(number: int) -> str:
    """``12,345``."""
    return f"{number:,}"


def dollars(money: float) -> str:
    """``$0``, ``$0.0042``, ``$0.50`` or ``$1.20``: hundredths of a cent below a dollar, where they are not 0."""
    if not money:
        return "$0"
    if money >= 1:
        return f"${money:.2f}"
    cents = f"{money:.4f}"
    return f"${cents[:-2]}{cents[-2:].rstrip('0')}"


def duration(seconds: float) -> str:
    """``4.2 s``, ``38 s``, ``2 min 05 s`` or ``1 h 03 min``."""
    if seconds < _TEN_SECONDS:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    minutes, rest = divmod(whole, _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours} h {minutes:02d} min"

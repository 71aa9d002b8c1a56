"""Numbers in sentences: in digits or in words."""

import re
from typing import Final

__all__ = ["NUMBER", "number"]

_ONES: Final = {
    word: value
    for value, words in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
    for word in words.split()
}
_TENS: Final = {
    word: 10 * n
    for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_WHOLE: Final = {"a single": 1, "single": 1, "a dozen": 12, "a couple of": 2, "a hundred": 100, "a thousand": 1000}

_SMALL: Final = "|".join(sorted((*_ONES, *_TENS), key=len, reverse=True))
_TEENS: Final = "|".join(sorted(_ONES, key=len, reverse=True))

NUMBER: Final = (
    rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d+|(?:(?:{_TEENS})[ -](?:hundred|thousand))|"
    rf"(?:(?:{'|'.join(_TENS)})[ -](?:{_TEENS}))|{'|'.join(_WHOLE)}|{_SMALL})"
)
"""A pattern for a whole number, in small letters."""


def number(text: str) -> int:
    """The value of what `NUMBER` matched."""
    text = text.lower()
    if re.fullmatch(r"[\d,]+", text):
        return int(text.replace(",", ""))
    if text in _WHOLE:
        return _WHOLE[text]
    *head, last = re.split(r"[ -]", text)
    if last in {"hundred", "thousand"}:
        return _ONES[head[0]] * {"hundred": 100, "thousand": 1000}[last]
    return sum(_TENS.get(part, _ONES.get(part, 0)) for part in (*head, last))

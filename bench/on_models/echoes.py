"""How much of a text is nothing but the prompt handed back.

A requirement that is quoted often meets itself: a text that says "has a title such as <<title>>" has one. IFEval's
verdict on such a text is a pass, and no reader's would be.
"""

import re
from typing import Final

__all__ = ["ECHO", "echoed"]

ECHO: Final = 0.5
"""A text of which so much is the prompt's is no answer."""
_RUN: Final = 4


def echoed(text: str, prompt: str) -> float:
    """The share of a text's words that stand in a run of four words that the prompt has, too; 0 for an empty text."""
    words, asked = _words(text), _words(prompt)
    length = min(_RUN, len(words))
    if not length:
        return 0.0
    known = {tuple(asked[at : at + length]) for at in range(len(asked) - length + 1)}
    found: set[int] = set()
    for at in range(len(words) - length + 1):
        if tuple(words[at : at + length]) in known:
            found.update(range(at, at + length))
    return len(found) / len(words)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())

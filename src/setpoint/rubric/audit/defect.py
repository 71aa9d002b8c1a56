"""One planted defect, and the proof that it is one."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Defect", "Proof"]

Proof: TypeAlias = Literal["code", "model", ""]
"""Who has shown that the changed text misses the criterion; empty while nobody has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A good draft with one fault.

    Args:
        criterion: the criterion that it is to miss.
        kind: what was done, in a few words: "left out", "wrong figure".
        draft: the good draft it was made from, counted from 1.
        text: the whole text with the fault.
        by: ``code``, or the model that planted it.
        proof: who confirmed it.
    """

    criterion: str
    kind: str
    draft: int
    text: str
    by: str = "code"
    proof: Proof = ""

"""Control tokens of chat templates inside of ordinary text.

A draft that holds ``<|im_start|>system`` could speak in another role, because a tokenizer reads that as its own
control token. A joiner, which nobody sees, is put inside such a token on the way to an embedded model and taken out of
the reply again, so that no draft ever carries one. (The library for models over HTTP does the same by itself.)
"""

import re

__all__ = ["break_controls", "restore_controls"]

_JOINER = "\u200d"
_TAILS = r"\|[^\s<>|\u200d]+\|>|/?s>|(?:bos|eos|pad|unk)>|(?:start|end)_of_turn>|/?INST\]|/?SYSTEM_PROMPT\]"
_WHOLE = re.compile(rf"[<\[](?={_TAILS})")
_BROKEN = re.compile(rf"(?<=[<\[]){_JOINER}(?={_TAILS})")


def break_controls(text: str) -> str:
    """The text with a joiner inside each control token."""
    return _WHOLE.sub(lambda found: found[0] + _JOINER, text)


def restore_controls(text: str) -> str:
    """The text without the joiners that `break_controls` put in, wherever a model copied them."""
    return _BROKEN.sub("", text)

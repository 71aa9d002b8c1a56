"""Control tokens in text: broken on the way in, whole again on the way out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.models.controls import break_controls, restore_controls

TOKENS = ["<|im_start|>", "<|im_end|>", "<|eot_id|>", "<start_of_turn>", "</s>", "[INST]", "[/INST]", "<bos>"]


@given(st.lists(st.sampled_from([*TOKENS, "<", "|", ">", "[", "a b", "<b>", "\n"])).map("".join))
def test_whatever_is_broken_is_restored_exactly(text: str) -> None:
    """For any mixture of tokens and near-tokens, no token survives and nothing is lost."""
    broken = break_controls(text)
    assert not any(token in broken for token in TOKENS)
    assert restore_controls(broken) == text


@pytest.mark.parametrize("text", ["a < b", "<b>bold</b>", "[link](x)", "x <| y", "if a <|> b"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    """The model sees what was written."""
    assert break_controls(text) == text


def test_a_joiner_of_the_writer_stays() -> None:
    """Only joiners inside control tokens are ours; families of emoji are held together by others."""
    family = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    assert restore_controls(family) == family
    assert len(re.findall("\N{ZERO WIDTH JOINER}", break_controls(family))) == 1

"""Edits as authors send them: one place in the reply for each fault, found where the fault is."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.core.draft import Edit, anchored, apply_edits, widened
from setpoint.core.excerpt import sight, whole
from setpoint.core.fault import Fault
from setpoint.core.spec import CheckCall, Criterion
from setpoint.roles.edits import edit_schema, edits_in, example, said_again
from setpoint.roles.reply import Unreadable

FILLING = "nothing to see " * 30
TEXT = f"# Report\n\nThe 11 boats lie there. {FILLING}\n\nIn all 11 boats were lost. {FILLING}\n\n- one\n- two\n"


def fault(name: str, *lines: int, check: str = "excludes") -> Fault:
    """A fault of a check."""
    criterion = Criterion(name=name, says="It is so.", check=CheckCall(name=check))
    return Fault(criterion=criterion, reason="r", directive="d", lines=lines)


NUMBERS, PHRASE = fault("numbers", 5), fault("phrase", check="contains")


def applied(edits: dict[str, Any] | list[Any], *faults: Fault) -> str:
    """The text after a reply with these edits, all of which apply."""
    patched = apply_edits(TEXT, edits_in({"edits": edits}, TEXT, faults, whole(TEXT)).edits)
    assert patched.misses == ()
    return patched.text


def test_the_schema_holds_a_place_open_for_each_fault() -> None:
    """A small model that is asked for a list of edits sends one and stops."""
    faults = [NUMBERS, PHRASE]
    shown = sight(TEXT, faults, kind="markdown", long_words=10)
    schema: Any = edit_schema(faults, shown, TEXT, ())
    places = schema["properties"]["edits"]
    assert places["required"] == ["numbers", "phrase"]
    assert places["properties"]["numbers"]["items"]["required"] == ["search", "replace"]
    after = places["properties"]["phrase"]["items"]["properties"]["after"]
    assert (after["minimum"], after["maximum"]) == (1, len(TEXT.splitlines()))
    assert example(faults, shown, [NUMBERS.criterion]) == (
        '{"edits": {"numbers": [{"search": "…", "replace": "…"}], "phrase": [{"after": 1, "add": "…"}]}, '
        '"checks": {"numbers": "…"}}'
    )


def test_words_that_stand_twice_are_taken_where_the_fault_is() -> None:
    """A verdict names its line, so the author need not quote around it."""
    text = applied({"numbers": [{"search": "11", "replace": "9"}]}, NUMBERS)
    assert "The 11 boats" in text
    assert "In all 9 boats" in text


def test_words_that_stand_twice_where_the_fault_is_stay_a_miss() -> None:
    """Nothing is guessed."""
    both = replace(NUMBERS, lines=(3, 5))
    said = {"numbers": [{"search": "11", "replace": "9"}]}
    patched = apply_edits(TEXT, edits_in({"edits": said}, TEXT, [both], whole(TEXT)).edits)
    assert patched.text == TEXT
    assert "stands 2 times" in patched.misses[0]


@pytest.mark.parametrize(
    ("after", "add", "there"),
    [
        (1, "A sentence.", "# Report\n\nA sentence.\n\nThe 11 boats"),
        (2, "A sentence.", "# Report\n\nA sentence.\n\nThe 11 boats"),  # the empty line after it
        (5, "[5] A sentence.", "nothing to see \n\nA sentence.\n\n- one"),
        (7, "- three", "- one\n- two\n- three\n"),
        (8, "After the list.", "- one\n- two\n\nAfter the list.\n"),
    ],
)
def test_an_addition_stands_after_its_passage(after: int, add: str, there: str) -> None:
    """A passage of its own, or one more item of a list; the number of the prompt is no part of it."""
    assert there in applied({"phrase": [{"after": after, "add": add}]}, PHRASE)


def test_an_addition_applies_though_an_edit_changed_the_passage_before_it() -> None:
    """Additions come last, and are found by the last words of the passage."""
    text = applied(
        {"phrase": [{"after": 5, "add": "There are 11 more."}], "numbers": [{"search": "In all 11", "replace": "9"}]},
        NUMBERS,
        PHRASE,
    )
    assert "9 boats were lost" in text
    assert "There are 11 more." in text


def test_an_addition_after_a_line_that_is_not_there_is_a_miss() -> None:
    """The reason names the line."""
    said = {"phrase": [{"after": 99, "add": "x"}]}
    patched = apply_edits(TEXT, edits_in({"edits": said}, TEXT, [PHRASE], whole(TEXT)).edits)
    assert "line 99" in patched.misses[0]


@pytest.mark.parametrize(
    "edits",
    [
        [{"search": "In all 11", "replace": "In all 9"}],
        {"numbers": {"search": "In all 11", "replace": "In all 9"}},
        {"other-name": [{"search": "In all 11", "replace": "In all 9"}]},
    ],
)
def test_other_forms_of_the_same_edits_are_read(edits: dict[str, Any] | list[Any]) -> None:
    """Models that take no schema send a plain list, one edit without its list, or a name of their own."""
    assert "In all 9 boats" in applied(edits, NUMBERS)


@pytest.mark.parametrize(
    "edits", ["none", {"numbers": [{"find": "a"}]}, {"numbers": ["a"]}, [{"after": "1", "add": "x"}]]
)
def test_what_is_no_edit_is_unreadable(edits: object) -> None:
    """Half an edit is not guessed at."""
    with pytest.raises(Unreadable):
        edits_in({"edits": edits}, TEXT, [NUMBERS], whole(TEXT))


def test_edits_that_missed_are_shown_again_under_the_names_they_were_sent_for() -> None:
    """The author is asked in the form in which it answered."""
    assert (
        said_again([Edit(search="a", replace="b", about="c")]) == '{"edits": {"c": [{"search": "a", "replace": "b"}]}}'
    )
    assert said_again([Edit(search="a", replace="b")]) == '{"edits": [{"search": "a", "replace": "b"}]}'


def test_a_deletion_leaves_one_space() -> None:
    """Two words that are cut from a sentence leave no hole."""
    assert apply_edits("The deadly mite.", (Edit(search="deadly", replace=""),)).text == "The mite."


def test_a_passage_is_widened_only_as_far_as_makes_it_the_only_one() -> None:
    """Other edits nearby must still apply."""
    edit = widened("a 11 b\nc 11 d", Edit(search="11", replace="9"), [(2, 2)])
    assert apply_edits("a 11 b\nc 11 d", (edit,)).text == "a 11 b\nc 9 d"
    assert len(edit.search) < len("c 11 d")


def test_the_number_of_a_passage_is_no_part_of_it() -> None:
    """Where passages are numbered, authors copy the number with the words."""
    assert "It was 9 boats" in applied({"numbers": [{"search": "[5] In all 11", "replace": "[5] It was 9"}]}, NUMBERS)


def test_an_author_that_mixed_up_what_stands_there_and_what_is_to_stand_is_told_so() -> None:
    """A small author sends the new words as "search"; asked for once more, it can know."""
    patched = apply_edits("Ask [name].", (Edit(search="Ragna", replace="[name]"),))
    assert "'[name]' does, and so belongs in \"search\"" in patched.misses[0]


def test_what_was_copied_from_the_form_gets_nowhere() -> None:
    """A small model sent "…" as its sentence, and it stood in the text from then on."""
    blank: list[dict[str, object]] = [{"after": 1, "add": "…"}]
    said = {"phrase": blank, "numbers": [{"search": "…", "replace": "…x"}]}
    assert edits_in({"edits": said}, TEXT, [PHRASE], whole(TEXT)) == ((), ())
    assert "# Report\n\nA lift.\n\nThe 11" in applied({"phrase": [{"after": 1, "add": "… A lift."}]}, PHRASE)


WORDS = st.sampled_from(
    ["11", "boats", "The 11 boats", "…", "", " ", "- one", "\n", "[5] x", "nothing to see", "\u2028", "a\x00"]
)
ITEM = st.one_of(
    st.fixed_dictionaries({"search": WORDS, "replace": WORDS}),
    st.fixed_dictionaries({"after": st.integers(-3, 20), "add": WORDS}),
)


@given(edits=st.dictionaries(st.sampled_from(["numbers", "phrase", "else"]), st.lists(ITEM, max_size=4)))
def test_whatever_edits_are_sent_the_text_is_patched_or_stays(edits: dict[str, list[dict[str, object]]]) -> None:
    """Every edit applies or is named as a miss, and nothing raises."""
    found = edits_in({"edits": edits}, TEXT, [NUMBERS, PHRASE], whole(TEXT)).edits
    patched = apply_edits(TEXT, found)
    assert patched.applied + len(patched.misses) == len(found)
    assert patched.helped <= {"numbers", "phrase", "else"}
    if not patched.applied:
        assert patched.text == TEXT


@given(text=st.text(alphabet="ab \n", max_size=60), data=st.data())
def test_an_anchored_edit_changes_its_span_and_nothing_else(text: str, data: st.DataObject) -> None:
    """However often the same words stand in the text."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    edit = anchored(text, (start, end), "X")
    if text[start:end].strip():
        assert apply_edits(text, (edit,)).text == text[:start] + "X" + text[end:]

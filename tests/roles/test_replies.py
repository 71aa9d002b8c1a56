"""Replies as models really send them: read correctly or a typed failure, never a pass by accident (rule 6)."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.core.action import Judge, Revise, Write
from setpoint.core.event import Drafted, Judged, Measured, Misjudged, MoveFailed, PatchMissed
from setpoint.core.fault import Verdict
from setpoint.core.record import Pass
from setpoint.core.spec import Criterion, Spec
from setpoint.core.state import State
from setpoint.ledgers import MemoryLedger
from setpoint.ports import Reply
from setpoint.roles import ModelAuthor, ModelCritic
from setpoint.run import Run
from setpoint.testing import ScriptedModel
from worlds import opened

ONE = Spec(brief="b", criteria=(Criterion(name="warm", says="Is warm."),))
TWO = Spec(brief="b", criteria=(Criterion(name="warm", says="Is warm."), Criterion(name="short", says="Is short.")))


async def state_with(spec: Spec, text: str = "line one\nline two") -> State:
    """A run with one draft."""
    run = await Run.open("r", opened(spec, given=text), MemoryLedger())
    await run.record(Measured(draft=1, verdicts=()))
    return run.state


async def judge(said: str | Reply, spec: Spec = ONE) -> Judged | Misjudged:
    """What becomes of a critic's reply."""
    critic = ModelCritic(ScriptedModel([said]))
    names = tuple(spec.names())
    return await critic.perform(1, Judge(draft=1, criteria=names, purpose="first"), await state_with(spec))


def reading(verdict: str = "pass", lines: object = (1,), finding: str = "It is.", do: str = "") -> dict[str, object]:
    """One reading in the form that is asked for."""
    return {
        "lines": list(lines) if isinstance(lines, tuple) else lines,
        "finding": finding,
        "verdict": verdict,
        "do": do,
    }


def reply(**readings: object) -> str:
    """A whole reply in the form that is asked for."""
    return json.dumps({"readings": readings, "other": []})


GOOD = reply(warm=reading())


@pytest.mark.parametrize(
    "said",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here is my reading:\n```\n{GOOD}\n```\nThat is all.",
        f"Sure! {GOOD} I hope this helps.",
        "\ufeff" + GOOD,
        json.dumps(json.loads(GOOD), indent=4),
        reply(warm=reading("PASS ")),
    ],
)
async def test_wrapping_around_one_object_does_no_harm(said: str) -> None:
    """Fences, prose and white space are not the critic's verdict (peers: a fenced reply counted as no failure)."""
    event = await judge(said)
    assert isinstance(event, Judged)
    assert [v.status for v in event.verdicts] == ["pass"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("The draft does NOT PASS.", "unparsable"),
        ("PASS", "unparsable"),
        ("", "unparsable"),
        ("   \n", "unparsable"),
        (reply(warm=reading("does NOT PASS")), "unparsable"),
        (reply(warm=reading("passed with reservations")), "unparsable"),
        (reply(warm="pass"), "unparsable"),
        (reply(warm={"finding": "fine"}), "unparsable"),
        (json.dumps({"readings": {}}), "unparsable"),
        (json.dumps([reading()]), "unparsable"),
        (json.dumps({"verdict": "pass"}), "unparsable"),
        (reply(), "unparsable"),
        (reply(warm=reading(), tone=reading()), "invented"),
        (reply(tone=reading()), "invented"),
        (GOOD[:-20], "unparsable"),
        (GOOD + reply(warm=reading("fail", do="cut line 1 now")), "contradictory"),
        (
            '{"readings": {"warm": ' + json.dumps(reading()) + ', "warm": ' + json.dumps(reading("fail")) + "}}",
            "contradictory",
        ),
        (Reply(text=GOOD, finish="length"), "truncated"),
        (Reply(text=GOOD, finish="refusal"), "refused"),
        ("I'm sorry, but I cannot help with that.", "refused"),
        ("{" * 5000, "unparsable"),
        ('{"a":' * 3000, "unparsable"),
    ],
)
async def test_a_reply_that_cannot_be_read_is_never_a_pass(said: str | Reply, why: str) -> None:
    """Prose, half an object, the wrong criteria or two answers say nothing about the draft."""
    event = await judge(said)
    assert isinstance(event, Misjudged)
    assert event.why == why


async def test_a_skipped_criterion_makes_the_whole_reply_unusable() -> None:
    """A critic that leaves a criterion out has not passed it."""
    event = await judge(reply(warm=reading()), TWO)
    assert isinstance(event, Misjudged)
    assert (event.why, "short" in event.detail) == ("skipped", True)


@pytest.mark.parametrize("lines", [(3,), (0,), (1, 99), (-1,)])
async def test_a_pass_on_lines_that_are_not_there_is_no_pass(lines: tuple[int, ...]) -> None:
    """Invented evidence: unusable among others, and not assessable when asked alone."""
    alone = await judge(reply(warm=reading(lines=lines)))
    assert isinstance(alone, Judged)
    assert [v.status for v in alone.verdicts] == ["cannot_assess"]
    among = await judge(reply(warm=reading(lines=lines), short=reading()), TWO)
    assert isinstance(among, Misjudged)
    assert among.why == "bad_lines"


async def test_a_failure_on_lines_that_are_not_there_stays_a_failure() -> None:
    """A wrong place does not make a fault disappear; the place does."""
    event = await judge(reply(warm=reading("fail", lines=(7,), do="add a greeting to Ms Adeyemi")))
    assert isinstance(event, Judged)
    assert [(v.status, v.lines) for v in event.verdicts] == [("fail", ())]


@pytest.mark.parametrize(
    "finding", ["It does not meet the criterion.", "The text fails to mention warmth.", "does NOT PASS"]
)
async def test_a_pass_that_its_own_finding_denies_is_no_pass(finding: str) -> None:
    """A verdict at odds with its reason is asked again (peers: weitzer-org/sound-profile-builder#68)."""
    alone = await judge(reply(warm=reading(finding=finding)))
    assert isinstance(alone, Judged)
    assert [v.status for v in alone.verdicts] == ["cannot_assess"]
    among = await judge(reply(warm=reading(finding=finding), short=reading()), TWO)
    assert isinstance(among, Misjudged)
    assert among.why == "contradictory"


async def test_an_absence_that_the_criterion_wants_is_no_contradiction() -> None:
    """A pass of "Contains no commas." because "the draft does not contain any commas" is a pass."""
    spec = Spec(brief="b", criteria=(Criterion(name="warm", says="Contains no commas."),))
    absent = await judge(reply(warm=reading(finding="The draft does not contain any commas.")), spec)
    assert isinstance(absent, Judged)
    assert [v.status for v in absent.verdicts] == ["pass"]
    denied = await judge(reply(warm=reading(finding="It does not meet the criterion.")), spec)
    assert isinstance(denied, Judged)
    assert [v.status for v in denied.verdicts] == ["cannot_assess"]


async def test_wishes_are_kept_apart_from_verdicts() -> None:
    """What no criterion demands goes to the parking lot."""
    said = json.dumps({"readings": {"warm": reading()}, "other": ["a picture", 7, " "]})
    event = await judge(said)
    assert isinstance(event, Judged)
    assert event.wishes == ("a picture",)


@given(st.text(max_size=300))
def test_no_text_at_all_reads_as_a_pass_unless_it_says_so_in_form(text: str) -> None:
    """Whatever a critic writes, only the form that was asked for can pass a criterion."""
    import anyio

    event = anyio.run(judge, text)
    if isinstance(event, Judged):
        assert '"verdict"' in text


async def test_the_critic_sees_spec_and_draft_and_nothing_of_the_author() -> None:
    """A fresh context: no earlier critique, no author prompt, no history (rule 4)."""
    state = await state_with(ONE)
    prompt = ModelCritic(ScriptedModel([])).prompt(1, Judge(draft=1, criteria=("warm",), purpose="fresh"), state)
    assert "  1 line one" in prompt.user
    assert "author" not in prompt.user.lower()
    assert "You are the author" not in prompt.system
    bounds = json.dumps(prompt.schema)
    assert '"maximum": 2' in bounds


async def test_the_author_never_sees_the_critics_prompt() -> None:
    """The author knows the criteria, not how it is judged (rule 19)."""
    state = await state_with(ONE)
    action = Revise(move="rewrite", base=1, targets=("warm",))
    prompt = ModelAuthor(ScriptedModel([])).prompt(1, action, state)
    assert "critic" not in (prompt.system + prompt.user).lower()
    assert "verdict" not in (prompt.system + prompt.user).lower()


async def test_the_delimiters_of_author_and_critic_differ_and_cannot_be_guessed() -> None:
    """An author cannot close the critic's quotation marks."""
    from setpoint.roles.prompting import mark

    assert mark("secret", "author") != mark("secret", "critic")
    assert mark("secret", "critic") != mark("other", "critic")


# The author's replies


async def write(
    said: str | Reply,
    action: Write | Revise | None = None,
    kind: str = "text",
    before: MoveFailed | None = None,
) -> Drafted | PatchMissed | MoveFailed:
    """What becomes of an author's reply, the last one's failure known."""
    state = await after(before, kind)
    return await ModelAuthor(ScriptedModel([said])).perform(1, action or Write(), state)


async def after(before: MoveFailed | None, kind: str = "text") -> State:
    """A run with one draft, and a failed move after it if there is one."""
    state = await state_with(Spec(brief="b", kind=kind, criteria=(Criterion(name="warm", says="Is warm."),)))
    if before is None:
        return state
    entry = Pass(number=len(state.passes) + 1, rule="write", action=Write(), failure=before)
    return replace(state, passes=(*state.passes, entry))


async def asked_of_author(action: Revise, before: MoveFailed | None = None) -> str:
    """What the author is asked."""
    model = ScriptedModel(["text"])
    await ModelAuthor(model).perform(1, action, await after(before))
    return model.prompts[-1].user


@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        ("Dear all,\nhello.", "text", "Dear all,\nhello.\n"),
        ("```markdown\n# Title\n```", "markdown", "# Title\n"),
        ("```\nplain\n```", "text", "plain\n"),
        ("# Title\n\n```sh\nls\n```\n", "markdown", "# Title\n\n```sh\nls\n```\n"),
        ("```sh\nls\n```", "markdown", "```sh\nls\n```\n"),
        ('Here it is:\n```json\n{"a": 1}\n```\nDone.', "json", '{"a": 1}\n'),
        ("```python\nx = 1\n```", "python", "x = 1\n"),
        ("a\r\nb", "text", "a\nb\n"),
    ],
)
async def test_a_fence_around_the_whole_text_is_taken_off_and_others_stay(said: str, kind: str, text: str) -> None:
    """A fence that wraps the reply is wrapping; a fence inside the text belongs to it."""
    event = await write(said, kind=kind)
    assert isinstance(event, Drafted)
    assert event.text == text


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        (Reply(text="Dear all, this is how", finish="length"), "truncated"),
        (Reply(text="", finish="length"), "truncated"),  # all of it went into thoughts
        (Reply(text="", finish="refusal"), "refused"),
        ("I\u2019m sorry, but I can\u2019t help with that request.", "refused"),
        ("As an AI language model I do not write e-mails.", "refused"),
    ],
)
async def test_a_reply_without_a_text_is_a_failed_move(said: str | Reply, why: str) -> None:
    """Empty, cut off or refused: the pass is used up and the reason recorded."""
    event = await write(said)
    assert isinstance(event, MoveFailed)
    assert event.why == why


@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        ("Dear all. We met. And then we wen", "text", "Dear all. We met.\n"),
        ('He said "no." Then he', "text", 'He said "no."\n'),
        ("- one\n- two\n- thr", "markdown", "- one\n- two\n"),
        ("x = 1\ny = f(2). z\nz =", "python", "x = 1\ny = f(2). z\n"),
    ],
)
async def test_a_first_draft_that_is_cut_off_twice_is_kept_up_to_its_last_whole_sentence(
    said: str, kind: str, text: str
) -> None:
    """The author was told how long it may be and did not end; a run without a draft would end with nothing."""
    reply = Reply(text=said, finish="length")
    once = await write(reply, kind=kind)
    assert isinstance(once, MoveFailed)
    twice = await write(reply, kind=kind, before=once)
    assert isinstance(twice, Drafted)
    assert (twice.text, twice.cut) == (text, True)


async def test_a_redraft_that_is_cut_off_twice_is_kept_and_a_rewrite_is_not() -> None:
    """A fresh text can be measured as it is; a rewrite that lost its end has lost what stood there."""
    reply = Reply(text="Dear all. We met. And then", finish="length")
    redraft, rewrite = (Revise(move=move, base=1, targets=("warm",)) for move in ("redraft", "rewrite"))
    once = await write(reply, redraft)
    assert isinstance(once, MoveFailed)
    twice = await write(reply, redraft, before=once)
    assert isinstance(twice, Drafted)
    assert (twice.text, twice.origin, twice.base, twice.cut) == ("Dear all. We met.\n", "redraft", 1, True)
    assert isinstance(await write(reply, rewrite, before=once), MoveFailed)


async def test_after_a_reply_that_did_not_fit_the_next_request_says_how_long_it_may_be() -> None:
    """The same request would be cut off again."""
    failed = MoveFailed(call=1, move="redraft", why="truncated", detail="cut off")
    for move in ("redraft", "rewrite"):
        action = Revise(move=move, base=1, targets=("warm",))
        asked = await asked_of_author(action, before=failed)
        assert "Your last reply did not fit. It was cut off" in asked
        assert "did not fit" not in await asked_of_author(action)


async def test_a_cut_off_reply_without_a_whole_sentence_stays_a_failed_move() -> None:
    """There is nothing to keep."""
    reply = Reply(text="Dear all and every", finish="length")
    once = await write(reply)
    assert isinstance(once, MoveFailed)
    assert isinstance(await write(reply, before=once), MoveFailed)


async def test_a_text_that_apologises_is_not_taken_for_a_refusal() -> None:
    """An apology to a customer is what some briefs ask for."""
    event = await write("Dear Ms Adeyemi,\nI'm sorry that the grinder arrived broken. " + "We send a new one. " * 20)
    assert isinstance(event, Drafted)


EDIT = Revise(move="edit", base=1, targets=("warm",))


async def test_edits_are_applied_by_code() -> None:
    """The author sends passages; code replaces them."""
    event = await write('{"edits": [{"search": "line two", "replace": "line 2"}]}', EDIT)
    assert isinstance(event, Drafted)
    assert event.text == "line one\nline 2"


async def test_edits_that_miss_are_reported_for_one_precise_question() -> None:
    """What does not apply comes back with its reason."""
    event = await write('{"edits": [{"search": "line three", "replace": "x"}]}', EDIT)
    assert isinstance(event, PatchMissed)
    assert "does not stand in the draft" in event.misses[0]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('{"edits": []}', "unchanged"),
        ('{"edits": [{"search": "line one", "replace": "line one"}]}', "unchanged"),
        ('{"edits": "none"}', "unparsable"),
        ('{"edits": [{"find": "a"}]}', "unparsable"),
        ('{"edits": [{"search": "line one", "replace": "x"}, {"sea', "unparsable"),
        ("I would change line two.", "unparsable"),
    ],
)
async def test_an_edit_reply_that_says_nothing_usable_is_a_failed_move(said: str, why: str) -> None:
    """Half an edit list is not applied in part."""
    event = await write(said, EDIT)
    assert isinstance(event, MoveFailed)
    assert event.why == why


async def test_prompts_stay_inside_what_is_reserved_for_them() -> None:
    """The allowances of the budget hold for every prompt (rule 16)."""
    from setpoint.core.cost import count, reservation

    spec = Spec(
        brief="b" * 900,
        criteria=tuple(Criterion(name=f"c{n}", says="It says " + "something " * 12) for n in range(12)),
    )
    state = await state_with(spec, "\n".join(f"line {n} of a longer text with several words" for n in range(80)))
    fail = [
        Verdict(criterion=f"c{n}", status="fail", directive="word " * 60, by="critic", lines=(1, 2, 3, 4))
        for n in range(12)
    ]
    run = Run(id="r", ledger=MemoryLedger(), state=state, length=0)
    from setpoint.core.event import Recorded, Requested
    from setpoint.core.fold import evolve

    for event in (
        Requested(
            call=1,
            role="critic",
            rule="read",
            action=Judge(draft=1, criteria=tuple(spec.names()), purpose="first"),
            tokens=1,
        ),
        Judged(call=1, draft=1, verdicts=tuple(fail)),
    ):
        state = evolve(state, Recorded(run=run.id, seq=1, at=0.0, digest="", event=event))
    author, critic = ModelAuthor(ScriptedModel([])), ModelCritic(ScriptedModel([]))
    names = tuple(spec.names())
    for action in (Write(), *(Revise(move=move, base=1, targets=names) for move in ("edit", "rewrite", "redraft"))):
        prompt = author.prompt(1, action, state)
        assert count(prompt.system + prompt.user) + prompt.max_tokens <= reservation(state, action).tokens
    look = Judge(draft=1, criteria=names, purpose="first")
    prompt = critic.prompt(1, look, state)
    assert count(prompt.system + prompt.user) + prompt.max_tokens <= reservation(state, look).tokens


@pytest.mark.parametrize("line", ["The text must meet all of these demands:", "The text must meet all of the demands."])
async def test_sentences_of_our_own_prompt_never_get_into_the_text(line: str) -> None:
    """Weak authors copy them, or nearly; what the spec asks for stays."""
    author = ModelAuthor(ScriptedModel([f"# Acme 2.4\n\nThe update is done when all tests pass.\n\n{line}\n"]))
    event = await author.perform(1, Write(), await state_with(ONE))
    assert isinstance(event, Drafted)
    assert event.text == "# Acme 2.4\n\nThe update is done when all tests pass.\n"

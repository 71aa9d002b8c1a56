"""The benchmarks on real models, played with scripted ones: fair, resumable, and honest about whose text it is."""

import json
from pathlib import Path

import pytest

from ifeval import REGISTRY, _Line, _prompt, agreement, halves, main, prompts, task
from on_models.echoes import ECHO, echoed
from on_models.loops import ARMS, ForeignText, Limits, play
from on_models.metered import Metered
from on_models.provenance import foreign, foreign_in_run
from on_models.requirements import KINDS, requirement
from on_models.results import Results, run, table
from on_models.words import capital_words, sentences, word_count
from setpoint import checks
from setpoint.core.action import Revise
from setpoint.core.event import Drafted, Recorded, Requested, Usage
from setpoint.errors import ModelError
from setpoint.ports import Prompt, Reply
from setpoint.testing import ScriptedModel
from setpoint.testing.server import FaultServer
from setpoint.testing.server import scripted as server_script
from word_loops import IMPOSSIBLE, TIGHT, Uses, conflicts

ABOVE = [folder / "shared" / "data" for folder in Path(__file__).resolve().parents]
DATA = next((folder for folder in ABOVE if folder.is_dir()), Path("no-data"))
ROW: _Line = {
    "key": 7,
    "prompt": "Write about rain. Use no comma and at least 5 words.",
    "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
    "kwargs": [{}, {"relation": "at least", "num_words": 5}],
}


def scripted(*texts: str) -> ScriptedModel:
    """A model that says these one after another, ten tokens each."""
    return ScriptedModel([Reply(text=text, usage=Usage(input=100, output=10)) for text in texts])


def rain():
    """The task of `ROW`."""
    return task(_prompt(ROW))


VERDICTS = [
    ("keywords:existence", {"keywords": ["rain", "sun"]}, "Rain and SUNNY", "only rain"),
    ("keywords:frequency", {"keyword": "a", "frequency": 2, "relation": "less than"}, "b a", "a a"),
    ("keywords:forbidden_words", {"forbidden_words": ["dog"]}, "dogs are fine", "A Dog."),
    ("keywords:letter_frequency", {"letter": "Z", "let_frequency": 2, "let_relation": "at least"}, "zZ", "z"),
    ("language:response_language", {"language": "de"}, "Das ist ein schöner Tag für uns alle.", "This is a fine day."),
    ("length_constraints:number_sentences", {"relation": "less than", "num_sentences": 3}, "A. Dr. No is in.", "A b. C d! E f?"),
    ("length_constraints:number_words", {"relation": "at least", "num_words": 3}, "it's one", "one-two"),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "one\n\n***\n\ntwo", "one\n\ntwo"),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "then"},
        "one\n\n'Then, two'",
        "then\n\nnot so",
    ),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[a] [b]", "[a]"),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "text\n\nP.P.S. more", "text\n\nP.S. more"),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n- b", "* a\n** b **"),
    ("detectable_format:constrained_response", {}, "My answer is maybe.", "Maybe."),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*a* and **b**", "*a* and **"),
    ("detectable_format:multiple_sections", {"section_spliter": "Part", "num_sections": 2}, "Part 1 a\nPart 2 b", "Part one"),
    ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "{a: 1}"),
    ("detectable_format:title", {}, "<<rain>> falls", "<< >> falls"),
    ("combination:two_responses", {}, "a\n******\nb", "a\n******\na"),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say it. "}, "say it. It.", "It. Say it."),
    ("startend:end_checker", {"end_phrase": "the end."}, 'So it is THE END."', "the end. Or not"),
    ("startend:quotation", {}, ' "all of it" ', '"some" of it'),
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"}, "DON'T go", "NO way"),
    ("change_case:english_capital", {}, "THIS IS A LOUD TEXT ABOUT THE RAIN", "THIS IS A QUIEt TEXT"),
    ("change_case:english_lowercase", {}, "this is a quiet text about the rain", "This is a text"),
    ("punctuation:no_comma", {}, "a b", "a, b"),
]  # fmt: skip


def test_every_kind_of_requirement_has_a_text_that_passes_and_one_that_fails() -> None:
    """None is missing, and a failure says what to do and how far off the text is."""
    assert [kind for kind, *_ in VERDICTS] == sorted(KINDS, key=[kind for kind, *_ in VERDICTS].index)
    for kind, given, good, bad in VERDICTS:
        one = requirement(kind, given)
        assert one.measure(good).passed, (kind, one.measure(good))
        found = one.measure(bad)
        assert found.passed is False, kind
        assert found.message, kind
        assert 0 < found.shortfall <= 1, kind
        assert one.measure(" \n").passed is False, kind
        assert one.says.endswith((".", '"', ": " + str(given.get("prompt_to_repeat", "")).strip())), one.says


def test_words_and_sentences_are_counted_as_the_verifier_counts_them() -> None:
    """Word by word: apostrophes split, abbreviations do not end a sentence, contractions in capitals are two."""
    assert word_count("it's a well-known_fact") == 5
    assert sentences("Mr. Wu met J. Doe in the U.S. They talked! Did they? yes. the end") == 4
    assert capital_words("The USA and NASA's X-RAY, A/B... DON'T") == 6


@pytest.mark.skipif(not DATA.is_dir(), reason="the labelled answers are not here")
def test_verifiers_agree_with_the_official_verdicts() -> None:
    """On 2,096 labelled requirements; all but the language detector and the odd text are the same."""
    total = agreement(DATA).splitlines()[-1]
    assert "(99." in total, total


@pytest.mark.skipif(not DATA.is_dir(), reason="the labelled answers are not here")
def test_a_check_of_the_registry_stands_in_only_where_it_says_the_same() -> None:
    """On every labelled answer, for every kind that a built-in check measures."""
    known = {prompt.text.strip(): prompt for prompt in prompts(DATA)}
    seen = 0
    for file in (DATA / "ifeval").glob("labelled_*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            answer = json.loads(line)
            prompt = known[answer["prompt"].strip()]
            for own, call in zip(prompt.requirements, prompt.calls, strict=True):
                if call is not None:
                    built = checks.build(call, checks.CheckContext())
                    assert built.measure(answer["response"]).passed == own.measure(answer["response"]).passed
                    seen += 1
    assert seen > 200
    assert set(REGISTRY) <= set(KINDS)


@pytest.mark.skipif(not DATA.is_dir(), reason="the prompts are not here")
def test_the_halves_part_the_prompts() -> None:
    """271 to tune on and 270 to report, none in both, the same ones every time."""
    known = prompts(DATA)
    tune, report = halves(known)
    assert (len(tune), len(report)) == (271, 270)
    assert {p.key for p in tune} | {p.key for p in report} == {p.key for p in known}
    assert [p.key for p in halves(known[::-1])[0]] == [p.key for p in tune]


@pytest.mark.parametrize("arm", ARMS)
async def test_every_arm_returns_the_text_that_passes(arm: str) -> None:
    """The same replies, the same checks: a faulty draft, then a good one (unless the loop makes only one)."""
    played = await play(rain(), arm, scripted("Rain, rain\n", "Rain falls on all of us\n"), seed=1, limits=Limits())
    assert played.passed is (arm != "one draft")
    assert (played.calls, played.output) == ((1, 10) if arm == "one draft" else (2, 20))
    assert played.met_by_draft[0] == 0


async def test_every_arm_asks_at_one_temperature_and_with_one_limit() -> None:
    """Whatever a loop would ask for itself; the replies are counted as the server counts them."""
    model = ScriptedModel([Reply(text="a", usage=Usage(input=3, output=2))])
    metered = Metered(model, temperature=0.7, most=512)
    await metered.ask(Prompt(system="s", user="u", max_tokens=2000, temperature=0.1))
    assert [(p.temperature, p.max_tokens) for p in model.prompts] == [(0.7, 512)]
    assert (metered.input, metered.output) == (3, 2)
    with pytest.raises(ModelError, match="counts no tokens"):
        await Metered(ScriptedModel([Reply(text="a", usage=Usage(estimated=True))])).ask(model.prompts[0])


async def test_a_text_that_hands_the_prompt_back_is_told_from_an_answer() -> None:
    """It may pass every requirement that it quotes; the table shows both numbers."""
    assert (
        echoed(
            "The text has no comma. The text has at least 5 words.", "- The text has no comma.\n- Has at least 5 words"
        )
        > ECHO
    )
    assert echoed("Rain falls on all of us, the text has", "The text has no comma.") < 0.1
    assert echoed("", "anything") == 0.0
    assert echoed("at all", "not at all") == 1.0
    played = await play(rain(), "Setpoint", scripted("Write about rain. Use no comma"), seed=1, limits=Limits())
    assert (played.passed, played.answered, played.echoed) == (True, False, (1.0, 1.0))
    played = await play(rain(), "best of N", scripted("Rain falls on all of us"), seed=1, limits=Limits())
    assert (played.passed, played.answered) == (True, True)


def test_a_line_that_no_reply_has_is_found() -> None:
    """Lines may be left out, not added, and stand in their order."""
    replies = [Reply(text="```\none\n two \nthree\n```"), None]
    assert foreign("one\ntwo\n", replies) == ""
    assert foreign("two\none", replies) == "one"
    assert foreign("one\nfour", replies) == "four"
    assert foreign("", []) == ""


def recorded(*events: Requested | Drafted) -> list[Recorded]:
    """Events as a ledger keeps them."""
    return [Recorded(run="r", seq=n, at=0.0, digest="", event=event) for n, event in enumerate(events)]


def test_an_edit_that_is_not_what_the_reply_says_is_found() -> None:
    """Edits are applied again to what they were made on; a byte from elsewhere shows."""
    edit = Reply(text='{"edits": [{"search": "one", "replace": "two"}]}')
    asked = Requested(call=2, role="author", rule="revise", action=Revise(move="edit", base=1, targets=()), tokens=0)
    first = recorded(
        Requested(call=1, role="author", rule="write", action=Revise(move="rewrite", base=1, targets=()), tokens=0),
        Drafted(call=1, text="one\n", origin="first"),
        asked,
    )
    replies = [Reply(text="one"), edit]
    good = [*first, *recorded(Drafted(call=2, text="two\n", origin="edit", base=1))]
    assert foreign_in_run("two\n", good, replies) == ""
    assert foreign_in_run("three\n", good, replies) == "the text that was returned is no draft"
    bad = [*first, *recorded(Drafted(call=2, text="two \n", origin="edit", base=1))]
    assert foreign_in_run("two \n", bad, replies) == "draft 2 is not what its edits make"


@pytest.mark.parametrize(
    ("text", "cut", "lost"),
    [("One. Two.\n", True, ""), ("One. Two.\n", False, "One. Two."), ("One. Six.\n", True, "One. Six.")],
)
def test_a_text_that_was_cut_off_may_end_in_a_line_of_its_reply(text: str, cut: bool, lost: str) -> None:  # noqa: FBT001
    """Up to its last whole sentence; whatever else stands there is foreign."""
    asked = Requested(call=1, role="author", rule="write", action=Revise(move="redraft", base=1, targets=()), tokens=0)
    events = recorded(asked, Drafted(call=1, text=text, origin="first", cut=cut))
    found = foreign_in_run(text, events, [Reply(text="One. Two. And thr")])
    assert found == (f"draft 1: {lost!r}" if lost else "")


async def test_a_loop_that_writes_itself_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The assertion is made on every row, not on a sample."""
    from baselines import BASELINES, Trial

    async def cheat(_job):
        return Trial(text="Rain falls on all of us", claims=True, passes=1, calls=1, tokens=1, drafts=("x",))

    monkeypatch.setattr("on_models.loops.BASELINES", {**BASELINES, "best of N": cheat})
    with pytest.raises(ForeignText, match="Rain falls"):
        await play(rain(), "best of N", scripted(), seed=1, limits=Limits())


async def test_rows_are_kept_and_not_run_again(tmp_path: Path) -> None:
    """A bench of hours is run in pieces: what is in the file is not paid for twice."""
    file = tmp_path / "rows.jsonl"
    arms = ("Setpoint", "checklist redraft")
    ticks = iter([0.0, 1.0, 99.0])
    cut = await run(
        [rain()],
        arms,
        scripted("Rain falls on all of us"),
        Results(file),
        seed=3,
        limits=Limits(),
        seconds=50,
        clock=lambda: next(ticks),
    )
    assert cut is False
    again = Results(file)
    assert [(row.arm, row.passed) for row in again.rows] == [("Setpoint", True)]
    assert await run(
        [rain()], arms, scripted("a, b", "Rain falls on all of us"), again, seed=3, limits=Limits(), parallel=3
    )
    assert [row.arm for row in Results(file).rows] == list(arms)
    shown = table(Results(file).rows, arms)
    assert "| Setpoint | 100.0 [21, 100] | 100.0 [21, 100] | 100 | 10 | 110 | 1.0 |  |" in shown
    assert (
        "| checklist redraft | 100.0 [21, 100] | 100.0 [21, 100] | 100 | 20 | 220 | 2.0 | +0.0 [+0.0, +0.0] |" in shown
    )


@pytest.mark.parametrize("arm", ["Setpoint", "rewrite all faults"])
async def test_a_loop_that_was_cut_off_asks_nothing_twice(tmp_path: Path, arm: str) -> None:
    """It is played again from the replies that were kept, up to the call in which it was cut."""
    file = tmp_path / "rows.jsonl"
    first = ScriptedModel(["a, b, c,\u2028 d, e", "a, b, c,\x0b d"])
    with pytest.raises(BaseExceptionGroup):
        await run([rain()], [arm], first, Results(file), seed=3, limits=Limits())
    with file.with_suffix(".calls.jsonl").open("a", encoding="utf-8") as calls:
        calls.write('{"loop": "7/Set')  # the machine went down in the middle of a line
    second = scripted("Rain falls on all of us")
    assert await run([rain()], [arm], second, Results(file), seed=3, limits=Limits())
    assert (len(first.prompts), len(second.prompts)) == (3, 1)
    (row,) = Results(file).rows
    assert (row.passed, row.played.calls, len(row.played.drafts)) == (True, 3, 3)


def test_a_server_is_asked_for_many_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the command line to the table, over HTTP; three prompts with two arms each, three at a time."""
    folder = tmp_path / "ifeval"
    folder.mkdir()
    lines = [json.dumps({**ROW, "key": key}) for key in (7, 8, 9)]
    (folder / "input_data.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with FaultServer(server_script("Rain falls on all of us")) as server:
        arguments = ["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--half", "all", "--parallel", "3"]
        assert main([*arguments, "--model", f"openai:m@{server.url}"]) == 0
        said = capsys.readouterr()
        assert said.err.count(": passed (") == 6
        assert "3 tasks that all arms did." in said.out
        assert main([*arguments, "--model", f"openai:m@{server.url}"]) == 0
        assert "passed" not in capsys.readouterr().err  # nothing was asked again


def test_what_cannot_be_run_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown arm, and data that is not there, are the user's mistake."""
    assert main(["--arms", "magic"]) == 2
    assert "unknown: magic; there are: Setpoint" in capsys.readouterr().err
    assert main(["--data", str(tmp_path)]) == 2
    assert "name the folder that holds ifeval/ with --data" in capsys.readouterr().err


def test_a_word_is_met_by_its_regular_forms_only() -> None:
    """What the concepts of a set are measured by."""
    assert all(Uses(word=word).measure(text).passed for word, text in
               [("dance", "Dancing bears"), ("carry", "he carried it"), ("dog", "Two dogs."), ("tie", "tied up")])  # fmt: skip
    assert not any(Uses(word=word).measure(text).passed for word, text in [("car", "a scar"), ("dance", "a dan")])


def test_tight_pairs_can_be_met_and_impossible_ones_cannot() -> None:
    """A text of nothing but the required words is short enough, or too long already."""
    lists = [words for _, _, words in (*TIGHT, *IMPOSSIBLE)]
    for one, required in zip(conflicts(), lists, strict=True):
        met = one.verify(" ".join(required))
        assert met["complete"]
        assert met["short"] is one.name.startswith("tight")
    assert all(2 * sum(len(w.split()) for w in words) < most for _, most, words in TIGHT)

"""The bench for critics: its sample is fair, its intervals know clusters, its verdicts are kept, its variants vary."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judging.answers import Answer, answers, in_half, sample
from judging.calls import Book, Verdicts, ask, planned
from judging.scores import Judgement, scores, share
from judging.sentences import sentence
from judging.tables import FORMS, judgements, measuring
from judging.wordings import WORDINGS, Reworded, Wording, reworded
from setpoint.core.spec import Criterion, Spec
from setpoint.errors import ModelError
from setpoint.ports import Prompt
from setpoint.testing import ScriptedModel
from setpoint.testing.server import FaultServer, scripted

BENCH = Path(__file__).resolve().parents[2] / "bench"


def loaded() -> ModuleType:
    """The bench, which is a script beside the library and not part of it."""
    spec = importlib.util.spec_from_file_location("bench_critic", BENCH / "critic.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


critic = loaded()


def answer(
    truth: dict[str, bool] | None = None, *, prompt: int = 1, model: str = "m", text: str = "a plain text of six words"
) -> Answer:
    """An answer to a prompt with these requirements; `met` alone by default."""
    truth = truth or {"met": True}
    criteria = tuple(Criterion(name=name, says=f"Is {name}.") for name in truth)
    return Answer(
        key=f"{model}:{prompt}", prompt=prompt, spec=Spec(brief="b", criteria=criteria), text=text, truth=truth
    )


def readings(prompt: Prompt):
    """The readings that a prompt's schema asks for: criterion → the schema of its reading."""
    return json.loads(json.dumps(prompt.schema))["properties"]["readings"]["properties"]


def says(verdict: str):
    """A reply that gives every criterion this verdict, whatever the schema asks for."""

    def respond(prompt: Prompt) -> str:
        filled = {"lines": [1], "finding": "It stands there.", "verdict": verdict, "do": ""}
        return json.dumps({"readings": dict.fromkeys(readings(prompt), filled), "other": []})

    return respond


# Scores


def test_cases_that_share_nothing_have_wilsons_interval() -> None:
    """8 of 10: the interval of the textbook (Wilson 1927)."""
    found = share((place, place < 8) for place in range(10))
    assert (round(found.low, 3), round(found.value, 3), round(found.high, 3)) == (0.49, 0.8, 0.943)


def test_cases_that_say_the_same_in_a_cluster_count_once() -> None:
    """Ten clusters of five equal cases tell about as much as ten cases, not as fifty."""
    once = share((place, place < 8) for place in range(10))
    five = share((place, place < 8) for place in range(10) for _ in range(5))
    apart = share((place, place < 40) for place in range(50))
    assert five.n == 50
    assert five.low == pytest.approx(once.low, abs=0.02)
    assert five.high - five.low > 1.8 * (apart.high - apart.low)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60))
def test_an_interval_holds_its_share_and_stays_a_share(hits: list[tuple[int, bool]]) -> None:
    """Also where all cases are alike, or all are in one cluster."""
    found = share(hits)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert found.low < found.high


def test_no_verdict_counts_against_a_critic_whatever_the_truth() -> None:
    """Neither noticed nor passed (rule 6: fail closed, and three different things)."""
    judged = [
        Judgement(cluster=1, met=True, said="cannot_assess", tokens=10),
        Judgement(cluster=2, met=False, said="unreadable", tokens=20),
        Judgement(cluster=3, met=False, said="fail", tokens=30),
        Judgement(cluster=4, met=True, said="pass", tokens=40),
    ]
    found = scores(judged)
    assert (found.sensitivity.value, found.specificity.value, found.unusable, found.tokens) == (0.5, 0.5, 0.5, 25)
    assert found.youden.value == 0
    assert found.youden.low < -0.5 < 0.5 < found.youden.high


def test_always_the_same_word_is_worth_nothing() -> None:
    """A critic that fails everything notices everything, and its J is 0."""
    judged = [Judgement(cluster=n, met=n % 2 == 0, said="fail") for n in range(20)]
    found = scores(judged)
    assert (found.sensitivity.value, found.specificity.value, found.youden.value) == (1, 0, 0)
    assert found.balanced.value == 0.5


# Data


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in IFEval's form."""
    folder = tmp_path / "data" / "ifeval"
    folder.mkdir(parents=True)
    rows: list[dict[str, object]] = [
        {
            "key": number,
            "prompt": f"Write about the number {number}. ",
            "instruction_id_list": ["punctuation:no_comma", "keywords:existence", "keywords:existence"],
            "kwargs": [{}, {"keywords": ["red"]}, {"keywords": ["blue"]}],
        }
        for number in range(12)
    ]
    labelled = [
        {
            "prompt": f"Write about the number {number}.",
            "response": "Red it is,\u2028and five words more.",
            "follow_instruction_list": [False, True, False],
        }
        for number in range(12)
    ]
    (folder / "input_data.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    (folder / "labelled_single_tiny.jsonl").write_text(
        "\n".join(json.dumps(row, ensure_ascii=False) for row in labelled) + "\n"
    )
    return folder.parent


def test_labelled_rows_become_answers_with_named_criteria(data: Path) -> None:
    """Names are unique, and an odd line separator inside an answer is no end of a row."""
    found = answers(data)
    assert len(found) == 12
    assert found[0].truth == {"no-comma": False, "existence": True, "existence-2": False}
    assert found[0].key == "tiny:0"
    assert [one.says for one in found[0].spec.criteria] == [
        "Contains no commas.",
        'Contains the words "red".',
        'Contains the words "blue".',
    ]


def test_both_halves_have_every_prompt_once(data: Path) -> None:
    """No prompt is in two halves, and none in neither."""
    found = answers(data)
    parts = [{a.prompt for a in found if in_half(a, half)} for half in ("development", "report")]
    assert parts[0] | parts[1] == set(range(12))
    assert not parts[0] & parts[1]
    assert all(parts)


def test_any_beginning_of_a_sample_is_balanced_and_has_each_prompt_once() -> None:
    """Half of the requirements fail, several and single take turns, a second answer to a prompt waits."""
    known = [
        answer({"a": prompt % 3 == 0} | ({"b": prompt % 5 == 0} if prompt % 2 else {}), prompt=prompt, model=model)
        for prompt in range(60)
        for model in ("x", "y")
    ]
    order = sample(known, seed=4)
    assert len(order) == len(known)
    assert len({one.prompt for one in order[:60]}) == 60
    truths = [met for one in order[:20] for met in one.truth.values()]
    assert 0.4 <= sum(truths) / len(truths) <= 0.6
    assert [one.key for one in sample(known, seed=4)] == [one.key for one in order]
    assert [one.key for one in sample(known, seed=5)] != [one.key for one in order]


def test_kinds_of_requirements_take_turns() -> None:
    """A kind that is frequent among short answers does not fill the beginning of the sample."""
    known = [answer({"common": False}, prompt=n) for n in range(30)]
    known += [answer({f"rare-{n}": False}, prompt=100 + n) for n in range(4)]
    first = {one.names[0] for one in sample(known, seed=1)[:5]}
    assert first == {"common", "rare-0", "rare-1", "rare-2", "rare-3"}


def test_long_answers_can_be_left_out() -> None:
    """For a model that reads slowly."""
    known = [answer(prompt=1, text="word " * 10), answer(prompt=2, text="word " * 100)]
    assert [one.prompt for one in sample(known, seed=0, most_words=50)] == [1]


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("length_constraints:number_words", {"relation": "less than", "num_words": 50}, "Has fewer than 50 words."),
        ("length_constraints:number_words", {"relation": "at least", "num_words": 5.0}, "Has at least 5 words."),
        ("language:response_language", {"language": "sw"}, "Is written in Swahili only."),
    ],
)
def test_a_requirement_reads_as_a_criterion(kind: str, params: dict[str, object], said: str) -> None:
    """IFEval's "less than" leaves the number itself out."""
    assert sentence(kind, params) == said


# Wordings


@pytest.mark.parametrize("wording", WORDINGS[1:], ids=lambda one: one.name)
async def test_a_wording_changes_the_prompt_that_is_really_sent(wording: Wording) -> None:
    """Each variant differs from Setpoint's own, and the fields stand in its order in example and schema."""
    model, own = ScriptedModel(says("pass")), ScriptedModel(says("pass"))
    one = answer({"a": True, "b": False})
    (call, *_), (plain, *_) = await planned(one, wording), await planned(one, WORDINGS[0])
    await ask(call, model)
    await ask(plain, own)
    ((sent,), (usual,)) = model.prompts, own.prompts
    assert (sent.system, sent.user) != (usual.system, usual.user)
    assert call.digest != plain.digest
    if wording.fields:
        reading = readings(sent)["a"]
        assert tuple(reading["properties"]) == tuple(reading["required"]) == wording.fields
        places = [sent.user.index(f'"{name}":') for name in wording.fields]
        assert places == sorted(places)


def test_a_wording_that_replaces_nothing_is_an_error() -> None:
    """So that a variant never quietly measures the original."""
    wording = Wording(name="x", why="x", system=(("a sentence that is not there", "y"),))
    with pytest.raises(ValueError, match="no longer says 'a sentence that is not there'"):
        reworded(Prompt(system="s", user="u", max_tokens=1), wording)


# Calls


async def test_equal_questions_are_put_once() -> None:
    """With one criterion, "all in one call" and "one call each" are the same call."""
    assert [call.names for call in await planned(answer({"a": True}), WORDINGS[0])] == [("a",)]
    assert [call.names for call in await planned(answer({"a": True, "b": True}), WORDINGS[0])] == [
        ("a", "b"),
        ("a",),
        ("b",),
    ]


async def test_what_was_judged_is_kept_and_not_asked_again(tmp_path: Path) -> None:
    """Also if the process was killed in the middle of a line."""
    calls = await planned(answer({"a": True, "b": False}), WORDINGS[0])
    model, file = ScriptedModel(says("fail")), tmp_path / "verdicts.jsonl"
    assert await critic.judge(calls[:2], model, Book(file), seconds=60, parallel=2)
    with file.open("a", encoding="utf-8") as open_file:
        open_file.write('{"critic": "scri')
    book = Book(file)
    assert [call.names for call in book.missing(model.name, calls)] == [("b",)]
    assert await critic.judge(calls, model, book, seconds=60, parallel=1)
    assert len(model.prompts) == 3
    assert not Book(file).missing(model.name, calls)
    assert Book(file).missing("another:model", calls) == list(calls)


async def test_another_prompt_is_another_question(tmp_path: Path) -> None:
    """A verdict belongs to one draft under one wording: nothing stale is counted."""
    book, model = Book(tmp_path / "v.jsonl"), ScriptedModel(says("pass"))
    (call,) = await planned(answer(), WORDINGS[0])
    await critic.judge([call], model, book, seconds=60, parallel=1)
    (changed,) = await planned(replace(answer(), text="another text of some words"), WORDINGS[0])
    (worded,) = await planned(answer(), WORDINGS[1])
    assert book.missing(model.name, [call, changed, worded]) == [changed, worded]


async def test_when_time_is_up_nothing_more_is_asked(tmp_path: Path) -> None:
    """And the bench says that it is not done."""
    calls = await planned(answer({"a": True, "b": False}), WORDINGS[0])
    model = ScriptedModel(says("pass"))
    assert not await critic.judge(calls, model, Book(tmp_path / "v.jsonl"), seconds=0, parallel=1)
    assert model.prompts == []


async def test_a_reply_that_is_no_verdict_is_kept_as_such() -> None:
    """It is not passed, not failed, and not asked for again."""
    (call,) = await planned(answer(), WORDINGS[0])
    found = await ask(call, ScriptedModel(["no JSON at all"]))
    assert found.said == {"met": "unreadable"}
    assert "unparsable" in found.trouble


async def test_a_model_that_cannot_be_reached_stops_the_bench_but_a_refused_prompt_does_not() -> None:
    """A record of what is the prompt's fault, an error for what is the network's."""
    (call,) = await planned(answer(), WORDINGS[0])
    refused = await ask(call, ScriptedModel([ModelError("too long", kind="rejected")]))
    assert (refused.said, refused.trouble) == ({"met": "unreadable"}, "too long")
    with pytest.raises(ModelError):
        await ask(call, ScriptedModel([ModelError("gone", kind="server_error")]))


# Tables


async def test_checks_take_over_what_lint_says_they_can_measure(tmp_path: Path) -> None:
    """The critic's wrong verdict on commas does not count there, and costs nothing."""
    criteria = (Criterion(name="comma", says="Contains no commas."), Criterion(name="warm", says="Is warm."))
    one = replace(
        answer({"comma": False, "warm": True}),
        spec=Spec(brief="b", criteria=criteria),
        text="Well, it has a comma, and more.",
    )
    plan = {one.key: await planned(one, WORDINGS[0])}
    model, book = ScriptedModel(says("pass")), Book(tmp_path / "v.jsonl")
    await critic.judge(plan[one.key], model, book, seconds=60, parallel=1)
    together, alone, checked = (judgements(form, model.name, [one], plan, book) for form in FORMS.values())
    assert [j.said for j in together] == [j.said for j in alone] == ["pass", "pass"]
    assert [(j.said, j.tokens > 0) for j in checked] == [("fail", False), ("pass", True)]
    assert together[0].tokens == together[1].tokens < alone[0].tokens
    assert measuring(criteria[0], one.spec)
    assert not measuring(criteria[1], one.spec)


async def test_answers_that_are_not_judged_to_the_end_are_not_counted(tmp_path: Path) -> None:
    """All forms are over the same answers."""
    one = answer({"a": True, "b": True})
    plan = {one.key: await planned(one, WORDINGS[0])}
    book, model = Book(tmp_path / "v.jsonl"), ScriptedModel(says("pass"))
    await critic.judge(plan[one.key][:2], model, book, seconds=60, parallel=1)
    assert all(judgements(form, model.name, [one], plan, book) == [] for form in FORMS.values())


def test_the_bench_judges_over_http_and_goes_on_without_asking(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a user runs it, against a server that says pass to everything: it notices nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    filled = {"lines": [], "finding": "f", "verdict": "pass", "do": ""}
    reply = json.dumps({"readings": {"no-comma": filled}, "other": []})
    wanted = ["--data", str(data), "--out", str(tmp_path / "out"), "--answers", "2", "--half", "report"]
    with FaultServer(scripted(*[reply] * 8)) as server:
        wanted += ["--critic", f"openai:tiny@{server.url}"]
        assert critic.main(wanted) == 0
        first = capsys.readouterr().out
        assert len(server.requests) == 8
    assert critic.main(wanted) == 0, "nothing is left to ask, so no server is needed"
    assert capsys.readouterr().out == first
    assert "| one call for each | 4, 2 | 0 [0, " in first


@pytest.mark.parametrize(
    ("given", "said"),
    [(["--wordings", "polite"], "there is no 'polite'"), (["--data", "nowhere"], "name the folder that holds ifeval/")],
)
def test_a_wrong_argument_says_what_to_do(given: list[str], said: str) -> None:
    """Names what there is."""
    with pytest.raises(SystemExit, match=said):
        critic.main(given)


def test_a_file_of_something_else_is_not_written_over(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the line and what to do."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "scripted-model.jsonl").write_text("{}\n")
    asked = ["--data", str(data), "--out", str(out), "--critic", "scripted:model"]
    assert critic.main(asked) == 3
    assert "line 1, is no verdict of this bench: move the file away" in capsys.readouterr().err
    assert (out / "scripted-model.jsonl").read_text() == "{}\n"


def test_the_probe_can_be_judged_as_well() -> None:
    """The planted texts of the product's probe are a second look at a wording: 12 failures, 9 passes."""
    truths = [met for one in critic.probe_answers() for met in one.truth.values()]
    assert (truths.count(False), truths.count(True)) == (12, 9)


def test_a_reworded_model_keeps_its_name() -> None:
    """Verdicts are kept under it."""
    assert Reworded(ScriptedModel([], name="a:b"), WORDINGS[1]).name == "a:b"


def test_verdicts_read_back_as_they_were(tmp_path: Path) -> None:
    """Findings with odd characters too."""
    one = Verdicts(
        critic="c", prompt="p", wording="w", answer="a", said={"x": "pass"}, findings={"x": "it’s\u2028so"},
        trouble="", tokens=3, seconds=0.5,
    )  # fmt: skip
    book = Book(tmp_path / "v.jsonl")
    book.add(one)
    assert json.loads((tmp_path / "v.jsonl").read_text())["findings"] == {"x": "it’s\u2028so"}
    assert Book(tmp_path / "v.jsonl")

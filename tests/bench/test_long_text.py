"""The bench of long texts: its documents are what it says they are, and it counts right."""

import importlib.util
import json
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

import setpoint
from setpoint.core.draft import line_map
from setpoint.ledgers import MemoryLedger
from setpoint.testing import ScriptedModel
from setpoint.testing.server import FaultServer, scripted

BENCH = Path(__file__).resolve().parents[2] / "bench"
TEXTS = BENCH / "long_text"
NAMES = sorted(folder.name for folder in TEXTS.iterdir() if folder.is_dir())
FERRY = "ferry-handbook"


def loaded() -> ModuleType:
    """The bench, which is a script beside the library and not part of it."""
    spec = importlib.util.spec_from_file_location("bench_long_text", BENCH / "long_text.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


long_text = loaded()


async def failing(document, text: str) -> set[str]:
    """The criteria that a text fails; no author is asked."""
    result = await setpoint.refine(
        document.spec,
        draft=text,
        author=ScriptedModel([]),
        budget=setpoint.Budget(passes=1),
        ledger=MemoryLedger(),
    )
    return {name for name, verdict in result.verdicts.items() if verdict.status != "pass"}


def patches(document) -> list[tuple[set[int], str, str]]:
    """What turns the draft into the repaired text: the lines concerned, what stands there, what should.

    Each passage begins with the unchanged line before it, so that it is found even where lines are only deleted.
    """
    old, new = document.draft.split("\n"), document.repaired.split("\n")
    # Empty lines are all alike, and say nothing about which paragraph became which.
    same = {a: b for a, b in line_map(document.draft, document.repaired).items() if old[a - 1]}
    found: list[tuple[set[int], str, str]] = []
    for (a, b), (c, d) in pairwise(sorted({1: 1, **same, len(old): len(new)}.items())):
        search, replacement = "\n".join(old[a - 1 : c - 1]), "\n".join(new[b - 1 : d - 1])
        if search != replacement:
            found.append((set(range(a + 1, c)), search, replacement))
    return found


def mended(document) -> dict[str, str]:
    """What each wrong line becomes: the lines of the repaired text that share most words with it, none if it goes."""
    found: dict[str, str] = {}
    for _, search, replacement in patches(document):
        old = [line for line in search.split("\n")[1:] if line and line not in replacement.split("\n")]
        new = [line for line in replacement.split("\n")[1:] if line and line not in search.split("\n")]
        heirs = {line: [] for line in old}
        for line in new:
            heirs[max(old, key=lambda one: len(set(one.split()) & set(line.split())))].append(line)
        found |= {line: "\n\n".join(lines) for line, lines in heirs.items()}
    return found


def perfect(document, prompt) -> str:
    """The edits that put right exactly what the prompt asks for, found in what it shows of the text."""
    asked = prompt.user.split("It is not accepted yet.", 1)[1]
    criteria = {criterion.name: criterion for criterion in setpoint.read_spec(document.spec).spec.criteria}
    lines, after = document.draft.split("\n"), mended(document)
    edits: dict[str, list[dict[str, object]]] = {}
    done: set[str] = set()
    for fault in document.planted:
        if criteria[fault.criterion].says not in asked:
            continue
        mine = edits.setdefault(fault.criterion, [])
        if f'"{fault.criterion}": [{{"after"' in asked:
            check = criteria[fault.criterion].check
            assert check is not None
            phrase = cast("list[str]", check.params["words"])[0]
            mine.append({"after": fault.lines[0], "add": f"{LEFT_OUT} {phrase}."})
            continue
        wrong = [lines[number - 1] for number in fault.lines if lines[number - 1] not in done]
        done.update(wrong)
        mine += [{"search": line, "replace": after[line]} for line in wrong if line in after and line in prompt.user]
    return json.dumps({"edits": edits})


LEFT_OUT = "This was left out:"


@pytest.mark.parametrize("name", NAMES)
async def test_a_draft_fails_exactly_what_was_planted_in_it(name) -> None:
    """The spec finds every planted fault and no other."""
    document = long_text.load(name)
    assert await failing(document, document.draft) == {fault.criterion for fault in document.planted}


@pytest.mark.parametrize("name", NAMES)
async def test_a_repaired_text_passes(name) -> None:
    """Each spec can be met, by a text that differs from the draft at the planted places only."""
    document = long_text.load(name)
    assert await failing(document, document.repaired) == set()
    assert long_text.untouched(document, document.repaired).changed == 0


@pytest.mark.parametrize("name", NAMES)
async def test_every_planted_fault_is_one_of_its_own(name) -> None:
    """With one fault left in the repaired text, only the criteria planted on the same lines fail."""
    document = long_text.load(name)
    assert 4 <= len(document.planted) <= 6
    seen: set[str] = set()
    for lines, search, replacement in patches(document):
        assert document.repaired.count(replacement) == 1
        failed = await failing(document, document.repaired.replace(replacement, search))
        assert failed
        assert failed <= {fault.criterion for fault in document.planted if lines & set(fault.lines)}
        seen |= failed
    # A telephone number that stands twice is planted on two lines, and either may be changed.
    assert seen == {fault.criterion for fault in document.planted}


def test_the_documents_are_long_and_not_alike() -> None:
    """Ten texts of some 1,600 words that share no line but ordinary headings, and no run of seven words."""
    assert len(NAMES) == 10
    texts = {name: long_text.load(name).repaired for name in NAMES}
    assert all(1450 <= len(text.split()) <= 1800 for text in texts.values())
    shared: dict[tuple[str, ...], str] = {}
    for name, text in texts.items():
        words = text.lower().split()
        for at in range(len(words) - 6):
            assert shared.setdefault(tuple(words[at : at + 7]), name) == name
    for text in texts.values():
        lines = [line for line in text.splitlines() if line]
        assert len(lines) == len(set(lines))


@pytest.mark.parametrize("name", NAMES)
async def test_perfect_edits_repair_everything_and_touch_nothing_else(name) -> None:
    """As many moves as there are faults to be seen at a time, and nothing else is touched, byte for byte."""
    document = long_text.load(name)
    model = ScriptedModel(lambda prompt: perfect(document, prompt))
    row, _ = await long_text.play(document, "edit", model)
    assert (row.outcome, row.repaired, row.open) == ("accepted", len(document.planted), ())
    assert row.passes <= 1 + -(-len(document.planted) // 2)
    assert row.calls == row.passes - 1
    assert (row.untouched.changed, row.untouched.gone) == (0, 0)
    assert row.counts == long_text.Counts(failed_patches=0, missed_edits=0, reasks=0, fallbacks=0, failed_moves=())


async def test_an_edit_that_misses_is_asked_for_again_and_counted() -> None:
    """One reply with two edits that do not apply, one re-ask, no fall-back."""
    document = long_text.load(FERRY)
    wrong = [{"search": "no such passage", "replace": "a"}, {"search": "nor this one", "replace": "b"}]

    def say(prompt) -> str:
        return json.dumps({"edits": wrong}) if len(model.prompts) == 1 else perfect(document, prompt)

    model = ScriptedModel(say)
    row, _ = await long_text.play(document, "edit", model)
    assert row.outcome == "accepted"
    assert row.counts == long_text.Counts(failed_patches=1, missed_edits=2, reasks=1, fallbacks=0, failed_moves=())


async def test_a_reply_of_which_a_part_applies_is_counted_as_a_failed_patch_too() -> None:
    """What is kept of it does not hide what was not."""
    document = long_text.load(FERRY)

    def say(prompt) -> str:
        reply = json.loads(perfect(document, prompt))
        if len(model.prompts) == 1:
            reply["edits"]["finished"].append({"search": "no such passage", "replace": "a"})
        return json.dumps(reply)

    model = ScriptedModel(say)
    row, _ = await long_text.play(document, "edit", model)
    assert (row.outcome, row.counts.failed_patches, row.counts.reasks) == ("accepted", 1, 0)


async def test_an_edit_that_misses_twice_fails_and_another_move_is_a_fall_back() -> None:
    """Edits of few faults and of one come to nothing, each asked for twice; the rewrite after them is a fall-back."""
    document = long_text.load(FERRY)
    model = ScriptedModel(
        lambda prompt: document.repaired if prompt.schema is None else '{"edits": [{"search": "none", "replace": ""}]}'
    )
    row, text = await long_text.play(document, "edit", model)
    assert (row.outcome, text) == ("accepted", document.repaired)
    assert row.counts == long_text.Counts(
        failed_patches=4,
        missed_edits=2,
        reasks=2,
        fallbacks=1,
        failed_moves=("patch_not_applied", "patch_not_applied"),
    )


async def test_the_other_arm_only_rewrites() -> None:
    """It is never asked for edits, has as many tactics to try, and its moves are no fall-backs."""
    document = long_text.load(FERRY)
    worse = iter("abcdefghij")
    model = ScriptedModel(lambda _: f"{document.draft}\nStill TBD, version {next(worse)}.\n")
    row, _ = await long_text.play(document, "rewrite", model, passes=7)
    assert (row.calls, row.counts.fallbacks, row.counts.failed_patches) == (6, 0, 0)
    assert all(prompt.schema is None for prompt in model.prompts)
    assert len(long_text.ARMS["rewrite"].long_ladder) == len(long_text.ARMS["edit"].long_ladder)


async def test_both_arms_have_the_same_caps_and_seeds() -> None:
    """What differs is the move, not what a reply may be long or how it is sampled."""
    document = long_text.load(FERRY)
    seen = []
    for arm in long_text.ARMS:
        model = ScriptedModel(lambda prompt: document.repaired if prompt.schema is None else "no edits")
        await long_text.play(document, arm, model, passes=2, seed=7)
        seen.append((model.prompts[0].max_tokens, model.prompts[0].seed, model.prompts[0].temperature))
    assert seen[0] == seen[1]


async def test_tokens_are_those_of_all_calls() -> None:
    """Input and output of every call, failed ones included, add up to the tokens of the row."""
    document = long_text.load(FERRY)
    model = ScriptedModel(lambda prompt: document.repaired if prompt.schema is None else "no edits here")
    row, _ = await long_text.play(document, "edit", model)
    replies = [document.repaired if prompt.schema is None else "no edits here" for prompt in model.prompts]
    assert len(replies) == row.calls == 3
    assert row.output == sum(len(reply) // 4 for reply in replies)
    assert row.tokens == row.output + sum(len(p.system + p.user) // 4 for p in model.prompts)


def test_words_outside_the_planted_places_are_counted_as_changed_and_as_gone() -> None:
    """A line with another word is changed as a whole; only the word is gone, and planted places do not count."""
    document = replace(
        long_text.load(FERRY),
        draft="one two three four\nTBD five\n\nsix seven eight\n",
        planted=(long_text.Planted(criterion="finished", lines=(2,), what="a placeholder"),),
    )

    def count(text: str) -> tuple[int, int, int]:
        found = long_text.untouched(document, text)
        return found.words, found.changed, found.gone

    assert count(document.draft) == (7, 0, 0)
    assert count("one two three four\nfive\n\nsix seven eight\n") == (7, 0, 0)
    assert count("one two 3 four\nTBD five\n\nsix seven eight\n") == (7, 4, 1)
    assert count("one two three four\nfive six seven eight\n") == (7, 3, 0)
    assert count("one two three four\n") == (7, 3, 3)
    assert count("") == (7, 7, 7)


async def test_the_table_compares_the_arms_and_does_not_hide_an_unfinished_repair(tmp_path) -> None:
    """A price is marked as a lower bound where not all was repaired; the shares are those of the rows."""
    document = long_text.load(FERRY)

    def say(prompt) -> str:
        return document.draft.replace("[name]", "Ragna Thorsen") if prompt.schema is None else perfect(document, prompt)

    store = long_text.Store(tmp_path / "out")
    model = ScriptedModel(say)
    rows = await long_text.bench([FERRY], list(long_text.ARMS), model, seed=0, passes=4, store=store)
    edit, rewrite = rows
    assert (edit.outcome, edit.repaired, rewrite.outcome, rewrite.repaired) == ("accepted", 5, "out_of_budget", 1)
    said = long_text.table(rows)
    assert f"| {FERRY} | edit | accepted | 5/5 | {edit.passes} | {edit.tokens:,} |" in said
    assert f"| {FERRY} | rewrite | out_of_budget | 1/5 | {rewrite.passes} | > {rewrite.tokens:,} |" in said
    assert f"edits took {100 * edit.tokens / rewrite.tokens:.0f} % of the tokens of rewrites" in said
    assert f"and {100 * edit.output / rewrite.output:.0f} % of the tokens written" in said
    assert "No document was repaired in full by both arms" in said
    assert f"{-(-edit.tokens // 5):,} tokens by edits, {rewrite.tokens:,} by rewrites" in said
    both = [edit, replace(rewrite, outcome="accepted", repaired=5)]
    assert "on the 1 that both arms repaired" in long_text.table(both)


async def test_a_bench_that_was_cut_off_goes_on_with_the_rows_it_has(tmp_path) -> None:
    """Rows are read back as they were written, and what is there is not run again."""
    document = long_text.load(FERRY)
    model = ScriptedModel(lambda prompt: perfect(document, prompt))
    first = await long_text.bench([FERRY], ["edit"], model, seed=0, passes=8, store=long_text.Store(tmp_path))
    assert LEFT_OUT in (tmp_path / f"{FERRY}-edit.md").read_text(encoding="utf-8")
    again = long_text.Store(tmp_path, keep=True)
    idle = ScriptedModel([])
    assert await long_text.bench([FERRY], ["edit"], idle, seed=0, passes=8, store=again) == first
    assert idle.prompts == []
    assert long_text.Store(tmp_path).rows == []


async def test_a_run_that_was_cut_off_goes_on_after_its_last_call(tmp_path) -> None:
    """A repair of many minutes is done in pieces, and no call is paid for twice."""
    document = long_text.load(FERRY)
    one = json.dumps({"edits": [{"search": "[name]", "replace": "Ragna Thorsen"}]})

    def say(prompt) -> str:
        if prompt.schema is None:
            return document.repaired
        return one if len(model.prompts) == 1 else perfect(document, prompt)

    model = ScriptedModel(say)
    keep = {"seed": 0, "passes": 8}
    rows = await long_text.bench(
        [FERRY], ["edit"], model, store=long_text.Store(tmp_path), up=lambda: len(model.prompts) == 1, **keep
    )
    assert (rows, len(model.prompts)) == ([], 1)
    (row,) = await long_text.bench([FERRY], ["edit"], model, store=long_text.Store(tmp_path, keep=True), **keep)
    assert (row.outcome, row.calls, row.passes - 1) == ("accepted", len(model.prompts), len(model.prompts))
    assert row.calls > 1


def test_the_command_line_names_a_document_that_is_not_there(capsys) -> None:
    """A misspelt document ends with a line that lists the ones there are."""
    with pytest.raises(SystemExit) as left:
        long_text.main(["--documents", "ferry"])
    assert left.value.code == 2
    assert FERRY in capsys.readouterr().err
    assert long_text.SMALL in NAMES


def test_the_small_bench_plays_one_document_and_one_move_an_arm(tmp_path, monkeypatch, capsys) -> None:
    """From the command line to the table, with a model over HTTP on this machine."""
    monkeypatch.setenv("SETPOINT_HOME", str(tmp_path / "home"))
    document = long_text.load(long_text.SMALL)
    with FaultServer(scripted(json.dumps({"edits": []}), document.repaired)) as server:
        long_text.main(["--small", "--author", f"openai:m@{server.url}", "--out", str(tmp_path / "out")])
    said = capsys.readouterr().out
    assert f"| {long_text.SMALL} | edit | out_of_budget | 0/6 | 2 | > " in said
    assert f"| {long_text.SMALL} | rewrite | accepted | 6/6 | 2 | " in said
    assert (tmp_path / "out" / f"{long_text.SMALL}-rewrite.md").read_text(encoding="utf-8") == document.repaired

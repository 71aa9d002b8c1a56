"""Stop rules replayed on made-up traces: what is counted, what is returned, what is fitted to what."""

import gzip
import importlib
import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.append(str(BENCH))
replaying = importlib.import_module("stop_rules_replay")
report = importlib.import_module("stop_rules")
sys.path.remove(str(BENCH))

Loop, Plain, Point, Replayed = replaying.Loop, replaying.Plain, replaying.Point, replaying.Replayed


def loop(*errors, prompt="p", workload="w"):
    """A recording made up."""
    return Loop(prompt=prompt, workload=workload, errors=errors)


def played(rule, *errors):
    """What a rule has from a recording made up."""
    return replaying.replay(replaying.ready([loop(*errors)]), rule)[0]


def mixed(prompts=40):
    """Per prompt one loop that passes late but shows early that it moves, and one that only gets worse."""
    moving = [loop(4, 3, 3, 3, 0, 1, prompt=f"p{n}", workload="a") for n in range(prompts)]
    doomed = [loop(4, 5, 6, 7, 8, 9, prompt=f"p{n}", workload="b") for n in range(prompts)]
    return [*moving, *doomed]


class TestReplay:
    def test_a_loop_ends_at_the_first_pass_without_errors(self):
        """What the recording did afterwards is neither paid for nor able to spoil the result."""
        assert played(replaying.cap(10), 2, 0, 5, 5) == Replayed(2, passed=True, reached=True)

    def test_the_first_draft_may_be_enough(self):
        """A rule that never goes on still gets the first draft."""
        assert played(replaying.cap(1), 0, 3) == Replayed(1, passed=True, reached=True)

    def test_a_pass_that_the_rule_did_not_buy_is_not_counted(self):
        """The zero at pass four is out of reach of a cap of three."""
        assert played(replaying.cap(3), 3, 2, 1, 0) == Replayed(3, passed=False, reached=False)

    def test_the_best_draft_is_returned_not_the_last(self):
        """A loop that ends worse than it was still reached the best of the recording."""
        assert played(replaying.cap(3), 5, 1, 9, 4) == Replayed(3, passed=False, reached=True)

    def test_the_recording_ends_every_loop(self):
        """A rule that always goes on pays for what was recorded and no more."""
        assert played(lambda _: True, 3, 3, 2) == Replayed(3, passed=False, reached=True)

    def test_a_failed_call_costs_a_pass_and_is_no_measurement(self):
        """It is neither a pass nor a draft with very many errors."""
        seen = replaying.situations((2, None, 2, 1))
        assert [(s.fruitless, s.now, s.trend) for s in seen] == [
            (0, 2, "start"),
            (1, 2, "start"),
            (2, 2, "flat"),
            (0, 1, "fell"),
        ]

    def test_a_failed_first_call_leaves_everything_open(self):
        """Whatever is measured next is better than nothing."""
        seen = replaying.situations((None, 7))
        assert [(s.best, s.fruitless, s.trend) for s in seen] == [(float("inf"), 1, "start"), (7, 0, "start")]

    def test_a_trend_that_fell_once_stays_so(self):
        """Later rises do not take back that the author could move the errors."""
        assert [s.trend for s in replaying.situations((4, 4, 5, 4, 9))] == ["start", "flat", "rose", "fell", "fell"]

    def test_loops_with_equal_errors_share_their_trace_and_keep_their_prompt(self):
        """Sharing is for speed; groups stay apart."""
        first, second = replaying.ready([loop(1, 0, prompt="p"), loop(1, 0, prompt="q")])
        assert first.trace is second.trace
        assert (first.loop.prompt, second.loop.prompt) == ("p", "q")


class TestRules:
    def test_patience_counts_fruitless_passes_in_a_row(self):
        """A gain sets the count back to nothing."""
        assert played(replaying.patience(2), 5, 5, 4, 4, 4, 0).passes == 5

    def test_an_equal_count_is_fruitless(self):
        """Wording that changes without substance is no progress."""
        assert played(replaying.patience(1), 5, 5, 0).passes == 2

    @pytest.mark.parametrize(
        ("errors", "passes"),
        [((3, 4, 0), 2), ((3, 3, 3, 0), 3), ((3, 3, 2, 2, 2, 0), 5), ((3, 2, 1, 0), 4)],
    )
    def test_divergence_stops_at_a_rise_and_at_the_second_stall(self, errors, passes):
        """The rule of monitors that watch the ratio of one error to the one before."""
        assert played(replaying.divergence, *errors).passes == passes

    @pytest.mark.parametrize(
        ("errors", "passes"),
        [
            ((3, 3, 3, 0), 3),  # no sign of life
            ((3, 4, 4, 0), 3),  # raised, never lowered
            ((3, 9, 4, 4, 4, 4, 0), 6),  # lowered once: the cap ends it
            ((1, 1, 1, 1, 1, 1, 0), 6),  # one error that never became more
            ((1, 2, 2, 1, 0), 3),  # one error at first, but raised since
        ],
    )
    def test_the_plain_rule_is_patient_only_with_a_sign_of_life(self, errors, passes):
        """Two fruitless passes end a loop, unless a pass lowered the errors or one error is left."""
        assert played(Plain(fruitless=2, cap=6, one_left=True), *errors).passes == passes

    def test_without_the_exception_one_error_is_like_any_other(self):
        """The exception is a part of the rule that can be left out."""
        assert played(Plain(fruitless=2, cap=6, one_left=False), 1, 1, 1, 0).passes == 3


class TestFitting:
    def test_the_hazard_is_the_share_that_passes_next(self):
        """Half of the loops with this history pass next; a large sample outweighs what it leans on."""
        loops = [loop(1, 0), loop(1, 1)] * 500
        table = replaying.fit(replaying.ready(loops), 1)
        assert table.rate(replaying.situations((1,))[0]) == pytest.approx(0.5, abs=0.01)

    def test_a_rare_cell_leans_on_the_coarser_one(self):
        """One loop that passed is not a certainty."""
        loops = [*[loop(1, 1)] * 99, loop(2, 0)]
        rate = replaying.fit(replaying.ready(loops), 1).rate(replaying.situations((2,))[0])
        assert 1 / 100 < rate < 0.5

    def test_looking_ahead_sees_past_a_barren_pass(self):
        """Nobody passes at pass two, everybody at pass three: half a loop per pass."""
        near, far = (replaying.fit(replaying.ready([loop(2, 1, 0)] * 1000), horizon) for horizon in (1, 2))
        first = replaying.situations((2,))[0]
        assert near.rate(first) == pytest.approx(0, abs=0.01)
        assert far.rate(first) == pytest.approx(0.5, abs=0.01)

    @pytest.mark.parametrize("seed", range(20))
    def test_no_prompt_is_split_between_folds(self, seed):
        """Every loop has the fold of its prompt, and the folds are of one size."""
        loops = mixed(41)
        folds = replaying.folds_by_prompt(loops, 5, seed)
        sizes = sorted(list(folds.values()).count(fold) for fold in range(5))
        assert sizes == [8, 8, 8, 8, 9]
        assert set(folds) == {each.prompt for each in loops}

    def test_a_rule_is_never_fitted_to_the_prompts_that_it_is_scored_on(self):
        """A family that only remembers its training prompts finds none of them when it is scored."""
        loops = mixed()
        folds = replaying.folds_by_prompt(loops, 5, 3)
        met = []

        def family(training):
            met.append({case.loop.prompt for case in training})
            return {"one pass": replaying.cap(1)}

        ready = replaying.ready(loops)
        replaying.cross_fit(family, lambda each: folds[each.prompt], ready, ready, (2.0,))
        held_out = [{p for p, fold in folds.items() if fold == number} for number in range(5)]
        assert [prompts & out for prompts, out in zip(met, held_out, strict=True)] == [set()] * 5
        assert [prompts | out for prompts, out in zip(met, held_out, strict=True)] == [set(folds)] * 5

    def test_the_setting_is_chosen_on_the_training_folds(self):
        """In one fold a cap of two passes nothing: it is chosen there all the same, since training says so."""
        loops = [loop(1, 0, prompt="a"), loop(1, 1, prompt="b"), loop(1, 0, prompt="c")]
        ready = replaying.ready(loops)
        fitted = replaying.cross_fit(
            lambda _: {"1": replaying.cap(1), "2": replaying.cap(2)},
            lambda each: "abc".index(each.prompt),
            ready,
            ready,
            (2,),
        )
        assert fitted.choices[2] == ("2", "2", "2")
        assert [result.passed for result in fitted.chosen[2].results] == [True, False, True]

    def test_a_choice_keeps_within_its_ceiling(self):
        """The dearer rule passes more and is not taken; without any that fits, the cheapest is."""
        results = {
            "dear": [Replayed(3, passed=True, reached=True)] * 2,
            "cheap": [Replayed(2, passed=True, reached=True), Replayed(2, passed=False, reached=False)],
        }
        assert [replaying.choose(results, ceiling) for ceiling in (3, 2.5, 1)] == ["dear", "cheap", "cheap"]

    def test_a_fitted_rule_tells_the_doomed_from_the_moving(self):
        """At the price of a cap of three, which passes nothing here, it passes half: it learns what movement means."""
        ready = replaying.ready(mixed())
        folds = replaying.folds_by_prompt(mixed(), 5, 1)
        fitted = replaying.cross_fit(replaying.tabulated(8), lambda each: folds[each.prompt], ready, ready, (4.0,))
        assert fitted.chosen[4.0].passed == 50
        assert fitted.chosen[4.0].passes <= 4
        assert Point("cap 3", replaying.replay(ready, replaying.cap(3))).passed == 0


class TestIntervals:
    def test_a_difference_that_is_everywhere_the_same_is_certain(self):
        """Resampling cannot move it."""
        resamples = replaying.Resamples(["a", "a", "b", "c"], 200, 1)
        assert resamples.interval([2.0, 2.0, 2.0, 2.0]) == (2.0, 2.0, 2.0)

    def test_many_loops_of_one_prompt_count_as_one_draw(self):
        """A hundred loops of one prompt are far less certain than a hundred prompts."""
        values = [1.0] * 50 + [0.0] * 50
        alone = replaying.Resamples([f"p{n}" for n in range(100)], 500, 1).interval(values)
        grouped = replaying.Resamples([f"p{n // 25}" for n in range(100)], 500, 1).interval(values)
        assert alone.mean == grouped.mean == 0.5
        assert alone.high - alone.low < 0.25
        assert grouped.high - grouped.low > 0.5

    def test_the_same_seed_gives_the_same_interval(self):
        """Reports can be repeated digit for digit."""
        values = [float(n % 7) for n in range(60)]
        prompts = [f"p{n % 20}" for n in range(60)]
        again = [replaying.Resamples(prompts, 100, 4).interval(values) for _ in range(2)]
        assert again[0] == again[1]

    @pytest.mark.parametrize(
        ("won", "lost", "p"), [(0, 0, 1.0), (3, 3, 1.0), (5, 0, 1 / 16), (0, 5, 1 / 16), (9, 1, 22 / 1024)]
    )
    def test_the_sign_test_is_exact(self, won, lost, p):
        """Two tails of the fair coin."""
        assert report.sign_test(won, lost) == pytest.approx(p)


class TestReport:
    @pytest.fixture
    def folder(self, tmp_path):
        """Recordings in the form of the real ones; the last has a failed call."""
        with gzip.open(tmp_path / "w9-made-up.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.write(json.dumps({"_header": True}) + "\n")
            for number, each in enumerate(mixed(10)):
                history = [float(n) for n in each.errors]
                failed = [2] if number == 19 else []
                recorded = {"error_history": [1e6 if n + 1 in failed else e for n, e in enumerate(history)]}
                conditions = {name: recorded | {"failed_iters": failed} for name in ("B20", "B10")}
                workload = f"w{number % 3}-made-up"
                lines.write(json.dumps({"prompt": each.prompt, "workload": workload, "conditions": conditions}) + "\n")
        return tmp_path

    def test_a_failed_call_is_read_as_no_measurement(self, folder):
        """A million errors in the file are a mark, not a count."""
        loops = replaying.load(folder, "B20")
        assert len(loops) == 20
        assert loops[0].errors == (4, 3, 3, 3, 0, 1)
        assert loops[-1].errors == (4, None, 6, 7, 8, 9)
        assert {each.workload for each in loops} == {"w0", "w1", "w2"}

    def test_the_report_and_its_picture_are_whole(self, folder):
        """Every section has its table, and the picture is well-formed and has both colour schemes."""
        long = report.Recording.of(replaying.load(folder, "B20"), 50, 1)
        text, drawn = report.Report(long=long, short=long, folds=3, splits=2, seed=1).render()
        assert "| cap 3 | 3.00 | 0.00 |" in text
        assert "| cap 6 | 5.50 | 50.00 |" in text
        assert text.count("| rule |") == 7
        root = ET.fromstring(drawn)
        assert root.tag.endswith("svg")
        assert "prefers-color-scheme: dark" in drawn

"""The tuning of the control law: numbers and switches, not rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from setpoint.core.action import Question, Tactic

__all__ = ["APPROACHES", "LADDER_LONG", "LADDER_SHORT", "PRESETS", "SWITCHES", "Policy", "Preset", "preset"]

Preset: TypeAlias = Literal["default", "canon"]

LADDER_SHORT: Final = (
    Tactic("redraft", "all", "steady"),
    Tactic("rewrite", "few", "steady"),
    Tactic("edit", "few", "steady"),
    Tactic("redraft", "all", "varied"),
    Tactic("rewrite", "one", "varied"),
    Tactic("edit", "one", "varied"),
)
"""For texts where a fresh draft costs little more than an edit: a checklist gains more there than feedback does."""

LADDER_LONG: Final = (
    Tactic("edit", "few", "steady"),
    Tactic("rewrite", "few", "steady"),
    Tactic("edit", "one", "varied"),
    Tactic("redraft", "all", "steady"),
    Tactic("rewrite", "one", "varied"),
    Tactic("redraft", "all", "varied"),
)
"""For texts where an edit costs a tenth of a fresh draft."""

APPROACHES: Final = (
    (
        "Begin from the demand that was missed: decide first, in one sentence of your own, how this text will meet it, "
        "and let everything else follow from that sentence. Do not reuse the shape of the earlier text."
    ),
    "Turn the text around: start from what its reader has to do or to know at the end, and put in only what leads there.",
)
"""What a restart does differently, in turn (rule 14)."""

SWITCHES: Final = (
    "focus",
    "gain",
    "structure",
    "competing",
    "mediate",
    "promote",
    "freeze",
    "off_strategy",
    "restart",
    "ratchet",
    "second_reading",
    "confirm",
    "redirect",
)
"""What can be switched off by name, to measure what it buys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The tuning of the control law.

    Args:
        preset: ``default`` goes on while a tactic is untried; ``canon`` stops at the first pass that resolves nothing,
            unless a remedy (rules 12 to 14) is due.
        long_words: from this many words on, an edit is taken to be cheaper than a fresh draft.
        trust_threshold: a critic that notices fewer planted failures than this share can bring a run to
            ``unverified`` at best.
        informed: a critic whose Youden index on planted texts is lower than this can do no more than that either.
        disputes: how often in a run one criterion may get a third reading before it is named disputed.
        broken_readings: unusable replies of a critic in a row that end the run.
        failed_calls: failed calls of one role in a row that end the run.
        empty_starts: failed first drafts in a row that end the run.
        short_ladder: the tactics for texts under ``long_words``; ties between them go to the earlier (rule 11).
        long_ladder: the tactics for longer texts.
        focus: how many faults a pass takes on at first (rule 7).
        most_focus: how many at the most.
        stubborn: targeted so often without being fixed, a criterion gets a remedy (rule 12).
        trades: so many confirmed trades make a conflicting pair (rule 13).
        freeze_passes: passes in which one of the pair is worked on while the other is frozen.
        patience: passes without a gain on the core after which the run restarts (rule 14).
        restarts: how often it may.
        outline_passes: drafts of an outline before the best is locked (rule 10).
        confirm_alone: whether the same critic confirms one criterion per call instead of all in one (rule 15).
        minor_patience: fruitless passes in a row after which open minor criteria are left as they are (rule 15).
        tries: tactics on one draft, each fruitless, after which a criterion is set aside.
        stop_below: a chance to finish within the budget below which the run ends early (rule 17); 0 never does.
        own_runs: finished runs of the author that ``stop_below`` needs.
        ask: what a person is asked about (rule 20).
        off: what is switched off, by name (see `SWITCHES`).

    Raises:
        ValueError: if a switch is not known.
    """

    preset: Preset = "default"
    long_words: int = 400
    trust_threshold: float = 0.6
    informed: float = 0.2
    disputes: int = 2
    broken_readings: int = 4
    failed_calls: int = 2
    empty_starts: int = 3
    short_ladder: tuple[Tactic, ...] = LADDER_SHORT
    long_ladder: tuple[Tactic, ...] = LADDER_LONG
    focus: int = 4
    most_focus: int = 6
    stubborn: int = 2
    trades: int = 2
    freeze_passes: int = 2
    patience: int = 2
    restarts: int = 1
    outline_passes: int = 3
    confirm_alone: bool = False
    minor_patience: int = 2
    tries: int = 6
    stop_below: float = 0.05
    own_runs: int = 20
    ask: tuple[Question, ...] = ()
    off: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [name for name in self.off if name not in SWITCHES]
        if unknown:
            raise ValueError(f"{unknown[0]!r} cannot be switched off; what can be: {', '.join(SWITCHES)}")

    def ladder(self, words: int) -> tuple[Tactic, ...]:
        """The tactics in the order to try them, for a text of that many words."""
        return self.long_ladder if words >= self.long_words else self.short_ladder

    def on(self, switch: str) -> bool:
        """Whether a rule that can be switched off is on."""
        return switch not in self.off


PRESETS: Final[Mapping[Preset, Policy]] = MappingProxyType(
    {
        "default": Policy(),
        # The textbook: one or two faults a pass, every draft read in full, no pass after one that resolved nothing.
        "canon": replace(Policy(), preset="canon", focus=2, most_focus=2, minor_patience=1, confirm_alone=True),
    }
)


def preset(name: Preset) -> Policy:
    """The policy of that name."""
    return PRESETS[name]

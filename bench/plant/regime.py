"""What kind of author and critic the plant plays: numbers only, each with its source.

Sources, by short name:

- *traces*: 300 self-refinement loops over lists of 20 to 30 required words (three models, eleven drafts each; GPT-4,
  GPT-3.5, Gemini), of which only derived facts are kept: what was truly missing, what the critic flagged.
- *verifiers*: single requirements with a programmatic verifier, answered once by seven open models.
- *small-model run*: a 1.5B model on 541 prompts with verifiers; repeated drafts, with and without a list of what failed.
- *assumed*: nobody measured it; chosen so that the mechanism is visible, and to be varied by a benchmark that rests on it.

A benchmark on the plant is a mechanism test: it shows that a rule does what it is for, not how well a product writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["REGIMES", "Regime"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One kind of author, critic and task. All rates are probabilities unless said otherwise."""

    name: str
    """How it is called in tables."""
    reader: Literal["resident", "stranger"] = "resident"
    """Who makes sense of the prompts: `plant.grasp`, or `plant.stranger`, written without knowledge of any prompt."""
    luck: str = ""
    """What task and luck are drawn by; its name unless given. Regimes that share it are paired by seed."""

    # The task
    criteria: int = 8
    """How many demands (assumed; RefineBench has 9.9 yes/no items a task, 2511.22173)."""
    judged: int = 4
    """How many of them the critic measures; the rest have checks (assumed)."""
    core: int = 1
    """How many are core (assumed)."""
    sections: int = 4
    """How many headings a text has (assumed)."""
    words: int = 240
    """Words of a draft (assumed; traces: 80 to 150, long documents 1,500)."""

    # The author
    first: float = 0.65
    """A listed demand is met in a draft from nothing (verifiers: 0.45 to 0.87 by model; 0.65 is Llama-3-8B)."""
    unlisted: float = 0.7
    """Factor on `first` for a demand the prompt does not name (assumed; listing constraints apart gained 82 to 91.5 %,
    2601.03359)."""
    lesson: float = 0.05
    """In a new start, an extra chance for a demand that is named as having failed before. Small-model run: the gain of
    a second draft with that list was 14.9 % of what was open, without it 15.2 %: next to nothing."""
    fix: float = 0.81
    """A failing demand is fixed by a revision that singles it out, alone (traces: 0.93, 0.81, 0.77 for one item)."""
    fix_listed: float = 0.04
    """A failing demand is fixed by a revision that lists it only (traces, missing but not flagged: 0.06, 0.04, 0.10)."""
    fix_unmentioned: float = 0.02
    """A failing demand is fixed by a revision that does not name it (assumed: half of the least that was measured)."""
    spread: float = 4.0
    """Concentration a + b of the Beta that `fix` and `first` are drawn from per demand; less is more uneven. Traces:
    GPT-3.5's rate falls .82, .76, .64, .40 with failed tries, about 4; Gemini's does not fall, about 30."""
    crowding: float = 0.0
    """How the fix rate falls with n demands singled out at once: fix / (1 + crowding·(n - 1)). Traces: flat for GPT-3.5
    (.81 alone, .81 with more than ten), .77 to .35 for Gemini, which is 0.12."""
    loss: float = 0.065
    """A met demand is lost in a revision that touches the whole text (traces: 0.015, 0.065, 0.204). An edit loses this
    times the share of lines it touches; a draft from nothing draws every demand anew."""
    kept: float = 0.85
    """Factor on `loss` for a demand that the prompt says to keep (assumed: a mild effect)."""
    rewrite_share: float = 0.6
    """Share of the lines that a rewrite words anew (assumed; over-editing is the default, FineEdit 2502.13358). Losses
    are measured per rewrite, so `loss` is not scaled by it."""
    edit_miss: float = 0.08
    """An edit quotes its passage wrongly (assumed; aider's benchmarks show that it happens, not how often)."""

    # The critic
    sensitivity: float = 0.92
    """A failing demand is called failing (traces, first draft: .28, .92, .75)."""
    unnamed: float = 0.3
    """Factor on `sensitivity` for a demand that the critic's prompt does not name. Feedback without the list gained 1.8
    points, with it nearly everything (RefineBench, 2511.22173); GPT-4 found .28 of its own misses (traces)."""
    alarm: float = 0.06
    """A met demand is called failing (traces, pooled over eleven drafts: .006, .06, .22)."""
    rho: float = 0.5
    """Correlation of the critic's errors between two calls about the same passage; 0 fresh noise, 1 the same error for
    ever. Nine judges amount to two independent votes (2605.29800), identical re-runs flip 13.6 % (2606.13685)."""
    rewording: float = 0.0
    """The critic words a fault it named before in another way, and cites other lines."""
    abstain: float = 0.0
    """The critic says that it cannot tell."""

    # What stands in the way
    conflict: Literal["", "satisfiable", "true"] = ""
    """Two demands pull against each other. ``satisfiable``: solved if the prompt orders them, or holds one fast and
    works on the other only. ``true``: no text meets both."""
    pull: float = 0.9
    """Chance that meeting one of a conflicting pair costs the other (assumed)."""
    stubborn: Literal["", "competing", "plain"] = ""
    """One demand is never met by asking for it. ``competing``: because of another demand; met once the prompt says
    which of the two comes first. ``plain``: met when the prompt gives it as a list to verify with evidence."""
    remedied: float = 0.85
    """Chance that the right remedy works, per revision (assumed; "verify first" took introduced errors from 2 % to 0,
    2604.22273)."""
    premise: float = 0.0
    """Chance that a draft from nothing starts from the wrong premise, so that the core fails until a new start that
    takes another approach."""
    sloppy: float = 0.0
    """With a demand on structure: chance that a draft gets the order of its sections wrong. 0 leaves the demand out."""
    flip: float = 0.45
    """Chance that a rewrite breaks a right structure unless the outline is given as fixed (assumed)."""
    restructured: float = 0.5
    """Chance that a rewrite puts a wrong structure right when that is singled out (assumed: harder than a sentence; an
    edit cannot do it)."""
    restructuring: float = 3.0
    """Factor on `loss` in a revision that changes the structure (assumed)."""

    # Replies
    broken: float = 0.0
    """A reply is of no use: prose instead of the form asked for, cut off, refused or empty, a quarter each."""
    fenced: float = 0.05
    """A reply is wrapped in a code fence or in small talk (assumed)."""

    @property
    def drawn_by(self) -> str:
        """What task and luck are drawn by."""
        return self.luck or self.name


_STRONG: Final = Regime(
    name="strong",
    first=0.865,
    fix=0.93,
    fix_listed=0.06,
    fix_unmentioned=0.03,
    loss=0.015,
    lesson=0.3,
    alarm=0.006,
    edit_miss=0.03,
    fenced=0.02,
)
_MIDDLING: Final = Regime(name="middling")
_WEAK: Final = Regime(
    name="weak",
    first=0.48,
    fix=0.77,
    fix_listed=0.10,
    fix_unmentioned=0.05,
    spread=30.0,
    crowding=0.12,
    loss=0.204,
    sensitivity=0.75,
    alarm=0.22,
    edit_miss=0.2,
    fenced=0.15,
)
# The obstacles are shown on an author who is otherwise good, so that what a remedy does is not lost in its noise.
_ABLE: Final = replace(_STRONG, first=0.8, loss=0.03, fix=0.88, spread=12.0, sensitivity=0.95, alarm=0.01)

_ALL: Final = (
    _STRONG,
    _MIDDLING,
    _WEAK,
    replace(_ABLE, name="conflict-satisfiable", conflict="satisfiable"),
    replace(_ABLE, name="conflict-true", conflict="true"),
    replace(_ABLE, name="stubborn-competing", stubborn="competing"),
    replace(_ABLE, name="stubborn-plain", stubborn="plain"),
    replace(_ABLE, name="wrong-premise", premise=0.95),
    replace(_ABLE, name="sloppy-structure", sloppy=0.9),
    replace(_MIDDLING, name="rewording", rewording=1.0),
    replace(_MIDDLING, name="broken-replies", broken=0.15, fenced=0.4),
    replace(_MIDDLING, name="long-text", words=1500, sections=8),
    replace(_STRONG, name="easy", first=0.995, loss=0.005, alarm=0.002, spread=200.0),
    replace(_WEAK, name="hopeless", first=0.2, fix=0.05, fix_listed=0.02, fix_unmentioned=0.01, loss=0.3),
    # GPT-4 in the traces found 28 % of what its own drafts missed: the critic who shares the author's eye.
    replace(_STRONG, name="blind-critic", sensitivity=0.28, rho=0.9),
)

_STRANGE: Final = tuple(
    replace(regime, name=f"stranger-{regime.name}", reader="stranger", luck=regime.name)
    for regime in _ALL
    if regime.name
    in {
        "middling",
        "conflict-satisfiable",
        "conflict-true",
        "stubborn-competing",
        "stubborn-plain",
        "wrong-premise",
        "sloppy-structure",
    }
)
"""The same tasks and the same luck, but the prompts are read by somebody else."""

REGIMES: Final[Mapping[str, Regime]] = MappingProxyType({regime.name: regime for regime in (*_ALL, *_STRANGE)})
"""The named regimes."""

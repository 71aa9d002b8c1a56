"""Real answers with the truth about each requirement, and the sample of them that is judged."""

import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypedDict, cast

from judging.sentences import sentence
from setpoint.core.spec import Criterion, Spec

__all__ = ["Answer", "Half", "answers", "in_half", "sample"]

Half: TypeAlias = Literal["development", "report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of one model to one prompt.

    Args:
        key: unique; the model and the prompt's number.
        prompt: the prompt's number in IFEval: answers that share it are not independent.
        spec: the prompt as the brief, its requirements as criteria for a critic.
        text: the answer.
        truth: criterion name → whether IFEval's verifier found it met.
    """

    key: str
    prompt: int
    spec: Spec
    text: str
    truth: dict[str, bool]

    @property
    def names(self) -> tuple[str, ...]:
        """The criteria, in their order."""
        return tuple(self.truth)


class _Row(TypedDict):
    key: int
    prompt: str
    instruction_id_list: list[str]
    kwargs: list[dict[str, object]]


class _Labelled(TypedDict):
    prompt: str
    response: str
    follow_instruction_list: list[bool]


def answers(data: Path) -> list[Answer]:
    """All labelled answers, in the order of the files.

    Args:
        data: the folder that holds ``ifeval/``.

    Raises:
        OSError: if it does not.
    """
    folder = data / "ifeval"
    rows = [cast("_Row", json.loads(line)) for line in _lines(folder / "input_data.jsonl")]
    specs = {row["prompt"].strip(): (row["key"], _spec(row)) for row in rows}
    found: list[Answer] = []
    for file in sorted(folder.glob("labelled_*.jsonl")):
        model = file.stem.split("_")[-1]
        for line in _lines(file):
            labelled = cast("_Labelled", json.loads(line))
            number, spec = specs[labelled["prompt"].strip()]
            truth = dict(zip(spec.names(), labelled["follow_instruction_list"], strict=True))
            text = labelled["response"]
            found.append(Answer(key=f"{model}:{number}", prompt=number, spec=spec, text=text, truth=truth))
    return found


def _lines(file: Path) -> list[str]:
    # Not splitlines(): answers hold other line separators than the one between rows.
    return [line for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]


def _spec(row: _Row) -> Spec:
    names: dict[str, str] = {}
    for kind, given in zip(row["instruction_id_list"], row["kwargs"], strict=True):
        bare = kind.partition(":")[2].replace("_", "-")
        name = next(one for one in (bare, *(f"{bare}-{n}" for n in range(2, 9))) if one not in names)
        names[name] = sentence(kind, given)
    return Spec(
        brief=row["prompt"].strip(), criteria=tuple(Criterion(name=name, says=says) for name, says in names.items())
    )


def in_half(answer: Answer, half: Half) -> bool:
    """Whether an answer belongs to a half: all answers to one prompt fall into the same one."""
    odd = hashlib.sha256(str(answer.prompt).encode()).digest()[0] % 2
    return odd == (half == "report")


_SHORTEST: Final = 5


def sample(known: Sequence[Answer], *, seed: int, most_words: int | None = None) -> list[Answer]:
    """The answers in the order in which they are to be judged, so that any beginning of it is a fair sample.

    One answer for each prompt comes first, then a second one, and so on. Within a round, kinds of requirements take
    turns, as do answers with several requirements and with one, and whichever of "fails something" and "fails nothing"
    has fewer requirements so far goes next: about half of the requirements of a beginning are failing ones while there
    are enough of them.

    Args:
        known: the answers of one half.
        seed: the order among equals.
        most_words: leaves out longer answers; for a slow model.
    """
    rng = random.Random(seed)
    by_prompt: dict[int, list[Answer]] = defaultdict(list)
    for answer in known:
        words = len(answer.text.split())
        if words >= _SHORTEST and (most_words is None or words <= most_words):
            by_prompt[answer.prompt].append(answer)
    stacks = [rng.sample(stack, len(stack)) for _, stack in sorted(by_prompt.items())]
    rng.shuffle(stacks)
    rounds = zip_longest(*stacks)
    return list(chain.from_iterable(_balanced([one for one in around if one is not None]) for around in rounds))


def _kinds_in_turn(around: Sequence[Answer]) -> list[Answer]:
    """The first answer about each set of requirements that fails or is met, then the second about each, and so on."""
    seen: Counter[tuple[tuple[str, bool], ...]] = Counter()
    turns: list[tuple[int, Answer]] = []
    for answer in around:
        kind = tuple(sorted(answer.truth.items()))
        turns.append((seen[kind], answer))
        seen[kind] += 1
    return [answer for _, answer in sorted(turns, key=itemgetter(0))]


def _balanced(around: Sequence[Answer]) -> Iterator[Answer]:
    queues: dict[tuple[bool, bool], list[Answer]] = defaultdict(list)
    for answer in reversed(_kinds_in_turn(around)):
        queues[len(answer.truth) > 1, not all(answer.truth.values())].append(answer)
    surplus = 0  # failing requirements less those that are met
    several = True
    while any(queues.values()):
        wanted = [
            (several, surplus <= 0),
            (not several, surplus <= 0),
            (several, surplus > 0),
            (not several, surplus > 0),
        ]
        answer = next(queues[one] for one in wanted if queues[one]).pop()
        several = not several
        met = sum(answer.truth.values())
        surplus += len(answer.truth) - 2 * met
        yield answer

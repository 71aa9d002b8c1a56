"""The plant as a language model: a chat in, a reply out, with usage."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, TypeAlias

from plant.author import Patch, patch, redraft, rewrite, skeleton
from plant.critic import Finding, findings
from plant.forms import (
    Content,
    Schema,
    example_schema,
    fill,
    plain_verdicts,
    property_names,
    prose_advice,
    sections,
)
from plant.grasp import Request, grasp
from plant.reader import Message
from plant.regime import Regime
from plant.stranger import understand
from plant.world import World, dice
from setpoint.core.event import Usage
from setpoint.core.spec import Spec
from setpoint.ports import Check, Finish, Prompt, Reply

__all__ = ["READERS", "Plant", "Reading", "tokens"]

_CHARS_PER_TOKEN: Final = 4
_REFUSAL: Final = "I'm sorry, but I can't help with that."
_CHATTER: Final = (
    "I have thought about this at some length, and there are several ways in which one could go on from here."
)
_BLOCK: Final = re.compile(r"<{5,} ?SEARCH|SEARCH/REPLACE", re.IGNORECASE)
_WANTS_EDITS: Final = re.compile(r'"edits"|"search"|search[- ]and[- ]replace|search/replace', re.IGNORECASE)
_WANTS_FENCE: Final = re.compile(r"(within|inside|between|in) (a )?(triple backticks|``` ?blocks?|```)", re.IGNORECASE)
_ONE_WORD: Final = re.compile(
    r"\b(answer|reply|respond|say|output|return)\b[^.\n]{0,30}\b(only |just |with |exactly )*"
    r"(one word|single word|\W?(PASS|YES|OK)\W{0,3} (or|/) \W?(FAIL|NO))",
    re.IGNORECASE,
)
_TEXT_FIELD: Final = re.compile(r"draft|text|document|answer|output|report|revised|article", re.IGNORECASE)
_MODULES: Final = re.compile(r"\[\[ ## module_names ## \]\]\s*(\[[^\]]*\])")
_EACH: Final = re.compile(r"\b(each|every|per|for all|one by one|line by line)\b", re.IGNORECASE)


Reading: TypeAlias = Callable[[World, Sequence[Message], Iterable[str]], Request]
"""How a prompt is understood: the world, the chat, and the property names of the reply's schema."""
READERS: Final[Mapping[str, Reading]] = MappingProxyType({"resident": grasp, "stranger": understand})
"""The readers that a regime can name."""


def tokens(text: str) -> int:
    """How many tokens a text counts as: a quarter of its characters, the common rule of thumb."""
    return max(1, len(text) // _CHARS_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply before it is put into a protocol."""

    text: str
    finish: Finish


class Plant:
    """A simulated author-and-critic with known truth; implements `setpoint.ports.Model`.

    What it answers follows from the regime, the seed, what the prompt means, and how often the same was asked before.

    Args:
        regime: the kind of author, critic and task.
        seed: draws the task and all luck.
        reading: how prompts are understood; by default, as the regime says.
    """

    def __init__(self, regime: Regime, seed: int = 0, reading: Reading | None = None) -> None:
        self.world = World(regime, seed)
        self._reading = reading or READERS[regime.reader]
        self.calls = 0
        self._asked: Counter[str] = Counter()
        self._judged: Counter[tuple[int, str]] = Counter()

    @property
    def name(self) -> str:
        """``plant:regime``."""
        return f"plant:{self.world.regime.name}"

    @property
    def spec(self) -> Spec:
        """The task."""
        return self.world.spec

    def truth(self, text: str) -> dict[str, bool]:
        """Which criteria a text truly meets; for the bench only."""
        return self.world.truth(text)

    def checks(self) -> dict[str, Check]:
        """Exact checks for the criteria that have one."""
        return self.world.checks()

    async def ask(self, prompt: Prompt) -> Reply:
        """Answer one request."""
        messages = [Message("user", prompt.user)]
        if prompt.system:
            messages.insert(0, Message("system", prompt.system))
        answer = self.answer(messages, schema=prompt.schema, max_tokens=prompt.max_tokens)
        usage = Usage(input=sum(tokens(m.text) for m in messages), output=tokens(answer.text))
        return Reply(text=answer.text, finish=answer.finish, usage=usage)

    def answer(self, messages: Sequence[Message], *, schema: Schema | None = None, max_tokens: int = 0) -> Answer:
        """Answer a chat.

        Args:
            messages: the chat.
            schema: what a JSON reply must follow; None for what the prompt itself asks for.
            max_tokens: where the reply is cut; 0 for nowhere.
        """
        self.calls += 1
        whole = "\n".join(message.text for message in messages if message.role != "assistant")
        shape = schema if schema is not None else (example_schema(whole) if "JSON" in whole else None)
        request = self._reading(self.world, messages, property_names(shape))
        key = _meaning(request)
        self._asked[key] += 1
        rng = dice(self.world.seed, self.world.regime.drawn_by, key, self._asked[key])
        broken = self._broken(rng)
        text = self._say(request, whole, shape, rng)
        if broken == "refusal":
            return Answer(_REFUSAL, "refusal")
        if broken == "empty":
            return Answer("", "stop")
        if broken == "prose":
            return Answer(_CHATTER, "stop")
        if broken == "cut":
            return Answer(text[: len(text) // 2], "length")
        if rng.random() < self.world.regime.fenced:
            text = _dressed(text, json_like=text.lstrip().startswith(("{", "[")), rng_high=rng.random() < 0.5)
        if max_tokens and tokens(text) > max_tokens:
            return Answer(text[: max_tokens * _CHARS_PER_TOKEN], "length")
        return Answer(text, "stop")

    def _broken(self, rng: random.Random) -> str:
        draw = rng.random()
        rate = self.world.regime.broken
        return ("prose", "cut", "refusal", "empty")[min(3, int(draw / rate * 4))] if draw < rate else ""

    def _say(self, request: Request, whole: str, shape: Schema | None, rng: random.Random) -> str:
        fields = sections(whole) if "[[ ##" in whole else ()
        if fields and not any(_TEXT_FIELD.search(name) for name in fields):
            found = self._findings(request, None)
            content = Content(world=self.world, findings=found, labels=request.labels)
            return _marked({name: _field(content, name, whole) for name in fields})
        match request.act:
            case "judge" | "advise":
                return self._judge(request, whole, shape)
            case "find":
                return self._find(request, whole, shape)
            case "write":
                return self._write(request, whole, shape, rng)

    # Judging

    def _findings(self, request: Request, shape: Schema | None) -> tuple[Finding, ...]:
        named = _enumerated(self.world, shape, request.labels)
        demands = named or request.asked or tuple(range(len(self.world.spec.criteria)))
        unnamed = frozenset(demands) - request.listed
        return tuple(findings(self.world, request.draft, demands, self._judged, unnamed))

    def _judge(self, request: Request, whole: str, shape: Schema | None) -> str:
        found = self._findings(request, shape)
        content = Content(world=self.world, findings=found, labels=request.labels)
        if shape is not None:
            return json.dumps(fill(content, shape), ensure_ascii=False)
        if request.act == "advise":
            return prose_advice(content)
        if "JSON" in whole:
            verdicts = {f.name: {"pass": f.status == "pass", "reason": f.directive or f.reason} for f in found}
            return json.dumps(verdicts, ensure_ascii=False)
        if _ONE_WORD.search(whole) and not _EACH.search(whole):
            return "PASS" if all(f.status == "pass" for f in found) else "FAIL"
        return plain_verdicts(content)

    def _find(self, request: Request, whole: str, shape: Schema | None) -> str:
        """Which demand competes with the one asked about; says so only if one does."""
        world = self.world
        about = request.fix or frozenset(request.asked)
        rival: int | None = None
        if world.rival is not None and world.stubborn in about:
            rival = world.rival
        elif world.pair is not None and about & set(world.pair):
            first, second = world.pair
            rival = second if first in about else first
        line, quote = _where(whole, world.spec.criteria[rival].says) if rival is not None else (0, "")
        content = Content(world=world, rival=rival, rival_line=line, rival_quote=quote)
        if shape is not None:
            return json.dumps(fill(content, shape), ensure_ascii=False)
        if rival is None:
            return "No instruction in the prompt competes with it."
        return f'Line {line} competes with it: "{quote}"' if line else f'This competes with it: "{quote}"'

    # Writing

    def _write(self, request: Request, whole: str, shape: Schema | None, rng: random.Random) -> str:
        world = self.world
        wants_edits = not {"edits", "search"}.isdisjoint(property_names(shape)) or (
            shape is None and "search" in whole.lower() and bool(_WANTS_EDITS.search(whole) or _BLOCK.search(whole))
        )
        if request.outline_only:
            text = skeleton(world, request, rng)
        elif not request.draft.lines:
            text = redraft(world, request, rng)
        elif wants_edits:
            return self._edits(patch(world, request, rng), whole, shape)
        else:
            text = rewrite(world, request, rng)
        if fields := sections(whole) if "[[ ##" in whole else ():
            return _marked(dict.fromkeys(fields, text))
        if shape is not None and property_names(shape):
            evidence = _evidence(world, request, text)
            return json.dumps(fill(Content(world=world, text=text, findings=evidence), shape), ensure_ascii=False)
        return f"```\n{text}```" if "```" in whole and _WANTS_FENCE.search(whole) else text

    def _edits(self, work: Patch, whole: str, shape: Schema | None) -> str:
        if shape is None and _BLOCK.search(whole):
            return "\n".join(f"<<<<<<< SEARCH\n{e.search}\n=======\n{e.replace}\n>>>>>>> REPLACE" for e in work.edits)
        if shape is not None:
            return json.dumps(fill(Content(world=self.world, edits=work.edits), shape), ensure_ascii=False)
        return json.dumps(
            {"edits": [{"search": e.search, "replace": e.replace} for e in work.edits]}, ensure_ascii=False
        )


def _meaning(request: Request) -> str:
    """What two prompts have in common that mean the same."""
    parts = (
        request.act,
        blake2b(request.draft.text.encode(), digest_size=8).hexdigest(),
        *(sorted(group) for group in (request.listed, request.fix, request.keep, request.firm, request.orders)),
        sorted(request.verify),
        sorted(request.crowd.items()),
        request.fresh,
        request.approach,
        request.outline,
        request.outline_only,
        request.shown,
        request.asked if request.act != "write" else (),
    )
    return repr(parts)


def _enumerated(world: World, shape: Schema | None, labels: Mapping[str, int]) -> tuple[int, ...]:
    """The demands that a schema names, as the values of an enum or as properties."""
    if shape is None:
        return ()
    names = {**world.numbers, **labels}
    said = re.findall(r'"([^"\\]{1,64})"', json.dumps(shape, default=dict))
    return tuple(dict.fromkeys(names[one] for one in said if one in names))


def _field(content: Content, name: str, whole: str) -> str:
    """One marked field of a judge's or adviser's reply."""
    passed = sum(f.status == "pass" for f in content.findings)
    if re.search(r"score|reward|rating", name):
        return f"{passed / max(1, len(content.findings)):.2f}"
    modules = _MODULES.search(whole)
    if name == "advice" and modules:  # advice for each module of a program, as a JSON object
        return json.dumps(dict.fromkeys(json.loads(modules.group(1)), prose_advice(content)), ensure_ascii=False)
    return prose_advice(content)


def _marked(fields: Mapping[str, str]) -> str:
    return "\n\n".join([*(f"[[ ## {name} ## ]]\n{text}" for name, text in fields.items()), "[[ ## completed ## ]]"])


def _evidence(world: World, request: Request, text: str) -> tuple[Finding, ...]:
    """What the author cites for the demands that it was told to verify."""
    lines = text.splitlines()
    found: list[Finding] = []
    for demand in sorted(request.verify):
        places = [place for place, line in enumerate(lines) if any(mark.demand == demand for mark in world.marks(line))]
        found.append(
            Finding(
                demand=demand,
                name=world.spec.criteria[demand].name,
                status="pass",
                reason="it stands there",
                directive="",
                lines=tuple(place + 1 for place in places),
                quote=lines[places[0]] if places else "",
            )
        )
    return tuple(found)


def _where(whole: str, says: str) -> tuple[int, str]:
    """The line of a prompt with a sentence, by the prompt's own numbers or counted, and the line itself."""
    for place, line in enumerate(whole.split("\n"), start=1):
        if says.lower() in line.lower():
            number = re.match(r"\s*\[?L?(\d{1,4})\]?\s*[|:.\t>-]", line)
            return (int(number.group(1)) if number else place), line.strip()
    return 0, says


def _dressed(text: str, *, json_like: bool, rng_high: bool) -> str:
    """A reply as chat models like to send it."""
    if json_like:
        return f"```json\n{text}\n```" if rng_high else f"Here is the result:\n\n{text}"
    return f"```markdown\n{text}```" if rng_high else f"Here is the text:\n\n{text}"

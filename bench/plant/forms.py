"""The forms of replies: JSON after any schema, the markers of prompting libraries, or plain text.

A schema is filled by what its property names mean, because each loop names them in its own way.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

from plant.critic import Finding
from plant.world import World
from setpoint.core.draft import Edit

__all__ = [
    "Content",
    "Schema",
    "example_schema",
    "fill",
    "plain_verdicts",
    "property_names",
    "prose_advice",
    "sections",
]

Schema: TypeAlias = Mapping[str, object]

_SCHEMA_CHARS: Final = 20_000
"""A schema that is longer is not looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a reply has to say, whatever its form."""

    world: World
    text: str = ""
    """A draft or advice."""
    edits: tuple[Edit, ...] = ()
    findings: tuple[Finding, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict[str, int])
    """How the prompt calls demands besides their names."""
    rival: int | None = None
    """The demand that competes with the one asked about."""
    rival_line: int = 0
    """The line of the prompt that names it, as the prompt numbers its lines."""
    rival_quote: str = ""


def property_names(schema: Schema | None) -> tuple[str, ...]:
    """All property names of a schema, at any depth."""
    if schema is None:
        return ()
    names: list[str] = []

    def walk(node: object) -> None:
        if isinstance(node, Mapping):
            table = cast("Mapping[str, object]", node)
            properties = table.get("properties")
            if isinstance(properties, Mapping):
                names.extend(cast("Mapping[str, object]", properties))
            for value in table.values():
                walk(value)
        elif isinstance(node, list | tuple):
            for value in cast("Sequence[object]", node):
                walk(value)

    walk(schema)
    return tuple(dict.fromkeys(names))


def example_schema(text: str) -> Schema | None:
    """The JSON schema in a prompt, or else one after its JSON example; None if there is neither that can be read."""
    if (given := _given_schema(text)) is not None:
        return given
    start = text.find("{")
    while start >= 0:
        end = _matching(text, start)
        if end > 0 and re.search(r'"[\w-]+"\s*:', text[start:end]):
            value = _lenient(text[start:end])
            if value is not None:
                return _schema_of(value)
        start = text.find("{", start + 1)
    return None


def _given_schema(text: str) -> Schema | None:
    """A JSON schema that stands in a prompt as it is, by itself or inside another JSON text."""
    start = text.find("{") if '"properties"' in text else -1
    while start >= 0:
        end = _matching(text, start, _SCHEMA_CHARS)
        try:
            value = cast("object", json.loads(text[start:end])) if end > 0 else None
        except ValueError:
            value = None
        if isinstance(value, dict):
            table = cast("Schema", value)
            if table.get("type") == "object" and isinstance(table.get("properties"), dict):
                return table
        start = text.find("{", start + 1)
    return None


def _matching(text: str, start: int, most: int = 2000) -> int:
    depth = 0
    for place in range(start, min(len(text), start + most)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return place + 1
    return -1


def _lenient(example: str) -> object:
    """An example as JSON, with what people write for "and so on" taken out."""
    tidy = re.sub(r"(\.\.\.|…)", "", example)
    tidy = re.sub(r'"\s*\|\s*"', "|", tidy)
    tidy = re.sub(r":\s*(?:<[^>]*>|(?:true|false)\s*(?:/|\||or)\s*(?:true|false)|bool(?:ean)?)", ": true", tidy)
    tidy = re.sub(r":\s*(?:str(?:ing)?|text)\b", ': ""', tidy)
    tidy = re.sub(r":\s*(?:int(?:eger)?|number|N|n)\b", ": 1", tidy)
    tidy = re.sub(r",\s*([\]}])", r"\1", tidy)
    tidy = re.sub(r":\s*([,}])", r': ""\1', tidy)
    try:
        return json.loads(tidy)
    except ValueError:
        return None


def _schema_of(value: object) -> Schema:
    match value:
        case dict():
            table = cast("dict[str, object]", value)
            return {"type": "object", "properties": {key: _schema_of(inner) for key, inner in table.items()}}
        case list():
            items = cast("list[object]", value)
            return {"type": "array", "items": _schema_of(items[0]) if items else {"type": "string"}}
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "number"}
        case str() if "|" in value:
            return {"type": "string", "enum": [part.strip() for part in value.split("|")]}
        case _:
            return {"type": "string"}


# Filling

_NAME: Final = re.compile(
    r"^(criterion|criteria|name|id|rule|rule_id|requirement|key|item|demand|label|title|criterion_(id|name))$",
    re.IGNORECASE,
)
_VERDICT: Final = re.compile(
    r"verdict|status|result|decision|outcome|grade|rating|judg|label|conclusion|answer$", re.IGNORECASE
)
_PASSED: Final = re.compile(
    r"pass|met|satisf|ok\b|^ok$|holds|success|fulfil|valid|answered|done|correct|approved|accept|good", re.IGNORECASE
)
_FAILED: Final = re.compile(r"fail|violat|broken|missing|wrong|needs|retry|reject|unmet|block", re.IGNORECASE)
_FAULTS: Final = re.compile(
    r"fault|fail|issue|problem|defect|unmet|missing|violation|block|open|gaps?$|improve", re.IGNORECASE
)
_EVERY: Final = re.compile(
    r"verdict|criteri|result|finding|reading|evaluation|item|score|check|rule|assess|judg|grade|rubric|require",
    re.IGNORECASE,
)
_ACT: Final = re.compile(
    r"directive|^fix|^do$|action|instruction|suggest|how|what_to|revision|advice|feedback|recommend|change|improvement|hint",
    re.IGNORECASE,
)
_LINES: Final = re.compile(r"lines?$|line_|rows?$|where|cite|citation|location|place", re.IGNORECASE)
_QUOTE: Final = re.compile(r"evidence|quote|passage|excerpt|span|support|snippet", re.IGNORECASE)
_TEXT: Final = re.compile(
    r"text|draft|document|content|answer|output|revised|article|report|body|outline|version", re.IGNORECASE
)
_EDITS: Final = re.compile(r"edit|patch|replacement|change|diff|operations|hunks|blocks", re.IGNORECASE)
_SEARCH: Final = re.compile(r"search|find|old|before|original|from|target", re.IGNORECASE)
_RIVAL: Final = re.compile(r"compet|conflict|rival|against|other|cause", re.IGNORECASE)


def fill(content: Content, schema: Schema) -> object:
    """A value that follows the schema and says what the content does."""
    return _Filler(content, schema).value(schema, "", None)


class _Filler:
    def __init__(self, content: Content, root: Schema) -> None:
        self.content = content
        self.root = root
        self.takers = tuple(name for name in property_names(root) if self._demand(name) is not None)
        """The properties that are each for one demand."""

    def value(self, node: Schema, key: str, about: Finding | Edit | None) -> object:
        """A value for one node; ``key`` is the name it stands under, ``about`` what the object around it is about."""
        if self._silent() and _nullable(node):
            return None
        node = self._resolved(node, about)
        if "const" in node:
            return node["const"]
        if "enum" in node:
            return self._choice([str(one) for one in cast("Sequence[object]", node["enum"])], key, about)
        kind = node.get("type")
        if isinstance(kind, list):
            kind = next((one for one in cast("list[str]", kind) if one != "null"), "null")
        match kind:
            case "object":
                return self._object(node, about)
            case "array":
                return self._array(node, key, about)
            case "boolean":
                return self._truth(key, about)
            case "integer" | "number":
                return self._number(node, key, about)
            case "null":
                return None
            case _:
                return self._object(node, about) if "properties" in node else self._string(key, about)

    def _silent(self) -> bool:
        """Whether there is nothing to say."""
        content = self.content
        return not (content.text or content.edits or content.findings) and content.rival is None

    def _resolved(self, node: Schema, about: Finding | Edit | None = None) -> Schema:
        for _ in range(8):
            if isinstance(ref := node.get("$ref"), str):
                found = self.root
                for step in ref.lstrip("#/").split("/"):
                    found = cast("Schema", found.get(step, {}))
                node = found
                continue
            options = node.get("anyOf") or node.get("oneOf") or node.get("allOf")
            if not isinstance(options, list):
                return node
            shapes = cast("list[Schema]", options)
            shapes = [shape for shape in shapes if shape.get("type") != "null"] or shapes
            node = next((shape for shape in shapes if self._fits(shape, about)), shapes[0])
        return node

    def _fits(self, shape: Schema, about: Finding | Edit | None) -> bool:
        """Whether a variant whose properties are fixed beforehand says what is true of a finding."""
        shape = self._resolved(shape)
        properties = cast("Mapping[str, Schema]", shape.get("properties", {}))
        fixed = {name: inner["const"] for name, inner in properties.items() if "const" in inner}
        said = {name: self._truth(name, about) for name, value in fixed.items() if isinstance(value, bool)}
        return all(fixed[name] == value for name, value in said.items())

    def _object(self, node: Schema, about: Finding | Edit | None) -> dict[str, object]:
        properties = cast("Mapping[str, Schema]", node.get("properties", {}))
        extra = node.get("additionalProperties")
        if not properties and isinstance(extra, Mapping):
            return {f.name: self.value(cast("Schema", extra), f.name, f) for f in self.content.findings}
        return {name: self.value(inner, name, self._named(name) or about) for name, inner in properties.items()}

    def _demand(self, name: str) -> int | None:
        return self.content.labels.get(name, self.content.world.numbers.get(name.lower()))

    def _named(self, name: str) -> Finding | None:
        """The finding that a property is about, if its name calls a demand."""
        number = self._demand(name)
        return next((f for f in self.content.findings if f.demand == number), None)

    def _edits(self, key: str) -> list[Edit]:
        """The edits for a list: all of them, or those for its demand; the first list takes what has no other."""
        if key not in self.takers:
            return list(self.content.edits)
        number, named = self._demand(key), {self._demand(name) for name in self.takers}
        first = key == self.takers[0]
        about = [(edit, self._demand(edit.about)) for edit in self.content.edits]
        return [edit for edit, demand in about if demand == number or (first and demand not in named)]

    def _array(self, node: Schema, key: str, about: Finding | Edit | None) -> list[object]:
        each = cast("Schema", node.get("items", {"type": "string"}))
        items = self._resolved(each)
        inner = cast("Mapping[str, Schema]", items.get("properties", {}))
        if any(_SEARCH.fullmatch(name) or name.lower().startswith(("search", "find", "old")) for name in inner):
            return [self.value(each, key, edit) for edit in self._edits(key)]
        limit = node.get("maxItems")
        most = limit if isinstance(limit, int) else None
        if items.get("type") in {"integer", "number"}:
            lines: list[object] = list(about.lines) if isinstance(about, Finding) else []
            if _RIVAL.search(key) and self.content.rival_line:
                lines = [self.content.rival_line]
            return lines[:most] if lines or not self.content.rival_line else [self.content.rival_line]
        if isinstance(about, Finding):
            return [about.quote] if _QUOTE.search(key) and about.quote else []
        chosen = self._chosen(key, bool(inner))
        return [self.value(each, "name" if not inner else key, finding) for finding in chosen][:most]

    def _chosen(self, key: str, objects: bool) -> list[Finding]:  # noqa: FBT001 - says which of two lists
        """Which findings a list is for."""
        everything = list(self.content.findings)
        if _EVERY.search(key) and not re.search(r"fail|unmet|miss|open", key, re.IGNORECASE):
            return everything
        if _FAULTS.search(key):
            return [f for f in everything if f.status == "fail"]
        if _PASSED.search(key):
            return [f for f in everything if f.status == "pass"]
        return everything if objects and key == "" else []

    def _choice(self, options: list[str], key: str, about: Finding | Edit | None) -> str:
        world = self.content.world
        named = [one for one in options if one.lower() in world.numbers or one in self.content.labels]
        if named:
            number = about.demand if isinstance(about, Finding) else self.content.rival
            for one in named:
                if self.content.labels.get(one, world.numbers.get(one.lower())) == number:
                    return one
            return named[0]
        status = about.status if isinstance(about, Finding) else self._overall()
        unsure = [
            one for one in options if re.search(r"cannot|unknown|unsure|abstain|n/?a|unclear", one, re.IGNORECASE)
        ]
        bad = [
            one
            for one in options
            if re.search(r"fail|\bno\b|unmet|not|reject|poor|needs|false|^[0fd]$|revis|incomplete", one, re.IGNORECASE)
            and one not in unsure
        ]
        good = [one for one in options if one not in bad and one not in unsure]
        if status == "cannot_assess" and unsure:
            return unsure[0]
        if status == "pass" and good:
            best = [
                one for one in good if re.search(r"pass|yes|met|accept|excellent|true|satisf|ok", one, re.IGNORECASE)
            ]
            return (best or good)[0]
        return (bad or unsure or options)[0] if _VERDICT.search(key) or bad else options[0]

    def _overall(self) -> str:
        return "pass" if all(f.status == "pass" for f in self.content.findings) else "fail"

    def _truth(self, key: str, about: Finding | Edit | None) -> bool:
        if re.search(r"compet|conflict|found|exists|contradict", key, re.IGNORECASE) and not self.content.findings:
            return self.content.rival is not None
        status = about.status if isinstance(about, Finding) else self._overall()
        return status != "pass" if _FAILED.search(key) else status == "pass"

    def _number(self, node: Schema, key: str, about: Finding | Edit | None) -> float:
        if _LINES.search(key):
            if isinstance(about, Finding):
                return about.lines[0] if about.lines else 0
            return self.content.rival_line
        top = node.get("maximum")
        if not isinstance(top, int | float):
            top = 1 if node.get("type") == "number" else 10
        if isinstance(about, Finding):
            share = float(about.status == "pass")
        else:
            share = sum(f.status == "pass" for f in self.content.findings) / max(1, len(self.content.findings))
        return round(share * top) if node.get("type") == "integer" else round(share * top, 3)

    def _string(self, key: str, about: Finding | Edit | None) -> str:
        content = self.content
        if isinstance(about, Edit):
            return about.search if _SEARCH.search(key) else about.replace
        if isinstance(about, Finding):
            return self._about(key, about)
        if content.rival is not None and (_RIVAL.search(key) or _NAME.match(key)):
            return content.world.spec.criteria[content.rival].name
        if content.rival is not None and _QUOTE.search(key):
            return content.rival_quote
        if content.findings and not (content.text and _TEXT.search(key)):
            return self._overall() if _VERDICT.fullmatch(key) else prose_advice(content)
        return content.text

    def _about(self, key: str, finding: Finding) -> str:
        """What a property of that name says about one demand."""
        if _NAME.match(key):
            own = [label for label, number in self.content.labels.items() if number == finding.demand]
            return own[0] if own and key.endswith("id") else finding.name
        if _VERDICT.search(key) or _PASSED.fullmatch(key):
            return finding.status
        if _ACT.search(key):
            return finding.directive
        return finding.quote if _QUOTE.search(key) or _LINES.search(key) else finding.reason


def _nullable(node: Schema) -> bool:
    options = [*cast("Sequence[Schema]", node.get("anyOf") or ()), *cast("Sequence[Schema]", node.get("oneOf") or ())]
    kind = node.get("type")
    return (isinstance(kind, list) and "null" in kind) or any(option.get("type") == "null" for option in options)


# Without a schema


def plain_verdicts(content: Content) -> str:
    """One line per demand."""
    rows: list[str] = []
    for f in content.findings:
        labels = [label for label, number in content.labels.items() if number == f.demand]
        said = {"pass": "PASS", "fail": "FAIL", "cannot_assess": "CANNOT ASSESS"}[f.status]
        name = f"{labels[0]} ({f.name})" if labels else f.name
        rows.append(f"{name}: {said} - {f.directive or f.reason}")
    return "\n".join(rows)


def prose_advice(content: Content) -> str:
    """What a reviewer writes to an author: the faults in sentences."""
    failed = [f for f in content.findings if f.status == "fail"]
    if not failed:
        return "I have nothing to object to; the text does what it sets out to do."
    return "\n".join(f"Problem with the {f.name}: {f.reason}. What to do: {f.directive}" for f in failed)


_FIELD: Final = re.compile(r"\[\[ ## (\w+) ## \]\]")


def sections(prompt: str) -> tuple[str, ...]:
    """The output fields of a prompt that wants ``[[ ## field ## ]]`` markers; empty if it does not."""
    asks = re.search(r"[Rr]espond with the corresponding output fields(.*?)(?:\n\n|\Z)", prompt, re.DOTALL)
    if asks is None:
        return ()
    return tuple(dict.fromkeys(name for name in _FIELD.findall(asks.group(1)) if name != "completed"))

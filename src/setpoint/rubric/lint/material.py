"""Sources that nothing looks at, sources that are missing, and what was left to fill in."""

import re
from collections.abc import Iterator
from typing import Final

from setpoint import checks
from setpoint.checks import CheckContext
from setpoint.core.spec import CheckCall, Criterion, Source
from setpoint.rubric.lint.claims import BRIEF
from setpoint.rubric.lint.flaw import Flaw, Target, own_words
from setpoint.rubric.toml import inline

__all__ = ["missing_source", "unfinished", "unused_source"]

_COMPARES: Final = frozenset({"numbers_from_sources", "quotes_from_sources"})
_MATERIAL: Final = re.compile(
    r"\b(?:sources?|source material|materials?|facts|reference material|documents provided|transcript|changelog|input|original|"
    r"source text|supplied|provided|attached|given)\b",
    re.IGNORECASE,
)
_ABSENT: Final = re.compile(
    r"\b(?:the |its |our )(?:source material|sources\b(?! (?:of|is|are) (?:named|cited|listed|linked))|source text|source document|supplied \w+|provided \w+|attached \w+|"
    r"attachment|reference material|given (?:material|facts|data|notes|text|sources?|document|report|list|transcript|figures)|the transcript|the material|the original text|the changelog)\b",
    re.IGNORECASE,
)
_DISTINCT: Final = re.compile(r"\d[\d.,:]*\d|\d{2,}|\b[A-Z][a-z]{2,}\b|\b[A-Z]{2,}[\w-]*\b|\b[a-z]{6,}\b")
_COMMON: Final = frozenset(
    """should reader readers written writing before between without another because through please customers customer
    people number numbers sentence sentences paragraph paragraphs criterion answer answers explain explains mentions
    contain contains include includes describe describes section sections message article summary states reason reasons""".split()  # noqa: SIM905
)
_SHARED: Final = 1


def unused_source(target: Target) -> Iterator[Flaw]:
    """A source whose absence no criterion would notice, or an empty one."""
    for source in target.spec.sources:
        if "{{" in source.name + source.text or (not source.text and "." in source.name and "/" in source.name):
            continue
        if not source.text.strip():
            yield Flaw(
                kind="unused-source",
                level="warning",
                says=f"the source {source.name} is empty",
                instead="put its text in, or take it out of sources",
                quotes=(source.name,),
            )
        elif not any(_looks_at(criterion, source) for criterion in target.every):
            named = _names(target.spec.brief, source)
            has_numbers = re.search(r"\d", source.text) is not None
            yield Flaw(
                kind="unused-source",
                level="hint" if named else "warning",
                says=f"no criterion would notice if the text ignored the source {source.name}",
                instead="measure something that must come from it"
                + (", such as its numbers" if has_numbers else ": name the facts that must stand in the text"),
                quotes=(source.name,),
                toml='[[criterion]]\nname = "true-numbers"\nimpact = 5\ncheck = { numbers_from_sources = true }'
                if has_numbers
                else "",
            )


def _looks_at(criterion: Criterion, source: Source) -> bool:
    """Whether a criterion would fail for a text that knows nothing of the source."""
    if criterion.check is not None and criterion.check.name in _COMPARES:
        return True
    if criterion.check is not None and criterion.check.name in {"command", "json_schema"}:
        return True  # what a program or a schema compares with cannot be seen from here
    said = criterion.says + (inline(dict(criterion.check.params)) if criterion.check is not None else "")
    # A heading or a phrase that happens to be called like a source compares with nothing.
    if criterion.check is None and (_names(said, source) or _MATERIAL.search(criterion.says)):
        return True
    ours = {word.strip(".,:").casefold() for word in _DISTINCT.findall(said)} - _COMMON
    theirs = {word.strip(".,:").casefold() for word in _DISTINCT.findall(source.text)}
    return len(ours & theirs) >= _SHARED


def _names(text: str, source: Source) -> bool:
    """Whether a text speaks of a source by its name, the ending of a file apart."""
    stem = re.sub(r"\.\w{1,5}\Z", "", source.name.rsplit("/", 1)[-1])
    words = [word for word in re.split(r"[\W_]+", stem.lower()) if len(word) > 2]  # noqa: PLR2004 - "of", "v2" name nothing
    lower = text.lower()
    return bool(words) and all(re.search(rf"\b{re.escape(word.rstrip('s'))}", lower) for word in words)


def missing_source(target: Target) -> Iterator[Flaw]:
    """A criterion compares with sources or material, and the spec has none."""
    if target.spec.sources:
        return
    for criterion in target.every:
        if criterion.check is not None and criterion.check.name in _COMPARES:
            yield _missing(
                criterion, "error", f"the check {criterion.check.name} compares with sources, and there are none"
            )
        elif criterion.check is None and (found := _ABSENT.search(criterion.says)):
            yield _missing(
                criterion, "warning", f"“{found[0]}” is not in the spec, so neither author nor critic can see it"
            )


def _missing(criterion: Criterion, level: str, why: str) -> Flaw:
    return Flaw(
        kind="missing-source",
        level=level,  # type: ignore[arg-type]
        says=why,
        instead='add it at the top of the file, as a file beside the spec or as { name = "…", text = "…" }',
        criteria=(criterion.name,),
        quotes=(criterion.says,),
        toml='sources = ["FILE.md"]',
    )


_FIELD: Final = re.compile(r"\{\{\s*\w+\s*\}\}")
_FINISHED: Final = CheckCall(name="no_placeholder")


def unfinished(target: Target) -> Iterator[Flaw]:
    """A placeholder is left in the brief or in a criterion: TODO, TBD, [name]."""
    check = checks.build(_FINISHED, CheckContext(kind="text"))
    texts = [(BRIEF, target.spec.brief), *((c.name, c.says) for c in target.every if own_words(c) and c.check is None)]
    for name, text in texts:
        # A placeholder in quotation marks is spoken of, not left; {{fields}} are filled in by a batch.
        shown = re.sub(r"[\"“`'][^\"”`'\n]{1,40}[\"”`']", "it", _FIELD.sub("it", text))
        finding = check.measure(shown)
        if finding.passed is False and not re.search(r"placeholder|\bTODO (?:comment|mark|item)|\bTODOs\b", shown):
            yield Flaw(
                kind="unfinished",
                level="warning",
                says=finding.message.split(";")[0].replace(" on line 1", ""),
                instead="write what belongs there, or remove it",
                criteria=(name,),
                quotes=(text.strip(),),
            )

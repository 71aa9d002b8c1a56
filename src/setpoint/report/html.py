"""The report as one HTML file that needs nothing else: no script, no font, no request.

Whatever comes from a run is cleaned and escaped where the template puts it; a content-security policy that allows one
style sheet by its hash and nothing more is the second line of defence.
"""

import base64
import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from setpoint.core.action import Outcome
from setpoint.core.spec import Budget
from setpoint.report.chart import distance_chart, spend_chart
from setpoint.report.text import and_list, clean, dollars, duration, plural, thousands
from setpoint.report.view import CellStatus, PassView, Summary
from setpoint.report.words import CELL_WORDS, RESULT_SHORT, RESULT_WORDS, distrust_says

__all__ = ["page", "render_html"]

_SHOWN_TEXT = 200_000
"""So many characters of the returned text are shown."""
_OPEN_DIFF = 40
"""A comparison of a kept draft with at most so many lines is unfolded."""
_GLYPHS: Final[Mapping[CellStatus, str]] = MappingProxyType(
    {"pass": "✓", "fail": "✗", "cannot_assess": "?", "carried": "~", "unread": "·"}
)
_SHORT: Final[Mapping[CellStatus, str]] = MappingProxyType(
    {"pass": "pass", "fail": "fail", "cannot_assess": "unsure", "carried": "carried", "unread": "unread"}
)
_TONES: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        "accepted": "good",
        "off_target": "bad",
        "contradiction": "bad",
        "unsatisfiable": "bad",
        "machinery": "bad",
    }
)
_PROSE: Final = frozenset({"text", "markdown"})


def render_html(summary: Summary) -> str:
    """The report page.

    Args:
        summary: from `summarise`.

    Returns:
        A whole HTML document; encode it as UTF-8.
    """
    text = summary.text[:_SHOWN_TEXT]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            s=summary,
            **_dress(),
            tone=_TONES.get(summary.outcome, "mixed") if summary.outcome else "mixed",
            prose=summary.kind in _PROSE,
            shown_text=text,
            text_note=_cut_note(summary) if len(text) < len(summary.text) else "",
            distance=distance_chart(summary),
            spend=spend_chart(summary),
            caps=_caps(summary.budget),
            measured=any(entry.cells for entry in summary.passes),
            glyphs=_GLYPHS,
            short=_SHORT,
            cell_words=CELL_WORDS,
            result_words=RESULT_WORDS,
            result_short=RESULT_SHORT,
            unfolded=_unfolded,
        )
    )


def page(template: str, **values: object) -> str:
    """Another page in the same dress: the template gets ``style`` and ``policy`` besides the values, and all filters.

    Args:
        template: the text of a template of ours.
        values: what it shows; texts are cleaned, then escaped.

    Returns:
        A whole HTML document; encode it as UTF-8.
    """
    return _environment().from_string(template).render(**_dress(), **values)


@cache
def _dress() -> Mapping[str, str]:
    """The style sheet, and a policy that allows it by its hash and nothing more."""
    style = _asset("page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "style": Markup(style),  # noqa: S704 - our own file, and the policy holds its hash
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
    }


@cache
def _environment() -> Environment:
    """The template, compiled once."""
    environment = Environment(
        loader=DictLoader({"page.html.j2": _asset("page.html.j2")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalise,
    )
    filters: dict[str, Any] = dict(  # noqa: C408 - reads as names
        plural=plural,
        thousands=thousands,
        dollars=dollars,
        duration=duration,
        and_list=and_list,
        codes=_codes,
        moment=_moment,
        sentence=_sentence,
        percent="{:.0%}".format,
        distrust=distrust_says,
    )
    environment.filters.update(filters)
    return environment


@cache
def _asset(name: str) -> str:
    return files("setpoint.report").joinpath(name).read_text(encoding="utf-8")


def _finalise(value: object) -> object:
    """Cleans every text that the template puts on the page; escaping comes after it."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _codes(text: str) -> Markup:
    """Text with what stands between backticks as code."""
    parts = clean(text).split("`")
    marked = (Markup("<code>{}</code>").format(part) if odd % 2 else escape(part) for odd, part in enumerate(parts))
    return Markup("").join(marked)


def _sentence(text: str, names: Collection[str] = ()) -> str:
    """With a full stop at its end, and a capital at its beginning unless it begins with a name."""
    text = clean(text).strip()
    first = text.split(maxsplit=1)[0].rstrip(",;:") if text else ""
    return (text if first in names else f"{text[:1].upper()}{text[1:]}") + (
        "" if text.endswith((".", "!", "?", "…")) else "."
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %B %Y, %H:%M UTC").lstrip("0")


def _cut_note(summary: Summary) -> str:
    return (
        f"The text has {plural(len(summary.text), 'character')}; the first {thousands(_SHOWN_TEXT)} are shown. "
        f"`setpoint show {summary.run}` prints all of it."
    )


def _caps(budget: Budget) -> str:
    caps = [plural(budget.passes, "pass")]
    caps += [plural(budget.tokens, "token")] if budget.tokens is not None else []
    caps += [dollars(budget.money)] if budget.money is not None else []
    caps += [duration(budget.seconds)] if budget.seconds is not None else []
    return and_list(caps)


def _unfolded(entry: PassView) -> bool:
    """Whether the comparison of a pass is shown from the start."""
    return entry.result == "kept" and entry.diff is not None and len(entry.diff.lines) <= _OPEN_DIFF

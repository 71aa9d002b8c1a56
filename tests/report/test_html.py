"""The report page: complete, safe and self-contained."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TypeAlias

import pytest

from setpoint.core.event import Recorded
from setpoint.report.html import render_html
from setpoint.report.summary import summarise

Scene: TypeAlias = Callable[[str], tuple[Recorded, ...]]
ALL = (
    "accepted",
    "unverified",
    "unmeasurable",
    "out_of_budget",
    "cancelled",
    "machinery",
    "unusable_critic",
    "hostile_critic",
    "crowded",
    "hostile",
    "huge",
)
VOID = {"meta", "link", "br", "img", "line", "path", "circle", "rect"}


@dataclass
class Page(HTMLParser):
    """What a browser makes of the page, as far as the tests ask."""

    source: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list[tuple[str, dict[str, str]]])
    text: list[str] = field(default_factory=list[str])
    unbalanced: list[str] = field(default_factory=list[str])
    _stack: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)
        self.close()
        self.unbalanced += self._stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._stack or self._stack.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if not self._stack or self._stack[-1] != "style":
            self.text.append(data)

    def all_of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def reads(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def page(scene: Scene) -> Callable[[str], Page]:
    """The page of a sample run, parsed."""
    pages: dict[str, Page] = {}

    def of(name: str) -> Page:
        if name not in pages:
            pages[name] = Page(render_html(summarise(scene(name))))
        return pages[name]

    return of


PageOf: TypeAlias = Callable[[str], Page]


@pytest.mark.parametrize("name", ALL)
def test_the_page_is_well_formed_and_loads_nothing(page: PageOf, name: str) -> None:
    """Every element is closed, ids are unique, and no element points outside the file."""
    seen = page(name)
    assert seen.unbalanced == []
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    names = {tag for tag, _ in seen.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "base", "video", "audio"}
    for tag, attributes in seen.tags:
        assert not any(name == "style" or name.startswith("on") for name in attributes), (tag, attributes)
        target = attributes.get("href") or attributes.get("src") or ""
        assert target.startswith(("#", "data:")) or not target
    for attributes in seen.all_of("a"):
        assert attributes["href"][1:] in ids


@pytest.mark.parametrize("name", ALL)
def test_the_policy_allows_this_style_sheet_and_nothing_else(page: PageOf, name: str) -> None:
    """The policy comes before the style, names its hash, and has no unsafe source."""
    source = page(name).source
    policy = next(m["content"] for m in page(name).all_of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    (style,) = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert source.index("Content-Security-Policy") < source.index("<style>")
    assert "url(" not in style
    assert "@import" not in style


def test_what_models_and_users_write_cannot_become_markup(page: PageOf) -> None:
    """Tags, entities, template syntax and terminal escapes in every field are shown as text."""
    seen = page("hostile")
    assert "<script>alert(1)" not in seen.source
    assert "<img src=x" not in seen.source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in seen.source
    text = seen.reads()
    assert "{{ 7 * 7 }} {% raw %}" in text
    assert "<!-- setpoint:lock -->&amp;<!-- /setpoint:lock -->" in text
    assert not set(seen.source) & set("\x1b\x9b\x07\u202e\u202c")


def test_a_stranger_learns_outcome_reason_and_strength(page: PageOf) -> None:
    """The top of the page says in words how it ended, why, on what that rests, and what to do."""
    text = page("accepted").reads()
    assert "Accepted The text meets every criterion of the spec." in text
    assert "Why it stopped Every criterion passes." in text
    assert "Checks. Code measured every criterion" in text
    assert "What to do now Read the text once yourself" in text
    assert "5 of 8 passes" in text


def test_every_pass_shows_its_cause_and_what_became_of_it(page: PageOf) -> None:
    """Rule, directive, trade, failure and changes stand together."""
    text = page("accepted").reads()
    second = text[text.index("Pass 2: redraft of draft 1") : text.index("Pass 3: edit of draft 1")]
    assert "rolled back" in second
    assert "Fix the few faults that matter most" in second
    assert "short : 121 words; cut at least 31" in second
    assert "Gained short and no-hype." in second
    assert "Lost decides." in second
    assert "What changed: 4 lines added, 11 lines removed" in second
    fourth = text[text.index("Pass 4: edit of draft 3") : text.index("Pass 5: redraft of draft 3")]
    assert "move failed" in fourth
    assert "The author changed text that is locked. The locked span 1" in fourth


def test_the_table_can_be_read_without_colour_and_by_a_screen_reader(page: PageOf) -> None:
    """Every cell says its status in a word, rows and columns have scoped headers, scrolling areas take the focus."""
    seen = page("accepted")
    assert [a["scope"] for a in seen.all_of("th") if "scope" in a].count("row") >= 4
    cells = re.findall(r'<td class="cell (\w+)[^>]*>(.*?)</td>', seen.source, re.DOTALL)
    assert len(cells) == 20
    for status, content in cells:
        words = re.sub(r"<[^>]+>", " ", content).split()
        assert words[-1] == {"pass": "pass", "fail": "fail", "none": "draft"}[status]
    assert all(a.get("role") == "region" and "tabindex" in a for a in seen.all_of("div") if a.get("class") == "scroll")
    assert all(a.get("role") == "img" and a.get("aria-label") for a in seen.all_of("svg"))


def test_a_critic_that_failed_its_probe_is_named_with_its_numbers(page: PageOf) -> None:
    """The reader can judge for himself how far the critic can be trusted."""
    text = page("unverified").reads()
    assert "33% (2 of 6)" in text
    assert "75% (3 of 4)" in text
    assert "no: it lets too many faults through" in text
    assert "Mention the release date." in text


def test_carried_and_unassessable_are_told_apart(page: PageOf) -> None:
    """A pass taken over an edit, and what nobody can tell, are shown as what they are."""
    seen = page("unmeasurable")
    cells = re.findall(r'<td class="cell (\w+)[^>]*><span class="mark (\w+)"', seen.source)
    assert [status for status, _ in cells] == ["pass", "carried", "fail", "pass", "cannot_assess", "cannot_assess"]
    assert "Why it stopped calm cannot be assessed from what the critic is given" in seen.reads()
    assert "Unmeasurable What is still open cannot be judged" in seen.reads()
    assert "calm cannot be assessed: add a source or a check." in seen.reads()


def test_what_is_open_is_shown_with_what_to_do(page: PageOf) -> None:
    """Every open criterion has its directive and the passage it is about."""
    text = page("out_of_budget").reads()
    assert "fail no-hype impact 3" in text
    assert 'take out "revolutionary" in line 3' in text
    assert "setpoint continue r-7f3a --passes +3" in text


def test_what_went_wrong_stands_near_the_top_with_evidence_and_what_to_change(page: PageOf) -> None:
    """Title, evidence and advice of each signature; a run that went well has no such section."""
    text = page("crowded").reads()
    told = text[text.index("What went wrong, and what to change") : text.index("What was asked")]
    assert "The budget was too small" in told
    assert "Pass 20 still brought the text nearer: it met criterion-with-a-long-name-29." in told
    assert "Change: If runs of this spec usually end like this, give it a larger [budget]" in told
    assert "What went wrong" not in page("accepted").reads()


def test_what_a_critic_sent_is_cited_as_text(page: PageOf) -> None:
    """The diagnosis quotes models; what they wrote cannot become markup there either."""
    seen = page("hostile_critic")
    assert "replies could not be used: &lt;/style&gt;&lt;/script&gt;" in seen.source
    assert "<script>" not in seen.source


def test_a_run_without_any_draft_has_a_page(page: PageOf) -> None:
    """Cancelled before anything was written: the criteria and the next step are all there is."""
    text = page("cancelled").reads()
    assert "Cancelled" in text
    assert "No pass yet" in text
    assert "The text Draft" not in text
    assert "setpoint resume r-7f3a" in text


def test_a_huge_draft_is_shown_in_part_and_counted_in_full(page: PageOf) -> None:
    """Five megabytes make a page of a sane size that says what it leaves out."""
    seen = page("huge")
    assert len(seen.source) < 1_000_000
    text = seen.reads()
    assert "the first 200,000 are shown" in text
    assert "What changed: 1,001 lines added, 1,000 lines removed" in text
    assert "of the change are shown" in text.lower()


def test_the_same_run_makes_the_same_page(scene: Scene) -> None:
    """No clock, no chance: a report can be compared and cached."""
    assert render_html(summarise(scene("unverified"))) == render_html(summarise(scene("unverified")))

"""A spec is read strictly, and what is wrong with it is said with file, line, key and what to do."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import cast

import pytest

from setpoint.core.spec import Budget, CheckCall, Criterion, Skeleton, Source
from setpoint.errors import ConfigError, SpecError
from setpoint.specfile import Config, PolicyChoice, SpecFile, from_mapping, load, load_config, loads
from setpoint.specfile.files import MAX_BYTES


class Checks:
    """A registry of a few checks, enough to read specs with."""

    def parse(self, value: Mapping[str, object], *, where: str = "check") -> CheckCall:
        if len(value) != 1:
            raise SpecError("name exactly one check", key=where)
        ((name, params),) = value.items()
        known = {
            "words": {"max", "min"},
            "judgeable": set[str](),
            "command": {"run", "files"},
            "headings": {"required"},
        }
        if name not in known:
            raise SpecError(f"there is no check {name!r}", key=f"{where}.{name}")
        table = {} if params is True else cast("dict[str, object]", params)
        for key in table:
            if key not in known[name]:
                raise SpecError("unknown parameter", key=f"{where}.{name}.{key}")
        wanted = cast("list[str]", table.get("required", []))
        if len(set(wanted)) < len(wanted):
            raise SpecError("required names a heading twice", key=f"{where}.{name}.required")
        return CheckCall(name=name, params=table)

    def describe(self, call: CheckCall) -> str:
        return f"Passes {call.name} {dict(call.params)}."

    def files(self, call: CheckCall) -> tuple[str, ...]:
        return tuple(cast("list[str]", call.params.get("files", [])))


MINIMAL = """
brief = "A haiku."
[[criterion]]
name = "short"
check = { words = { max = 17 } }
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], SpecFile]:
    """Reads the text of a spec that stands in the test's own folder."""
    return lambda text: loads(text, Checks(), name="my.toml", base=tmp_path)


def problem(read: Callable[[str], SpecFile], text: str) -> SpecError:
    """What is wrong with the text."""
    with pytest.raises(SpecError) as caught:
        read(text)
    assert caught.value.file == "my.toml"
    return caught.value


# What is read


def test_a_whole_spec_is_read(tmp_path: Path) -> None:
    """Every key lands where it belongs."""
    (tmp_path / "changes.md").write_bytes(b"\xef\xbb\xbf- faster\r\n- safer\r\n")
    file = tmp_path / "notes.toml"
    file.write_text(
        """
brief = "Release notes."
kind = "markdown"
sources = ["changes.md", { name = "tone", text = "Plain." }]
[budget]
passes = 3
tokens = 60_000
money = 1
seconds = 2.5
reply_tokens = 900
[models]
author = "embedded:small"
critic = "a:b"
[[criterion]]
name = "decides"
says = "Says whether to upgrade."
impact = 5
core = true
[[criterion]]
name = "short"
check = { words = { max = 180 } }
"""
    )
    found = load(file, Checks())
    assert found.spec.brief == "Release notes."
    assert found.spec.kind == "markdown"
    assert found.spec.sources == (
        Source(name="changes.md", text="- faster\n- safer\n"),
        Source(name="tone", text="Plain."),
    )
    assert found.budget == Budget(passes=3, tokens=60_000, money=1.0, seconds=2.5)
    assert found.models == {"author": "embedded:small", "critic": "a:b"}
    assert (found.reply_tokens, found.fields, found.path) == (900, (), str(file))
    assert found.spec.criteria == (
        Criterion(name="decides", says="Says whether to upgrade.", impact=5, core=True),
        Criterion(name="short", says="Passes words {'max': 180}.", check=CheckCall(name="words", params={"max": 180})),
        Criterion(
            name="judgeable", says="Passes judgeable {}.", impact=5, check=CheckCall(name="judgeable", params={})
        ),
    )


def test_what_is_left_out_has_a_default(read: Callable[[str], SpecFile]) -> None:
    """A brief and one criterion are enough."""
    found = read(MINIMAL)
    assert (found.budget, dict(found.models), found.reply_tokens) == (Budget(), {}, None)
    assert (found.spec.kind, found.spec.sources, found.spec.attachments) == ("text", (), ())
    assert [(c.impact, c.core) for c in found.spec.criteria] == [(3, False)]


def test_the_same_spec_has_the_same_digest_whatever_its_line_ends(tmp_path: Path) -> None:
    """A checkout on another system, or an editor that adds a byte-order mark, is not another target."""
    (tmp_path / "s.md").write_bytes(b"one\ntwo\n")
    text = 'brief = """\nA\nhaiku."""\nsources = ["s.md"]\n' + MINIMAL.replace('brief = "A haiku."', "")
    digests: set[str] = set()
    for name, data in (("a", text), ("b", text.replace("\n", "\r\n")), ("c", "\ufeff" + text)):
        (tmp_path / name).write_bytes(data.encode())
        digests.add(load(tmp_path / name, Checks()).spec.digest)
    (tmp_path / "s.md").write_bytes(b"one\r\ntwo\r\n")
    digests.add(load(tmp_path / "a", Checks()).spec.digest)
    assert len(digests) == 1


def test_a_mapping_gives_the_same_spec_as_its_file(read: Callable[[str], SpecFile], tmp_path: Path) -> None:
    """Programs may hand in dicts, other mappings, lists or tuples."""
    data = {
        "brief": "A haiku.",
        "criterion": (MappingProxyType({"name": "short", "check": {"words": MappingProxyType({"max": 17})}}),),
    }
    assert from_mapping(data, Checks(), base=tmp_path).spec == read(MINIMAL).spec


def test_errors_in_a_mapping_name_the_key_without_a_file(tmp_path: Path) -> None:
    """There is no line to name, and none is made up."""
    with pytest.raises(SpecError) as caught:
        from_mapping({"brief": "x", "criterion": [{"nam": "a"}]}, Checks(), base=tmp_path)
    assert (caught.value.file, caught.value.line) == ("", None)
    assert str(caught.value) == "criterion[1].nam: unknown key; did you mean 'name'?"


def test_a_check_without_parameters_is_named(read: Callable[[str], SpecFile]) -> None:
    """The name alone means the same as the name with an empty table."""
    short, long = (
        read(f'brief = "x"\n[[criterion]]\nname = "sane"\ncheck = {check}\n').spec
        for check in ('"judgeable"', "{ judgeable = {} }")
    )
    assert short.criteria[0].check == CheckCall(name="judgeable", params={})
    assert short.digest == long.digest


# The skeleton

FIXED = MINIMAL.replace("[[criterion]]", '[skeleton]\nheadings = ["# All", "## Costs"]\n[[criterion]]')
DRAFTED = MINIMAL + '[[skeleton.criterion]]\nname = "parts"\ncheck = { headings = { required = ["Costs"] } }\n'


def test_fixed_headings_are_locked_and_measured(read: Callable[[str], SpecFile]) -> None:
    """The skeleton locks them in every draft; a criterion holds a text to them that exists already."""
    spec = read(FIXED).spec
    assert spec.skeleton == Skeleton(headings=("# All", "## Costs"))
    assert spec.outline == ()
    added = spec.criteria[-1]
    assert (added.name, added.impact) == ("skeleton", 5)
    assert added.check == CheckCall(name="headings", params={"required": ["# All", "## Costs"]})


def test_criteria_of_an_outline_are_its_own(read: Callable[[str], SpecFile]) -> None:
    """They are read as those of the text are, and kept apart from them."""
    spec = read(DRAFTED).spec
    assert [c.name for c in spec.criteria] == ["short"]
    assert spec.outline == (
        Criterion(
            name="parts",
            says="Passes headings {'required': ['Costs']}.",
            check=CheckCall(name="headings", params={"required": ["Costs"]}),
        ),
    )


def test_without_a_skeleton_the_structure_is_open(read: Callable[[str], SpecFile]) -> None:
    """Nothing is locked that the spec does not name."""
    assert read(MINIMAL).spec.skeleton is None


def test_an_outline_for_a_critic_is_guarded_by_itself(read: Callable[[str], SpecFile]) -> None:
    """Its guard is not the text's: each is measured on its own stage."""
    judged = MINIMAL + '[[skeleton.criterion]]\nname = "order"\nsays = "Causes come before costs."\n'
    spec = read(judged).spec
    assert [c.name for c in spec.outline] == ["order", "judgeable-outline"]
    assert [c.name for c in spec.criteria] == ["short"]
    both = read(JUDGED + '[[skeleton.criterion]]\nname = "order"\nsays = "Is in order."\n').spec
    assert [c.name for c in both.outline] == ["order", "judgeable-outline"]
    assert [c.name for c in both.criteria] == ["good", "judgeable"]


def test_an_outlines_guard_is_neither_doubled_nor_forced(read: Callable[[str], SpecFile]) -> None:
    """One of its own counts, `guard = false` leaves it out, and checks need none."""
    order = '[[skeleton.criterion]]\nname = "order"\nsays = "Is in order."\n'
    own = '[[skeleton.criterion]]\nname = "sane"\ncheck = { judgeable = {} }\n'
    assert [c.name for c in read(MINIMAL + order + own).spec.outline] == ["order", "sane"]
    assert [c.name for c in read("guard = false\n" + MINIMAL + order).spec.outline] == ["order"]
    assert [c.name for c in read(DRAFTED).spec.outline] == ["parts"]


def test_the_digest_changes_with_the_skeleton_and_not_without_one(read: Callable[[str], SpecFile]) -> None:
    """Structure is part of the target; a spec without one is the target that it was before there were any."""
    texts = [
        MINIMAL,
        FIXED,
        FIXED.replace("## Costs", "## Risks"),
        DRAFTED,
        DRAFTED.replace("Costs", "Risks"),
        DRAFTED.replace('"parts"', '"pieces"'),
    ]
    assert len({read(text).spec.digest for text in texts}) == len(texts)
    moved = MINIMAL.replace('brief = "A haiku."', "") + '[[skeleton.criterion]]\nname = "parts"\n'
    moved = 'brief = "A haiku."\n' + moved + 'check = { headings = { required = ["Costs"] } }\n'
    assert read(moved).spec.digest == read(DRAFTED).spec.digest
    assert read(MINIMAL).spec.digest == "5d6a13fde8c7bc7a3942cea8b056089bd41a73b1897b6655787d26947ee568d4"


def test_files_of_an_outlines_checks_are_attached(read: Callable[[str], SpecFile], tmp_path: Path) -> None:
    """They are part of the digest, as those of the text's checks are."""
    (tmp_path / "t.py").write_text("1")
    command = '[[skeleton.criterion]]\nname = "runs"\ncheck = { command = { files = ["t.py"] } }\n'
    assert read(MINIMAL + command).spec.attachments == (Source(name="t.py", text="1"),)


def test_a_later_error_in_an_outlines_check_is_placed_too(read: Callable[[str], SpecFile]) -> None:
    """What is found when the check is built names file, line and key."""
    found = read(DRAFTED)
    with pytest.raises(SpecError) as caught, found.at("parts"):
        raise SpecError("max_depth is 0", key="check.headings.max_depth")
    assert (caught.value.file, caught.value.line) == ("my.toml", 8)
    assert caught.value.key == "skeleton.criterion[1].check.headings.max_depth"


# The policy


def test_a_policy_is_read_and_is_no_part_of_the_target(read: Callable[[str], SpecFile]) -> None:
    """What is left out stays unsaid; an empty list says that nothing is asked."""
    found = read(MINIMAL + '[policy]\npreset = "canon"\nask = ["amend", "outline", "amend"]\n')
    assert found.policy == PolicyChoice(preset="canon", ask=("amend", "outline"))
    assert found.spec.digest == read(MINIMAL).spec.digest
    assert read(MINIMAL).policy == PolicyChoice(preset=None, ask=None)
    assert read(MINIMAL + "[policy]\nask = []\n").policy == PolicyChoice(ask=())


# Guards


JUDGED = 'brief = "x"\n[[criterion]]\nname = "good"\nsays = "Is good."\n'


def test_a_spec_with_a_critic_is_guarded(read: Callable[[str], SpecFile]) -> None:
    """Texts that address their judge are kept from it, without the user asking for that."""
    assert [c.name for c in read(JUDGED).spec.criteria] == ["good", "judgeable"]


def test_a_spec_without_a_critic_needs_no_guard(read: Callable[[str], SpecFile]) -> None:
    """Checks cannot be talked into anything."""
    assert [c.name for c in read(MINIMAL).spec.criteria] == ["short"]


def test_a_guard_of_ones_own_is_not_doubled(read: Callable[[str], SpecFile]) -> None:
    """Under whatever name it stands."""
    own = JUDGED + '[[criterion]]\nname = "sane"\ncheck = { judgeable = {} }\n'
    assert [c.name for c in read(own).spec.criteria] == ["good", "sane"]


def test_the_guard_can_be_left_out(read: Callable[[str], SpecFile]) -> None:
    """The user decides."""
    assert [c.name for c in read("guard = false\n" + JUDGED).spec.criteria] == ["good"]


def test_the_guards_name_cannot_be_taken_by_something_else(read: Callable[[str], SpecFile]) -> None:
    """Otherwise two criteria would have one name."""
    error = problem(read, JUDGED.replace("good", "judgeable", 1))
    assert (error.line, error.key) == (3, "criterion[1].name")
    assert "guard = false" in error.problem


# Placeholders


def test_placeholders_are_listed_in_their_order(read: Callable[[str], SpecFile]) -> None:
    """A pattern loads, and says what a batch must fill in; each field once, wherever it stands."""
    found = read(
        """
brief = "A letter to {{ name }} in {{city}}."
sources = ["rows/{{id}}.md", { name = "facts", text = "{{name}}: {{facts}}" }]
[[criterion]]
name = "named"
says = "Names {{name}} and {{product_2}}; not a field: { {x} }, {{a b}}."
"""
    )
    assert found.fields == ("name", "city", "id", "facts", "product_2")
    assert found.spec.sources[0] == Source(name="rows/{{id}}.md", text="")


def test_braces_in_a_source_file_are_material(read: Callable[[str], SpecFile], tmp_path: Path) -> None:
    """Only what stands in the spec itself is a pattern."""
    (tmp_path / "template.html").write_text("Hello {{ user }}")
    assert read('sources = ["template.html"]' + MINIMAL).fields == ()


# What is wrong, and where


CRITERION = '[[criterion]]\nname = "a"\ncheck = { words = { max = 1 } }\n'

WRONG = {
    "unknown key at the top": ('breif = "x"\n' + MINIMAL, 1, "breif", "unknown key; did you mean 'brief'?"),
    "unknown table": (MINIMAL + '[[criteria]]\nname = "b"\n', 6, "criteria", "did you mean 'criterion'?"),
    "unknown key in a table": (
        'brief = "x"\n[budget]\n# how many\npases = 3\n' + CRITERION,
        4,
        "budget.pases",
        "did you mean 'passes'?",
    ),
    "a key like no other": (
        'brief = "x"\n[models]\nquartz = "y"\n' + CRITERION,
        3,
        "models.quartz",
        "valid here: author, critic, confirmer",
    ),
    "unknown key in a criterion": (
        MINIMAL + '[[criterion]]\nname = "b"\nsays = "B."\nimpct = 2\n',
        9,
        "criterion[2].impct",
        "did you mean 'impact'?",
    ),
    "a top key below a table": (
        '[budget]\npasses = 3\nbrief = "x"\n' + CRITERION,
        3,
        "budget.brief",
        "'brief' belongs at the top of the file, above the first [table]",
    ),
    "a table's key at the top": ("passes = 3\n" + MINIMAL, 1, "passes", "belongs under [budget]"),
    "a criterion's key at the top": ("impact = 3\n" + MINIMAL, 1, "impact", "belongs under [[criterion]]"),
    "no brief": (CRITERION, None, "brief", 'brief is missing; say what to write and for whom: brief = "…"'),
    "a blank brief": ('brief = " "\n' + CRITERION, 1, "brief", "there is no brief"),
    "no criteria": ('brief = "x"\n', None, "criterion", '[[criterion]]\n  name = "short"'),
    "single brackets": (
        'brief = "x"\n[criterion]\nname = "a"\n',
        2,
        "criterion",
        "write [[criterion]], in double brackets",
    ),
    "a criterion without a name": (MINIMAL + '[[criterion]]\nsays = "x"\n', 6, "criterion[2]", "name is missing"),
    "a criterion that says nothing": (
        MINIMAL + '[[criterion]]\nname = "b"\n',
        6,
        "criterion[2]",
        'add says = "…", or a check',
    ),
    "a criterion that says a blank": (
        MINIMAL + '[[criterion]]\nname = "b"\nsays = " "\n',
        8,
        "criterion[2].says",
        'add says = "…", or a check',
    ),
    "the same name twice": (
        MINIMAL + '[[criterion]]\nsays = "x"\nname = "short"\n',
        8,
        "criterion[2].name",
        "the name 'short' is taken by criterion[1]",
    ),
    "a name with blanks": (
        MINIMAL + '[[criterion]]\nname = "b c"\nsays = "x"\n',
        7,
        "criterion[2].name",
        "must be lower-case letters",
    ),
    "impact above the scale": (
        MINIMAL + '[[criterion]]\nname = "b"\nimpact = 6\nsays = "x"\n',
        8,
        "criterion[2].impact",
        "impact is 6; it goes from 1 to 5",
    ),
    "impact as a boolean": (
        MINIMAL + '[[criterion]]\nname = "b"\nsays = "x"\nimpact = true\n',
        9,
        "criterion[2].impact",
        "this must be a whole number, not true",
    ),
    "impact as a fraction": (
        MINIMAL + '[[criterion]]\nname = "b"\nsays = "x"\nimpact = 2.0\n',
        9,
        "criterion[2].impact",
        "this must be a whole number, not 2.0",
    ),
    "core as a number": (
        MINIMAL + '[[criterion]]\nname = "b"\nsays = "x"\ncore = 1\n',
        9,
        "criterion[2].core",
        "this must be true or false, not 1",
    ),
    "passes as text": (
        'brief = "x"\n[budget]\npasses = "8"\n' + CRITERION,
        3,
        "budget.passes",
        "this must be a whole number, not the text '8'",
    ),
    "passes as a boolean": ('brief = "x"\nbudget.passes = true\n' + CRITERION, 2, "budget.passes", "not true"),
    "a budget of nothing": (
        'brief = "x"\n[budget]\ntokens = 0\n' + CRITERION,
        3,
        "budget.tokens",
        "tokens is 0; a limit must be above 0",
    ),
    "money that is not a number": (
        'brief = "x"\n[budget]\nmoney = nan\n' + CRITERION,
        3,
        "budget.money",
        "a finite number, not nan",
    ),
    "endless time": (
        'brief = "x"\n[budget]\nseconds = inf\n' + CRITERION,
        3,
        "budget.seconds",
        "a finite number, not inf",
    ),
    "replies of nothing": (
        'brief = "x"\n[budget]\nreply_tokens = -1\n' + CRITERION,
        3,
        "budget.reply_tokens",
        "must be above 0",
    ),
    "a brief that is a date": ("brief = 2026-01-01\n" + CRITERION, 1, "brief", "put it in quotes"),
    "a budget that is a list": ('brief = "x"\nbudget = [1]\n' + CRITERION, 2, "budget", "a table, not a list of 1"),
    "an unnamed model": ('brief = "x"\n[models]\ncritic = ""\n' + CRITERION, 3, "models.critic", "name a model"),
    "a kind of two words": ('kind = "Mark down"\n' + MINIMAL, 1, "kind", 'such as "markdown"'),
    "an unknown check": (
        MINIMAL + '[[criterion]]\nname = "b"\ncheck = { wrds = 1 }\n',
        8,
        "criterion[2].check.wrds",
        "there is no check 'wrds'",
    ),
    "an unknown parameter of a check": (
        MINIMAL + '[[criterion]]\nname = "b"\n[criterion.check.words]\nmin = 1\nmx = 3\n',
        10,
        "criterion[2].check.words.mx",
        "unknown parameter",
    ),
    "an empty check": (
        MINIMAL + '[[criterion]]\nname = "b"\ncheck = {}\n',
        8,
        "criterion[2].check",
        "name exactly one check",
    ),
    "a check by an unknown name": (
        MINIMAL + '[[criterion]]\nname = "b"\ncheck = "wrds"\n',
        8,
        "criterion[2].check.wrds",
        "there is no check 'wrds'",
    ),
    "a check as a list": (
        MINIMAL + '[[criterion]]\nname = "b"\ncheck = ["words"]\n',
        8,
        "criterion[2].check",
        "a check is a table, such as { words = { max = 180 } }, or the name of one",
    ),
    "a source that is a number": ("sources = [\n  1,\n]\n" + MINIMAL, 2, "sources[1]", "a source is a path in quotes"),
    "an unknown key of a source": (
        'sources = [{ name = "a", txt = "b" }]\n' + MINIMAL,
        1,
        "sources[1].txt",
        "did you mean 'text'?",
    ),
    "a source without a text": (
        'sources = [\n{ name = "a" }]\n' + MINIMAL,
        2,
        "sources[1]",
        'text is missing; add it: text = "…"',
    ),
    "two sources of one name": (
        'sources = [\n{ name = "a", text = "" },\n{ name = "a", text = "" }]\n' + MINIMAL,
        3,
        "sources[2]",
        "stands twice",
    ),
    "a source that is missing": ('sources = [\n"gone.md"]\n' + MINIMAL, 2, "sources[1]", "there is no file"),
    "an absolute source": (
        'sources = ["/etc/passwd"]\n' + MINIMAL,
        1,
        "sources[1]",
        "not a path from the spec's folder",
    ),
    "an empty file": ("", None, "", "the file is empty; `setpoint new my.toml` writes an example"),
    "a blank file": (" \n\t\n", None, "", "the file is empty"),
    "broken TOML": ('brief = "x\n', 1, "", "this is not valid TOML at column 11: illegal character"),
    "broken TOML later": ('brief = "x"\n\n[budget\n', 3, "", "this is not valid TOML at column 8: expected ']'"),
    "TOML that stops": ("brief = ", None, "", "this is not valid TOML at the end of the file: invalid value"),
    "a key twice": ('brief = "x"\nbrief = "y"\n', 2, "", "cannot overwrite a value"),
    "not TOML at all": ("{}", 1, "", "this is not valid TOML"),
    "a skeleton with headings and criteria": (
        FIXED + DRAFTED.removeprefix(MINIMAL),
        3,
        "skeleton",
        "a skeleton has either headings, which are locked as they stand, or criteria for an outline",
    ),
    "a skeleton with neither": (MINIMAL + "[skeleton]\n", 6, "skeleton", 'headings = ["## Costs", "## Risks"]'),
    "a skeleton with an empty list": (MINIMAL + "[skeleton]\nheadings = []\n", 6, "skeleton", "or criteria"),
    "a heading without #": (
        FIXED.replace("## Costs", "Costs"),
        4,
        "skeleton.headings",
        "'Costs' is not a heading; write one to six # and its text",
    ),
    "a heading without a text": (FIXED.replace("## Costs", "## "), 4, "skeleton.headings", "is not a heading"),
    "a heading over two lines": (FIXED.replace("## Costs", "## A\\nB"), 4, "skeleton.headings", "is not a heading"),
    "seven #": (FIXED.replace("## Costs", "####### A"), 4, "skeleton.headings", "is not a heading"),
    "a heading twice": (
        FIXED.replace("## Costs", "# All"),
        4,
        "skeleton.headings.required",
        "required names a heading twice",
    ),
    "headings as a text": (
        FIXED.replace('["# All", "## Costs"]', '"## Costs"'),
        4,
        "skeleton.headings",
        "this must be a list, not the text '## Costs'",
    ),
    "a heading that is a number": (
        FIXED.replace('"# All"', "3"),
        4,
        "skeleton.headings[1]",
        "this must be text in quotes, not 3",
    ),
    "the name of the added criterion": (
        FIXED.replace('"short"', '"skeleton"'),
        6,
        "criterion[1].name",
        "the name of the criterion that is added for fixed headings; choose another name",
    ),
    "an unknown key of the skeleton": (
        FIXED.replace("headings =", "heading ="),
        4,
        "skeleton.heading",
        "did you mean 'headings'?",
    ),
    "headings at the top": ('headings = ["## A"]\n' + MINIMAL, 1, "headings", "'headings' belongs under [skeleton]"),
    "an unknown key of an outline's criterion": (
        DRAFTED.replace('name = "parts"', 'nam = "parts"'),
        7,
        "skeleton.criterion[1].nam",
        "did you mean 'name'?",
    ),
    "an outline's criterion that says nothing": (
        MINIMAL + '[[skeleton.criterion]]\nname = "parts"\n',
        6,
        "skeleton.criterion[1]",
        "criterion 'parts' has no check, so a critic judges it",
    ),
    "an unknown check of an outline": (
        DRAFTED.replace("headings =", "heading ="),
        8,
        "skeleton.criterion[1].check.heading",
        "there is no check 'heading'",
    ),
    "two outline criteria of one name": (
        DRAFTED + DRAFTED.removeprefix(MINIMAL),
        10,
        "skeleton.criterion[2].name",
        "the name 'parts' is taken by skeleton.criterion[1]",
    ),
    "a name in outline and text": (
        DRAFTED.replace('"parts"', '"short"'),
        3,
        "criterion",
        "the criterion name 'short' stands 2 times",
    ),
    "an outline's file that is missing": (
        MINIMAL + '[[skeleton.criterion]]\nname = "runs"\ncheck = { command = { files = ["gone.py"] } }\n',
        8,
        "skeleton.criterion[1].check",
        "there is no file",
    ),
    "single brackets for an outline's criterion": (
        MINIMAL + '[skeleton.criterion]\nname = "parts"\n',
        6,
        "skeleton.criterion",
        "write [[skeleton.criterion]], in double brackets",
    ),
    "an unknown preset": (
        MINIMAL + '[policy]\npreset = "cannon"\n',
        7,
        "policy.preset",
        "there is no preset 'cannon'; did you mean 'canon'?",
    ),
    "an unknown question": (
        MINIMAL + '[policy]\nask = ["outline", "price"]\n',
        7,
        "policy.ask[2]",
        "there is no question 'price'; there are: outline, amend, precedence",
    ),
    "a question that is a text": (
        MINIMAL + '[policy]\nask = "outline"\n',
        7,
        "policy.ask",
        "this must be a list, not the text 'outline'",
    ),
    "an unknown key of the policy": (MINIMAL + "[policy]\nasks = []\n", 7, "policy.asks", "did you mean 'ask'?"),
    "a preset at the top": ('preset = "canon"\n' + MINIMAL, 1, "preset", "'preset' belongs under [policy]"),
    "deep nesting": ("a = " + "[" * 5000 + "]" * 5000, None, "", "nested too deeply"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_error_names_line_and_key_and_says_what_to_do(read: Callable[[str], SpecFile], case: str) -> None:
    """What the user got wrong is said where it stands."""
    text, line, key, says = WRONG[case]
    error = problem(read, text)
    assert (error.line, error.key) == (line, key)
    assert says in error.problem
    assert str(error).startswith(f"my.toml:{line}: " if line else "my.toml: ")


def test_of_several_errors_the_first_in_the_file_is_named(read: Callable[[str], SpecFile]) -> None:
    """People mend a file from the top."""
    text = 'brief = "x"\nkind = 1\n[[criterion]]\nname = 2\nimpact = "x"\n[budget]\npasses = "y"\n'
    assert problem(read, text).line == 2
    assert problem(read, text.replace("kind = 1", "")).line == 4


def test_a_checks_later_error_is_placed_too(read: Callable[[str], SpecFile]) -> None:
    """Bounds that turn out to be impossible when a check is built are found where they were written."""
    found = read(MINIMAL + '[[criterion]]\nname = "b"\n[criterion.check.words]\nmin = 9\nmax = 3\n')
    for key in ("check.words.max", "words.max"):
        with pytest.raises(SpecError) as caught, found.at("b"):
            raise SpecError("max is below min", key=key)
        assert str(caught.value) == "my.toml:10: criterion[2].check.words.max: max is below min"
    with pytest.raises(SpecError) as caught, found.at("b"):
        raise SpecError("no such program")
    assert str(caught.value) == "my.toml:8: criterion[2].check: no such program"


# Files


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"caf\xe9 = 1\n", "is not UTF-8: byte 0xE9 in its line 1"),
        (b"one\ntwo\nthree \xff\n", "in its line 3; save it as UTF-8"),
        ("brief".encode("utf-16"), "is UTF-16 or UTF-32; save it as UTF-8"),
        (b"PK\x03\x04\x00\x00", "is binary, not text"),
        (b"x" * (MAX_BYTES + 1), "has 2.0 MB; the limit is 2 MB"),
    ],
    ids=["latin-1", "a stray byte", "utf-16", "binary", "too large"],
)
@pytest.mark.parametrize("role", ["spec", "source", "attachment"])
def test_a_file_that_is_no_usable_text_is_refused(tmp_path: Path, content: bytes, says: str, role: str) -> None:
    """The spec itself, a source and a test file are held to the same."""
    (tmp_path / "odd").write_bytes(content)
    spec = tmp_path / ("odd" if role == "spec" else "spec.toml")
    if role == "source":
        spec.write_text('sources = ["odd"]' + MINIMAL)
    elif role == "attachment":
        spec.write_text(MINIMAL + '[[criterion]]\nname = "b"\ncheck = { command = { files = ["odd"] } }\n')
    with pytest.raises(SpecError, match=re.escape(says)) as caught:
        load(spec, Checks())
    assert (caught.value.file, caught.value.key) == (
        str(spec),
        {"spec": "", "source": "sources[1]", "attachment": "criterion[2].check"}[role],
    )


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    (tmp_path / "big.md").write_bytes(b"x" * MAX_BYTES)
    (tmp_path / "spec.toml").write_text('sources = ["big.md"]' + MINIMAL)
    assert len(load(tmp_path / "spec.toml", Checks()).spec.sources[0].text) == MAX_BYTES


def test_a_missing_spec_suggests_its_neighbour(tmp_path: Path) -> None:
    """A slip in the name is the usual cause."""
    (tmp_path / "release-notes.toml").write_text(MINIMAL)
    with pytest.raises(SpecError, match=r"there is no file .*did you mean 'release-notes\.toml'\?"):
        load(tmp_path / "release-note.toml", Checks())
    with pytest.raises(SpecError, match=r"email\.toml$"):
        load(tmp_path / "email.toml", Checks())
    with pytest.raises(SpecError, match=r"the folder .* is not there either"):
        load(tmp_path / "nowhere" / "spec.toml", Checks())


def test_a_folder_or_a_pipe_is_no_spec(tmp_path: Path) -> None:
    """Neither is read, and a pipe does not hang."""
    with pytest.raises(SpecError, match="is a folder; name a file in it"):
        load(tmp_path, Checks())
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SpecError, match="is not a plain file"):
        load(tmp_path / "pipe", Checks())


def test_a_name_that_no_file_can_have_is_an_error(read: Callable[[str], SpecFile], tmp_path: Path) -> None:
    """What the operating system refuses is said in words."""
    assert "cannot be read" in problem(read, 'sources = ["a\\u0000b"]' + MINIMAL).problem
    assert "cannot be read" in problem(read, f'sources = ["{"x" * 5000}"]' + MINIMAL).problem
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be read" in problem(read, 'sources = ["loop"]' + MINIMAL).problem


# Files that checks use


def with_files(*names: str) -> str:
    """A spec whose second criterion runs a program beside these files."""
    files = ", ".join(f'"{name}"' for name in names)
    return MINIMAL + f'[[criterion]]\nname = "b"\n[criterion.check.command]\nrun = ["x"]\nfiles = [{files}]\n'


def test_files_of_checks_are_part_of_the_digest(read: Callable[[str], SpecFile], tmp_path: Path) -> None:
    """Trust in a spec is trust in the tests it runs: another test file is another spec."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text("assert True\n")
    before = read(with_files("tests/test_it.py"))
    assert before.spec.attachments == (Source(name="tests/test_it.py", text="assert True\n"),)
    (tmp_path / "tests" / "test_it.py").write_text("import os\n")
    assert read(with_files("tests/test_it.py")).spec.digest != before.spec.digest


def test_a_file_used_by_two_checks_is_attached_once(read: Callable[[str], SpecFile], tmp_path: Path) -> None:
    """It is one file."""
    (tmp_path / "t.py").write_text("")
    twice = with_files("t.py") + '[[criterion]]\nname = "c"\ncheck = { command = { files = ["t.py"] } }\n'
    assert read(twice).spec.attachments == (Source(name="t.py", text=""),)


@pytest.mark.parametrize(
    "name", ["../secret", "in/../../secret", "link", "linked/secret", "/etc/hostname", "in/../in/x"]
)
def test_files_of_checks_cannot_lie_outside_the_specs_folder(tmp_path: Path, name: str) -> None:
    """Neither by dots, nor by links, nor by an absolute path: what was trusted is what runs."""
    (tmp_path / "secret").write_text("key")
    base = tmp_path / "base"
    (base / "in").mkdir(parents=True)
    (base / "in" / "x").write_text("")
    (base / "link").symlink_to(tmp_path / "secret")
    (base / "linked").symlink_to(tmp_path)
    with pytest.raises(SpecError, match="lies outside the spec's folder") as caught:
        loads(with_files(name), Checks(), name="my.toml", base=base)
    assert (caught.value.line, caught.value.key) == (8, "criterion[2].check")


def test_a_link_inside_the_folder_is_followed(read: Callable[[str], SpecFile], tmp_path: Path) -> None:
    """Only leaving the folder is refused, also where the folder itself is reached by a link."""
    (tmp_path / "real.py").write_text("x")
    (tmp_path / "alias.py").symlink_to("real.py")
    assert read(with_files("alias.py")).spec.attachments[0].text == "x"
    (tmp_path / "door").symlink_to(tmp_path)
    through = loads(with_files("real.py"), Checks(), name="my.toml", base=tmp_path / "door")
    assert through.spec.attachments[0].text == "x"


def test_a_missing_file_of_a_check_is_named(read: Callable[[str], SpecFile]) -> None:
    """With the criterion that needs it."""
    error = problem(read, with_files("gone.py"))
    assert (error.key, "gone.py" in error.problem) == ("criterion[2].check", True)


# setpoint.toml


def test_the_configuration_is_read(tmp_path: Path) -> None:
    """Paths start from the file's own folder; ``~`` is the home folder."""
    file = tmp_path / "setpoint.toml"
    file.write_text(
        '[models]\nauthor = "a:b"\n[policy]\nask = ["amend"]\n[ledger]\npath = "runs/all.sqlite"\n[prices]\nfile = "~/prices.toml"\n'
    )
    assert load_config(file) == Config(
        models={"author": "a:b"},
        policy=PolicyChoice(ask=("amend",)),
        ledger=tmp_path / "runs" / "all.sqlite",
        prices=Path.home() / "prices.toml",
        path=str(file),
    )


def test_an_empty_configuration_changes_nothing(tmp_path: Path) -> None:
    """A file with everything commented out is valid."""
    (tmp_path / "setpoint.toml").write_text("# nothing\n")
    assert load_config(tmp_path / "setpoint.toml") == Config(path=str(tmp_path / "setpoint.toml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[models]\nauthr = "x"\n', ":2: models.authr: unknown key; did you mean 'author'?"),
        ('[ledgers]\npath = "x"\n', ":1: ledgers: unknown key; did you mean 'ledger'?"),
        ('author = "x"\n', ":1: author: 'author' belongs under [models]"),
        ("[ledger]\npath = 3\n", ":2: ledger.path: this must be text in quotes, not 3"),
        ("[prices]\n", ":1: prices: file is missing"),
        ('[models]\ncritic = " "\n', ":2: models.critic: name a model"),
        ('[policy]\npreset = "x"\n', ":2: policy.preset: there is no preset 'x'; there are: default, canon"),
        ("[models\n", ":1: this is not valid TOML"),
    ],
)
def test_the_configuration_is_as_strict_as_a_spec(tmp_path: Path, text: str, says: str) -> None:
    """Its errors name file, line and key in the same way, as errors of the configuration."""
    file = tmp_path / "setpoint.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert str(caught.value).startswith(f"{file}{says}")


def test_a_missing_configuration_is_an_error_when_asked_for(tmp_path: Path) -> None:
    """Whether there is one is the caller's to find out."""
    with pytest.raises(ConfigError, match="there is no file"):
        load_config(tmp_path / "setpoint.toml")

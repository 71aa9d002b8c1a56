"""Which language it is in, and how hard it reads."""

import subprocess
import sys

import pytest

from checks.measuring import measure
from setpoint.checks.language import syllables

ENGLISH = "Upgrade today, because this release closes a hole through which anyone on the network could log in."
GERMAN = (
    "Bitte aktualisieren Sie noch heute, denn diese Version schließt eine Lücke, durch die sich jeder anmelden kann."
)


def test_the_language_is_recognised() -> None:
    """In both directions."""
    assert measure({"language": "en"}, ENGLISH).passed
    assert measure({"language": "de"}, GERMAN).passed
    assert measure({"language": "de"}, ENGLISH).message == "the paragraph on line 1 is in 'en'; write it in 'de'"
    assert measure({"language": "en"}, "Guten Tag, wie geht es Ihnen?").message == (
        "the text is in 'de' by the look of it; write it in 'en'"
    )


def test_one_foreign_paragraph_fails_the_text() -> None:
    """A text that is mostly right would else pass; the line says where it is not."""
    found = measure({"language": "en"}, f"{ENGLISH}\n\n{ENGLISH}\n\n{GERMAN}\n")
    assert (found.passed, found.lines) == (False, (5,))
    assert 0.2 < found.shortfall < 0.5


def test_too_little_text_cannot_be_assessed() -> None:
    """A guess about two words is no measurement; code has no language."""
    for text in ("", "ok", "1234 !!", "```\nimport os, sys, json, socket\n```"):
        assert measure({"language": "en"}, text).passed is None


def test_without_the_extra_the_error_names_the_command() -> None:
    """A fresh interpreter in which the detector cannot be imported."""
    code = (
        "import sys; sys.modules['py3langid'] = None\n"
        "from setpoint import checks\n"
        "from setpoint.errors import SpecError\n"
        "try: checks.build(checks.parse({'language': 'en'}), checks.CheckContext())\n"
        "except SpecError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "pip install 'setpoint[language]'" in told


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    """Loading the checks must not make `setpoint --help` slow."""
    code = (
        "import sys, setpoint.checks\n"
        "print([name for name in ('jsonschema', 'markdown_it', 'pyphen', 'py3langid', 'numpy') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# Counted by hand, as a dictionary of pronunciation would.
SYLLABLES = {
    "open": 2, "able": 2, "about": 2, "the": 1, "every": 3, "administrator": 5, "upgrade": 2, "fixed": 1, "added": 2,
    "release": 2, "security": 4, "created": 3, "people": 2, "little": 2, "made": 1, "houses": 2, "available": 4,
    "configuration": 5, "password": 2, "different": 3, "minute": 2, "everything": 4, "language": 2, "asked": 1,
}  # fmt: skip


def test_syllables_are_about_right() -> None:
    """The sum over common words is within five per cent; hyphenation alone is ten below."""
    total = sum(SYLLABLES.values())
    assert abs(sum(map(syllables, SYLLABLES)) - total) <= 0.05 * total


def test_the_grade_follows_the_formula() -> None:
    """Twenty words in five sentences, all of one syllable: 0.39 · 4 + 11.8 - 15.59 = -2.23."""
    text = "The cat sat down. " * 5
    assert measure({"reading_grade": {"max": -3}}, text).message == (
        "grade -2.2 (4 words to a sentence, 1.0 syllables to a word); get it to -3 with shorter sentences and words"
    )
    assert measure({"reading_grade": {"min": -2.3, "max": -2.2}}, text).passed


def test_harder_text_has_the_higher_grade() -> None:
    """And the finding says what makes it hard."""
    hard = (
        "Notwithstanding the aforementioned considerations, administrators responsible for infrastructure "
        "availability are required to evaluate the applicability of the configuration before installation."
    )
    easy = "Back up your files. Then stop the server. Now run the new tool. It asks for your name. Type it and wait."
    assert measure({"reading_grade": {"max": 9}}, easy).passed
    found = measure({"reading_grade": {"max": 9}}, hard)
    assert found.passed is False
    assert found.shortfall == 1.0


@pytest.mark.parametrize("text", ["", "Too short.", "```\n" + "code " * 50 + "\n```"])
def test_a_short_text_has_no_grade(text: str) -> None:
    """A grade of five words would be noise."""
    assert measure({"reading_grade": {"max": 9}}, text).passed is None

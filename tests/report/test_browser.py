"""The report page in a real headless browser."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from setpoint.core.event import Recorded
from setpoint.report.html import render_html
from setpoint.report.summary import summarise

Scene: TypeAlias = Callable[[str], tuple[Recorded, ...]]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"no headless browser: none of {', '.join(NAMES)} is on the path"),
]


def _open(html: str, folder: Path, *flags: str) -> tuple[str, list[str]]:
    """The document as the browser built it, and what it wrote to its console."""
    assert BROWSER is not None
    file = folder / "report.html"
    file.write_text(html, encoding="utf-8")
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--enable-logging=stderr",
        f"--user-data-dir={folder / 'profile'}",
        *flags,
        "--dump-dom",
        file.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accepted", 'id="outcome">Accepted</h2>'),
        ("unverified", 'id="outcome">Unverified</h2>'),
        ("hostile", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("cancelled", 'id="outcome">Cancelled</h2>'),
    ],
)
def test_the_page_opens_without_a_complaint(scene: Scene, tmp_path: Path, name: str, expected: str) -> None:
    """The browser shows the outcome, and neither an error nor a violation of the policy is on its console."""
    document, console = _open(render_html(summarise(scene(name))), tmp_path)
    assert console == []
    assert expected in document


def test_a_violation_of_the_policy_would_be_seen(scene: Scene, tmp_path: Path) -> None:
    """The check above can fail: a page that was tampered with is complained about, and its script does not run."""
    html = render_html(summarise(scene("accepted")))
    tampered = html.replace("</main>", "<script>document.title = 'owned'</script></main>")
    document, console = _open(tampered, tmp_path)
    assert any("Content Security Policy" in line for line in console)
    assert "<title>owned" not in document


def test_the_page_prints(scene: Scene, tmp_path: Path) -> None:
    """It makes a PDF of a few pages."""
    pdf = tmp_path / "report.pdf"
    _open(render_html(summarise(scene("accepted"))), tmp_path, f"--print-to-pdf={pdf}")
    assert pdf.read_bytes().startswith(b"%PDF")

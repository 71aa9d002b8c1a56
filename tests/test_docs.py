"""The documentation is executed: examples run, generated parts are up to date, links lead somewhere."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pytest_examples import CodeExample, EvalExample, find_examples

from conftest_cli import GOOD
from setpoint.testing.server import FaultServer

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
RUNNABLE = [
    "docs/how-to/estimate-before-you-start.md",
    "docs/how-to/test-a-spec-without-a-model.md",
    "docs/reference/library.md",
]


@pytest.mark.parametrize("example", list(find_examples(*[str(ROOT / page) for page in RUNNABLE])), ids=str)
def test_python_examples_in_the_docs_print_what_they_say(
    example: CodeExample, eval_example: EvalExample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python block of these pages runs, and its comments are its output."""
    if not example.prefix.startswith("python"):
        return
    monkeypatch.chdir(tmp_path)
    eval_example.set_config(line_length=120)
    eval_example.run_print_check(example)


def test_the_readme_example_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's spec and its Python lines, with a model server on this machine in place of the model."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (spec,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "changes.md").write_text("2.4", encoding="utf-8")
    (tmp_path / "notes.toml").write_text(spec.partition('[[criterion]]\nname = "decides"')[0], encoding="utf-8")
    with FaultServer(lambda _payload: GOOD) as server:
        code = code.replace("embedded:qwen2.5-coder-1.5b", f"openai:m@{server.url}")
        environment = {"PATH": "/usr/bin:/bin", "SETPOINT_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120, check=False
        )
    assert ran.stdout.startswith("accepted every criterion passes\n"), ran.stderr
    assert GOOD in ran.stdout


def test_the_page_about_many_texts_can_be_followed_literally(tmp_path: Path) -> None:
    """Every command of it, one after another, with a model server on this machine in place of the model."""
    page = (ROOT / "docs/how-to/refine-many.md").read_text(encoding="utf-8")
    commands = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    asked: list[str] = []

    def answer(payload: Mapping[str, object]) -> str:
        found = re.search(r"Reply to ([\w ]+), whose ([\w ]+) arrived", str(payload))
        asked.append(found[1] if found else "")
        text = "we are sorry that it arrived broken. We will put it right at once, and you need not do anything at all."
        return f"Dear {found[1]},\n\nabout your {found[2]}: {text}\n" if found else ""

    with FaultServer(answer) as server:
        for command in commands:
            line = command.replace("embedded:qwen2.5-coder-1.5b", f"openai:m@{server.url}").split()
            environment = {"PATH": "/usr/bin:/bin", "SETPOINT_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
            ran = subprocess.run(
                [sys.executable, "-m", *line],
                capture_output=True,
                text=True,
                env=environment,
                cwd=tmp_path,
                check=False,
            )
            assert ran.returncode == 0, ran.stderr
    assert sorted(asked) == ["Dr Lindqvist", "Mr Okafor", "Ms Adeyemi"]
    assert len((tmp_path / "replies.jsonl").read_text().splitlines()) == len(asked)


def test_generated_parts_of_the_docs_are_up_to_date() -> None:
    """`make docs` prints them anew."""
    generated = [str(page) for page in PAGES if "[[[cog" in page.read_text(encoding="utf-8")]
    assert len(generated) >= 3
    done = subprocess.run(
        [str(Path(sys.executable).parent / "cog"), "--check", *generated], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("{") and not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target

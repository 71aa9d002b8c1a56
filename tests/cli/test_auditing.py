"""`setpoint audit` as a user meets it."""

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from audit_world import GOOD, SAYS, holds
from conftest_cli import Shell
from setpoint.compose import read_spec, settings
from setpoint.roles import critic_form
from setpoint.rubric.trust_record import Counts, subject
from setpoint.testing.server import Fault, FaultServer

SPEC = 'brief = "An invitation to a workshop on soil care."\n\n' + "\n".join(
    f'[[criterion]]\nname = "{name}"\nsays = "{says}"\n' for name, says in SAYS.items()
)
COMMON = ("--critic", "{model}", "--planted", "5", "--readings", "4")


def _judge(blind: str = "") -> Callable[[dict[str, object]], str]:
    """A critic behind an address: it reads the draft out of the prompt, and goes by the truth."""

    def answer(payload: dict[str, object]) -> str:
        messages = payload["messages"]
        assert isinstance(messages, list)
        prompt = str(messages[-1]["content"])
        found = re.search(r"begin draft, lines numbered\]\n(.*)\n\[\w+ end draft", prompt, re.DOTALL)
        assert found is not None
        text = re.sub(r"(?m)^ *\d+ ", "", found[1])
        readings = {
            name: {
                "lines": [],
                "finding": "so it is",
                "verdict": "pass" if name == blind or holds(name, text) else "fail",
                "do": f"say what {name} asks for",
            }
            for name in SAYS
        }
        return json.dumps({"readings": readings, "other": []})

    return answer


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[dict[str, object]], str | Fault]], str]]:
    """Start model servers: a function of the request in, ``provider:name`` out."""
    servers: list[FaultServer] = []

    def start(answer: Callable[[dict[str, object]], str | Fault]) -> str:
        server = FaultServer(answer)  # type: ignore[arg-type]
        servers.append(server)
        server.__enter__()
        return f"openai:m@{server.url}"

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def world(shell: Shell) -> Shell:
    """A spec and good texts."""
    shell.write("invite.toml", SPEC)
    for name, text in GOOD.items():
        shell.write(f"{name}.txt", text)
    return shell


def _audit(world: Shell, model: str, *more: str) -> tuple[int, str, str]:
    drafts = [part for name in GOOD for part in ("--draft", f"{name}.txt")]
    return world.run("audit", "invite.toml", *drafts, *(part.format(model=model) for part in COMMON), "--yes", *more)


def test_a_blind_spot_ends_with_1_and_is_said_in_words(world: Shell, serve: Callable[..., str]) -> None:
    """Table and sentences on standard output; price before, spending after, on standard error."""
    code, out, err = _audit(world, serve(_judge(blind="gloves")))
    assert code == 1
    assert re.search(r"^gloves +0 of 5 +0–43 % +15 of 15 +80–100 %", out, re.MULTILINE), out
    assert "- `gloves` is decoration: planted faults were noticed in 0 of 5." in out
    assert "good texts: 3 texts (as given)\n" in err
    assert re.search(r"at most \d+ calls \(\d+ readings, 0 to plant and confirm\), about [\d,]+ tokens", err), err
    assert re.search(r"^\d+ calls, [\d,]+ tokens, .*; kept in ", err, re.MULTILINE), err


def test_json_and_page_say_the_same(world: Shell, serve: Callable[..., str]) -> None:
    """The page loads nothing, and shows text from models and users as text."""
    world.write("invite.toml", SPEC.replace("gardening gloves.", "gardening gloves <script>x</script>."))
    code, out, _ = _audit(world, serve(_judge()), "--json", "--report", "page.html")
    found = json.loads(out)
    assert code == 0
    assert found["complete"]
    assert [entry["noticed"]["hits"] for entry in found["criteria"]] == [5, 5, 5, 5]
    assert {record["criterion"] for record in found["records"]} == set(SAYS)
    page = (world.folder / "page.html").read_text(encoding="utf-8")
    tags: list[str] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, _attributes: tags.append(tag)  # type: ignore[method-assign]
    reader.feed(page)
    assert "script" not in tags
    assert "img" not in tags
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "default-src 'none'; style-src 'sha256-" in unescape(page)
    assert not re.search(r"(?:href|src)=.https?:|url\(", page)
    for name in SAYS:
        assert name in page


def test_a_dry_run_spends_nothing(world: Shell, serve: Callable[..., str]) -> None:
    """It says the price and stops; no record is begun."""
    asked: list[object] = []

    def counted(payload: dict[str, object]) -> str:
        asked.append(payload)
        return _judge()(payload)

    code, out, err = _audit(world, serve(counted), "--dry-run")
    assert (code, out, asked) == (0, "", [])
    assert "at most " in err
    assert not (world.folder / "home" / "audits").exists()


def test_an_audit_that_was_cut_goes_on_with_the_same_command(world: Shell, serve: Callable[..., str]) -> None:
    """The limit counts what was spent earlier; without it the rest is done, and done once."""
    asked: list[object] = []

    def counted(payload: dict[str, object]) -> str:
        asked.append(payload)
        return _judge()(payload)

    model = serve(counted)
    code, out, _ = _audit(world, model, "--calls", "7")
    assert code == 1
    assert "The audit is not complete: its limit of 7 calls is used up. The same command goes on" in out
    assert len(asked) == 7
    code, out, err = _audit(world, model)
    assert code == 0
    assert "7 of them earlier" in err
    whole = len(asked)
    code, again, err = _audit(world, model)
    assert (code, again, len(asked)) == (0, out, whole)


def test_a_price_that_is_not_known_is_asked_about(world: Shell, serve: Callable[..., str]) -> None:
    """Where nobody can be asked, that is a mistake of the user's, not a bill."""
    model = serve(_judge())
    code, _, err = world.run("audit", "invite.toml", "--draft", "one.txt", "--critic", model)
    assert code == 2
    assert "its price is not known, and nobody can be asked here; add --yes" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--critic", "x:y"), "there is no good text to plant faults in: name some with --draft FILE"),
        (("--draft", "one.txt"), "an audit measures a critic, and none is named: add --critic PROVIDER:NAME"),
        (("--draft", "one.txt", "--critic", "x:y", "--only", "rooms"), "--only rooms: no criterion of that name"),
        (("--draft", "one.txt", "--critic", "x:y", "--planted", "0"), "--planted and --readings must be 1 or more"),
        (("--draft", "bad.txt", "--critic", "x:y"), "no good text is left: bad.txt does not pass `judgeable`"),
        (("--draft", "one.txt", "--critic", "x:y", "--tokens", "0"), "--tokens is 0; a limit must be above 0"),
    ],
)
def test_mistakes_are_said_with_what_to_do(world: Shell, arguments: tuple[str, ...], words: str) -> None:
    """All end with 2, before anything is spent."""
    world.write("bad.txt", "Thought process:\n")
    code, out, err = world.run("audit", "invite.toml", *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_a_spec_of_the_gallery_brings_its_own_good_text(shell: Shell, serve: Callable[..., str]) -> None:
    """By name; and beside a spec that was made from it."""
    code, _, err = shell.run("audit", "customer-email", "--critic", serve(_judge()), "--dry-run")
    assert code == 0
    assert "good texts: 1 text (the gallery's example)" in err
    shell.run("new", "customer-email", "--examples")
    code, _, err = shell.run("audit", "customer-email.toml", "--critic", serve(_judge()), "--dry-run")
    assert "good texts: 1 text (the example beside the spec)" in err


def test_accepted_runs_of_the_spec_are_good_texts(world: Shell, serve: Callable[..., str]) -> None:
    """Those that the ledger holds, by the digest of the spec."""
    model = serve(lambda payload: _judge()(payload) if "begin draft" in json.dumps(payload) else GOOD["one"])
    code, _, err = world.run("run", "invite.toml", "--author", model, "--no-probe", "--plain")
    assert code == 0, err
    code, _, err = world.run("audit", "invite.toml", "--critic", model, "--dry-run")
    assert "good texts: 1 text (from accepted runs)" in err, err


def test_the_folder_of_records_holds_no_two_for_one_audit(world: Shell, serve: Callable[..., str]) -> None:
    """More faults go on from the same record; another seed has its own."""
    model = serve(_judge())
    _audit(world, model, "--no-canaries")
    _audit(world, model)
    records = list(Path(world.folder / "home" / "audits").iterdir())
    assert len(records) == 1
    _audit(world, model, "--seed", "1")
    assert len(list(Path(world.folder / "home" / "audits").iterdir())) == 2


def test_what_was_measured_is_kept_with_what_is_known_about_critics(world: Shell, serve: Callable[..., str]) -> None:
    """Under the critic, the wording of its prompts and the criterion; a second audit replaces the first."""
    model = serve(_judge(blind="gloves"))
    for _ in range(2):
        _audit(world, model, "--no-canaries")
    record = settings(folder=world.folder).critics
    spec = read_spec(world.folder / "invite.toml").spec
    known = {name: record.get(subject(model, critic_form(), spec.criterion(name))) for name in SAYS}
    assert known["gloves"] == {"audit": Counts(noticed=0, failures=5, passed=15, passes=15)}
    assert known["room"] == {"audit": Counts(noticed=5, failures=5, passed=15, passes=15)}

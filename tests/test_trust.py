"""Programs run only for specs that were trusted as they are now."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from setpoint.core.spec import CheckCall, Criterion, Source, Spec
from setpoint.errors import ConfigError, NotTrusted
from setpoint.trust import Trusted, TrustStore

SPEC = Spec(
    brief="A function.",
    criteria=(Criterion(name="works", says="Works.", check=CheckCall(name="command", params={"run": ["pytest"]})),),
    attachments=(Source(name="test_it.py", text="def test(): pass\n"),),
)


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    """A store that does not exist yet, in a folder that does not exist yet."""
    return TrustStore(tmp_path / "home" / "trust.json", clock=lambda: 5.0)


def test_nothing_is_trusted_at_first(store: TrustStore) -> None:
    """Looking makes no file and trusts nothing."""
    assert not store.trusts(SPEC.digest)
    assert store.listing() == ()
    assert not store.file.parent.exists()


def test_what_was_trusted_stays_trusted_in_a_new_process(store: TrustStore) -> None:
    """Trust is remembered with what was shown to the user."""
    store.trust(SPEC.digest, "spec.toml", ["works: pytest"])
    again = TrustStore(store.file)
    assert again.trusts(SPEC.digest)
    assert again.listing() == (Trusted(digest=SPEC.digest, path="spec.toml", commands=("works: pytest",), at=5.0),)


@pytest.mark.parametrize(
    "changed",
    [
        replace(SPEC, brief="Another function."),
        replace(SPEC, attachments=(Source(name="test_it.py", text="import os\n"),)),
        replace(SPEC, criteria=(replace(SPEC.criteria[0], check=CheckCall(name="command", params={"run": ["sh"]})),)),
    ],
    ids=["brief", "test file", "command"],
)
def test_any_change_of_the_spec_needs_trust_again(store: TrustStore, changed: Spec) -> None:
    """The digest covers the command and the files that it runs."""
    store.trust(SPEC.digest, "spec.toml", [])
    assert not store.trusts(changed.digest)


def test_trusting_one_spec_keeps_the_others(store: TrustStore) -> None:
    """The list grows, the latest first; trusting twice is one entry."""
    for digest in ("a", "b", "a"):
        store.trust(digest, f"{digest}.toml", [])
    assert [entry.digest for entry in store.listing()] == ["b", "a"]


def test_what_is_forgotten_is_trusted_no_longer(store: TrustStore) -> None:
    """Trust can be taken back, and says whether there was any."""
    store.trust("a", "a.toml", [])
    store.trust("b", "b.toml", [])
    assert store.forget("a")
    assert not store.forget("a")
    assert (store.trusts("a"), store.trusts("b")) == (False, True)


def test_only_the_owner_can_read_the_list(store: TrustStore) -> None:
    """The file and its folder are private, and no temporary file stays behind."""
    store.trust("a", "a.toml", [])
    store.trust("b", "b.toml", [])
    assert stat.S_IMODE(store.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.file.parent.stat().st_mode) == 0o700
    assert [file.name for file in store.file.parent.iterdir()] == ["trust.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"v": 1}',
        b'{"v": 2, "trusted": []}',
        b'{"v": 1, "trusted": {"a": true}}',
        b'{"v": 1, "trusted": ["a"]}',
        b'{"v": 1, "trusted": [{"digest": "a"}]}',
        b'{"v": 1, "trusted": [{"digest": "a", "path": "p", "commands": "x", "at": 1.0}]}',
        b'{"v": 1, "trusted": [{"digest": 1, "path": "p", "commands": [], "at": 1.0}]}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_list_trusts_nothing_and_is_left_alone(store: TrustStore, content: bytes) -> None:
    """Damage is reported with what to do; nothing overwrites what may still be of use."""
    store.file.parent.mkdir()
    store.file.write_bytes(content)
    store.file.chmod(0o600)
    for use in (
        lambda: store.trusts("a"),
        lambda: store.trust("a", "a.toml", []),
        lambda: store.forget("a"),
        store.listing,
    ):
        with pytest.raises(NotTrusted, match="damaged, so nothing is trusted; delete it"):
            use()
    assert store.file.read_bytes() == content


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_list_that_others_can_write_to_trusts_nothing(store: TrustStore, mode: int) -> None:
    """Otherwise another user of the machine could decide what runs here."""
    store.trust("a", "a.toml", [])
    store.file.chmod(mode)
    with pytest.raises(NotTrusted, match="other users can write"):
        store.trusts("a")
    store.file.chmod(0o600)
    assert store.trusts("a")


def test_a_list_that_cannot_be_written_is_the_users_to_fix(tmp_path: Path) -> None:
    """A file where the folder should be is reported, not raised as an OSError."""
    (tmp_path / "file").write_text("")
    with pytest.raises((ConfigError, NotTrusted), match="cannot be"):
        TrustStore(tmp_path / "file" / "trust.json").trust("a", "a.toml", [])


def test_a_failed_write_keeps_the_old_list(store: TrustStore) -> None:
    """The list is replaced whole or not at all."""
    store.trust("a", "a.toml", [])
    before = store.file.read_bytes()
    with pytest.raises(TypeError):
        store._write({"b": Trusted(digest="b", path="b", commands=(object(),), at=0.0)})  # pyright: ignore[reportArgumentType]
    assert store.file.read_bytes() == before
    assert [file.name for file in store.file.parent.iterdir()] == ["trust.json"]


def test_a_path_that_is_not_text_is_remembered_readably(store: TrustStore) -> None:
    """File names may hold any bytes; the list stays readable all the same."""
    store.trust("a", "caf\udce9.toml", ["run \udcff"])
    assert store.listing()[0].path == "caf?.toml"
    json.loads(store.file.read_text(encoding="utf-8"))

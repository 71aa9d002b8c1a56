"""Serve a plant on this machine until it is interrupted, for loops that speak HTTP.

cd bench && python -m plant --regime middling --seed 3 --port 8123
"""

import argparse
import json
import sys
import time

from plant import REGIMES, Plant, PlantServer


def main() -> int:
    """Print the address and the task, then serve."""
    parser = argparse.ArgumentParser(prog="plant", description="Serve a simulated author and critic on this machine.")
    parser.add_argument(
        "--regime", choices=list(REGIMES), default="middling", help="the kind of author, critic and task"
    )
    parser.add_argument("--seed", type=int, default=0, help="draws the task and all luck")
    parser.add_argument("--port", type=int, default=0, help="the port; any that is free by default")
    asked = parser.parse_args()
    plant = Plant(REGIMES[asked.regime], asked.seed)
    with PlantServer(plant, asked.port) as server:
        criteria = {c.name: {"says": c.says, "impact": c.impact, "core": c.core} for c in plant.spec.criteria}
        print(json.dumps({"url": server.url, "brief": plant.spec.brief, "criteria": criteria}, indent=2), flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())

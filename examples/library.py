"""Refine a text from Python: a spec as a value, a model by name, and the result as data.

python examples/library.py embedded:qwen2.5-coder-1.5b
"""

import asyncio
import sys

import setpoint


async def main(author: str) -> None:
    """Refine one text and say how it ended."""
    spec: dict[str, object] = {
        "brief": "An announcement for the notice board: the lift is out of service on Tuesday from 9 to 12.",
        "criterion": [
            {"name": "says-when", "check": {"contains": ["Tuesday", "9", "12"]}, "impact": 5},
            {"name": "short", "check": {"words": {"max": 40}}},
            {"name": "finished", "check": {"no_placeholder": {}}},
        ],
        "budget": {"passes": 4},
    }
    result = await setpoint.refine(spec, author=author)
    print(result.text)
    print(f"{result.outcome} after {result.passes} passes and {result.spent.tokens} tokens: {result.reason}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "embedded:qwen2.5-coder-1.5b"))

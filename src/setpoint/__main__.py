"""``setpoint`` and ``python -m setpoint``: the imports take a moment, and Ctrl-C during them is no traceback either."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    try:
        from setpoint.cli import main as run  # noqa: PLC0415 - so that an interruption of it is caught

        run()
    except KeyboardInterrupt:
        sys.stderr.write("setpoint: interrupted\n")
        sys.exit(1)


if __name__ == "__main__":
    main()

"""The tests that the function in a draft must pass; run beside the draft, with the standard library alone."""

import unittest

from parse_duration import parse_duration  # pyright: ignore  # the draft stands beside this file when the check runs


class ParseDuration(unittest.TestCase):
    """One demand of the brief each."""

    def test_each_unit(self) -> None:
        self.assertEqual([parse_duration(f"2{unit}") for unit in "dhms"], [172800, 7200, 120, 2])

    def test_units_add_up(self) -> None:
        self.assertEqual(parse_duration("1h30m"), 5400)

    def test_spaces_do_not_matter(self) -> None:
        self.assertEqual(parse_duration("  1d  2h 5s "), 93605)

    def test_everything_else_is_refused(self) -> None:
        for text in ("", "   ", "h", "5", "1m 1h", "1h 1h", "-1s", "1.5h", "1 hour"):
            with self.subTest(text), self.assertRaises(ValueError):
                parse_duration(text)


if __name__ == "__main__":
    unittest.main()

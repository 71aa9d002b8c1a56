"""The tests that the function in a draft must pass; run beside the draft, with the standard library alone."""

import unittest

from slugify import slugify  # pyright: ignore  # the draft stands beside this file when the check runs


class Slugify(unittest.TestCase):
    """One demand of the brief each."""

    def test_words_are_joined_by_single_hyphens(self) -> None:
        self.assertEqual(slugify("Hello,   World -- again!"), "hello-world-again")

    def test_accents_are_removed(self) -> None:
        self.assertEqual(slugify("Crème brûlée à la française"), "creme-brulee-a-la-francaise")

    def test_no_hyphen_at_either_end(self) -> None:
        self.assertEqual(slugify("  (draft)  "), "draft")

    def test_limit_respects_words(self) -> None:
        self.assertEqual(slugify("one two three", limit=9), "one-two")

    def test_one_long_word_is_cut(self) -> None:
        self.assertEqual(slugify("incomprehensibilities", limit=8), "incompre")

    def test_nothing_left_is_untitled(self) -> None:
        self.assertEqual(slugify("!!! ???"), "untitled")


if __name__ == "__main__":
    unittest.main()

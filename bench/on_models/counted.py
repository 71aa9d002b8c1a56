"""IFEval's requirements that count: words, letters, sentences, paragraphs."""

import re

from on_models.requirement import PASSED, Given, Measure, exactly, fail, number, related, text_of, texts
from on_models.words import capital_words, sentences, word_count
from setpoint.ports import Finding

__all__ = [
    "capitals",
    "existence",
    "first_word",
    "forbidden",
    "frequency",
    "letter_count",
    "paragraphs",
    "sentence_count",
    "words",
]


# Words and letters


def existence(given: Given) -> tuple[str, Measure]:
    """``keywords:existence``."""
    words = texts(given, "keywords")
    named = ", ".join(f'"{word}"' for word in words)

    def measure(text: str) -> Finding:
        absent = [word for word in words if not re.search(word, text, re.IGNORECASE)]
        if not absent:
            return PASSED
        return fail(f"missing: {', '.join(absent)}; use each of these words", len(absent) / len(words))

    return f"The text contains the words {named}.", measure


def frequency(given: Given) -> tuple[str, Measure]:
    """``keywords:frequency``."""
    word, relation = text_of(given, "keyword"), text_of(given, "relation")
    said, measure = related(
        lambda text: len(re.findall(word, text, re.IGNORECASE)),
        relation,
        number(given, "frequency"),
        f'uses of "{word}"',
    )
    return f"The text has {said}.", measure


def forbidden(given: Given) -> tuple[str, Measure]:
    """``keywords:forbidden_words``."""
    words = texts(given, "forbidden_words")
    named = ", ".join(f'"{word}"' for word in words)

    def measure(text: str) -> Finding:
        used = [word for word in words if re.search(rf"\b{word}\b", text, re.IGNORECASE)]
        if not used:
            return PASSED
        return fail(f"forbidden but used: {', '.join(used)}; write without", len(used) / len(words))

    return f"None of these words stands in the text: {named}.", measure


def letter_count(given: Given) -> tuple[str, Measure]:
    """``keywords:letter_frequency``."""
    letter = text_of(given, "letter").lower()
    said, measure = related(
        lambda text: text.lower().count(letter),
        text_of(given, "let_relation"),
        number(given, "let_frequency"),
        f'"{letter}"',
    )
    return f"Counted in the whole text, there are {said}.", measure


# Lengths


def sentence_count(given: Given) -> tuple[str, Measure]:
    """``length_constraints:number_sentences``."""
    said, measure = related(sentences, text_of(given, "relation"), number(given, "num_sentences"), "sentences")
    return f"The text has {said}.", measure


def words(given: Given) -> tuple[str, Measure]:
    """``length_constraints:number_words``."""
    said, measure = related(word_count, text_of(given, "relation"), number(given, "num_words"), "words")
    return f"The text has {said}.", measure


def paragraphs(given: Given) -> tuple[str, Measure]:
    """``length_constraints:number_paragraphs``."""
    wanted = number(given, "num_paragraphs")

    def count(text: str) -> int:
        parts = re.split(r"\s?\*\*\*\s?", text)
        inner = parts[1:-1]
        if any(not part.strip() for part in inner):
            return 0  # nothing between two dividers
        return len(parts) - (not parts[0].strip()) - (len(parts) > 1 and not parts[-1].strip())

    how = "the markdown divider *** stands between them, and nowhere else"
    return (
        f"The text has exactly {wanted} paragraphs, with the markdown divider *** between each two of them.",
        exactly(count, wanted, "paragraphs told apart by ***", how),
    )


def first_word(given: Given) -> tuple[str, Measure]:
    """``length_constraints:nth_paragraph_first_word``."""
    wanted, at = number(given, "num_paragraphs"), number(given, "nth_paragraph")
    word = text_of(given, "first_word").lower()

    def measure(text: str) -> Finding:
        parts = text.split("\n\n")
        count = sum(bool(part.strip()) for part in parts)
        if count != wanted:
            return fail(
                f"there are {count} paragraphs told apart by blank lines; make them exactly {wanted}",
                abs(count - wanted) / max(1, wanted),
            )
        paragraph = parts[at - 1].strip() if at <= count else ""
        if not paragraph:
            return fail(f"paragraph {at} is empty; leave exactly one blank line between paragraphs", 0.5)
        head = paragraph.split()[0].lstrip("'").lstrip('"')
        first = re.split(r"[.,?!'\"]", head, maxsplit=1)[0].lower()
        if first == word:
            return PASSED
        return fail(f'paragraph {at} begins with "{first}"; begin it with "{word}"', 0.5)

    says = f"There are exactly {wanted} paragraphs, told apart by one blank line each."
    return f'{says} Paragraph {at} begins with the word "{word}".', measure


def capitals(given: Given) -> tuple[str, Measure]:
    """``change_case:capital_word_frequency``."""
    said, measure = related(
        capital_words, text_of(given, "capital_relation"), number(given, "capital_frequency"), "words in all capitals"
    )
    return f"The text has {said}.", measure

"""Ways to say the remedies and to name faults, gathered to try the reader of prompts: each must be understood.

They were written in three batches after the reader was, and it was then mended for those that it missed. At first it
understood 72 of 110 prompts of the first batch, 78 of 90 of the second and 36 of 62 of the third, which was written to
be odd; it took no ordinary request for a remedy in any of them. Every phrasing is tried in a prompt that lists names and in
one that lists sentences only.
"""

import pytest

from plant import REGIMES, Plant
from plant.grasp import Request, grasp
from plant.reader import Message

PLANT = Plant(REGIMES["strong"], 3)
S = tuple(c.says for c in PLANT.spec.criteria)
A, B, C, D = tuple(PLANT.spec.names())[:4]
HEADINGS = PLANT.world.headings
OUTLINE = "\n".join(f"## {heading}" for heading in HEADINGS)
BULLETS = "\n".join(f"- {heading}" for heading in HEADINGS)
NAMED = "\n".join(f"- {c.name}: {c.says}" for c in PLANT.spec.criteria)
UNNAMED = "\n".join(f"- {says}" for says in S)
DRAFT = PLANT.answer([Message("user", f"Write a report.\n{NAMED}")]).text
PROMPTS = {
    "names": f"Criteria:\n{NAMED}\n\nDraft:\n{DRAFT}\n\n{{}}",
    "sentences": f"# The text is done when all of this is true\n{UNNAMED}\n\n[x7 begin text]\n{DRAFT}\n[x7 end text]\n\n{{}}",
}

ORDERS = (
    f"If {S[0]!r} and {S[1]!r} cannot both be met in full, meet {S[0]!r} first.",
    f"These two requirements compete. The first has precedence:\n1. {S[0]}\n2. {S[1]}",
    f"Where these pull against each other, the first one wins:\n- {S[0]}\n- {S[1]}",
    f"Precedence: {S[0]} before {S[1]}",
    f"{A} outranks {B}.",
    f"Should {A} and {B} be at odds, decide for {A}.",
    f"Satisfy {A} even where that costs {B}.",
    f"{A} is to be honoured at the expense of {B} if need be.",
    f"Of the two, {A} and {B}, the former has priority.",
    f"{B} ranks below {A}.",
    f"{B} must give way to {A}.",
    f"Resolve any clash of {A} with {B} in favour of {A}.",
    f"This comes first: {S[0]} This comes second: {S[1]}",
    f"An instruction that competes with it comes second. First: {S[0]} Second: {S[1]}",
    f"{A} trumps {B}.",
    f"When in doubt between {B} and {A}, go with {A}.",
    f"Note that {S[0]!r} overrides {S[1]!r}.",
    f"The following two are in tension; the former wins.\n* {A}\n* {B}",
    f"Treat {A} as more important than {B} from now on.",
    f"You may sacrifice {B} for {A} where they conflict.",
    f"Order of precedence:\n1. {S[0]}\n2. {S[1]}",
    f"{A} first, {B} second, if they collide.",
    f"If you cannot do justice to both {A} and {B}, do justice to {A}.",
    f"{B} only counts as far as {A} allows; {A} has priority over {B}.",
    f"Rule of precedence for this text: {A} beats {B}.",
    f"Where it is one or the other, {A} matters more than {B}.",
    f"{A} and {B} may contradict each other. In that case {A} prevails.",
    f"Give {A} precedence over {B}.",
    f"Settle the conflict between {A} and {B} like this: {A} is decisive, {B} adapts.",
    f"Let {B} suffer rather than {A} if they cannot both be had.",
)

VERIFYING = (
    f"Check your text against this list before you send it. For each point quote the line that meets it:\n- {S[0]}",
    f"Before sending, verify: {S[0]} Quote the sentence of your text that does this.",
    f"You must check yourself: does the text meet this? Give the sentence as evidence.\n- {S[0]}",
    f"Constraint to verify with evidence:\n{S[0]}",
    f"Hard constraint. Make sure of it, and cite the sentence that proves it: {A}",
    f"Double-check the following and show the exact passage for each:\n1. {S[0]}",
    f"For {A}, copy the sentence that satisfies it below your text.",
    f"Prove that {A} is met by quoting your text.",
    f"Self-check: for every item below, cite your own sentence that satisfies it.\n- {S[0]}",
    f"After writing, go back and confirm with a quotation: {S[0]}",
    f"Test your answer against {A} and show which sentence does it.",
    f"Evidence required (quote your text):\n- {A}",
    f"Do not send the text until you can point to the sentence that fulfils this: {S[0]}",
    f"Then examine your text with this question and answer it with a quote: {S[0]}",
    f"Verification list (give the supporting sentence for each):\n- {A}",
    f"Add at the end which of your sentences meets {A}.",
    f"Check {A} yourself and cite the line before you hand it in.",
)

FREEZING = (
    f"{A} is frozen. Change only what {B} needs.",
    f"This holds and must not be lost: {S[0]}\nWork only on: {S[1]}",
    f"Put this right: {S[1]}\nWhatever you do, this has to remain true: {S[0]}",
    f"Target: {B}\nProtected: {A}",
    f"The only thing to fix is {B}. A text that loses {A} is rejected.",
    f"Preserve {A} at any cost while you repair {B}.",
    f"Fix {B} without losing {A}, which is locked.",
    f"Do not lose {A}. Repair {B} only.",
    f"{A} has been achieved and is now locked. Remaining fault: {B}.",
    f"Locked criteria:\n- {S[0]}\nOpen criteria:\n- {S[1]}",
    f"Keep {A} exactly as it is and improve {B}.",
    f"Failing: {B}. Non-negotiable: {A}.",
    f"Leave {A} untouched. Your single task is {B}.",
    f"Held fixed in this pass: {A}. Worked on in this pass: {B}.",
    f"{B} is what fails. Never give up {A} for it.",
    f"Change the text so that {B} is met; {A} may not be lost.",
)

NEW_STARTS = (
    "Write the text anew from the beginning, and go about it differently this time: another way in.",
    "The premise was wrong. Start again with a new one; use nothing of the earlier text.",
    "Make a fresh start. Take an approach that differs from the previous one.",
    "Do not revise. Write a new text that approaches the subject from a different side.",
    "Set the old version aside and begin anew with a changed strategy.",
    "Scrap this and write it again from zero with a different idea.",
    "Restart. Your approach this time: begin with the reader's decision, not with the history. The earlier approach failed.",
    "Two attempts did not get further. Begin from a blank page, with another opening idea.",
    "Write it from scratch, as if you had never seen the old text, from a new angle.",
    "Abandon this line and start afresh with an alternative concept.",
    "Produce an entirely new text. Choose another starting point than before.",
    "Forget what you have. Start over. Approach: lead with the decision instead of the background.",
    "The direction was mistaken. Drop the old text and write a new one on another basis.",
    "Start from the specification again, by a route that differs from the first.",
    "Write a fresh draft. Its approach must be different: start from the consequences.",
    "New attempt from zero: other opening, other line of argument.",
)

OUTLINES = (
    f"The text has these headings, in this order, and no others:\n{OUTLINE}",
    f"Headings (locked):\n{OUTLINE}",
    f"Follow the agreed outline to the letter:\n{OUTLINE}",
    f"Skeleton of the text; keep every heading as written:\n{OUTLINE}",
    f"Keep to this outline; it is settled:\n{OUTLINE}",
    f"Sections, fixed: {'; '.join(HEADINGS)}",
    f"Required headings, unchanged and in this order:\n{OUTLINE}",
    f"Outline, approved by the client, not to be altered:\n{OUTLINE}",
    f"Your text must be organised under exactly these sections:\n{OUTLINE}",
    "Do not touch the headings.",
    f"Binding table of contents:\n{BULLETS}",
    f"The sections and their order are given:\n{BULLETS}",
    f"Write under these headings and under no others:\n{BULLETS}",
)

SINGLING_OUT = (
    f"Revise with regard to {A} and {B}.",
    f"Two things are not there yet: {A}; {B}.",
    f"Open: {S[0]} {S[1]}",
    f"Unmet criteria: {A}, {B}",
    f"Do this:\n1. {S[0]} Now: in line 4, name the person.\n2. {S[1]} Now: say what it means.",
    f"Judge's notes:\n{A} - 0/1\n{B} - 0/1\n{C} - 1/1",
    f"{A}: not yet convincing. {B}: one sentence is missing. {C}: good.",
    f"Your draft violates {A} and {B}.",
    f"Two criteria are still red: {A} and {B}.",
    f"Reviewer: I still cannot find {A}. Also, {B} is vague.",
    f"FAILED {A}\nFAILED {B}\nPASSED {C}\nPASSED {D}",
    f"- [ ] {A}\n- [ ] {B}\n- [x] {C}",
    f"Please take care of {A} and {B} this time.",
    f"What stops this from being accepted: {A}, {B}",
    f"{{'failing': ['{A}', '{B}'], 'score': 0.75}}",
    f"Top priorities now: {A} and {B}.",
    f"Complaints: {A} (nothing settles it), {B} (half said)",
    f"What the text still owes us: {A}; {B}",
    f"Score 6/8. Points lost on {A} and {B}.",
    f"<issues><issue>{A}</issue><issue>{B}</issue></issues>",
    f"{A}: false\n{B}: false\n{C}: true",
)

ONE_TO_FIX = (
    f"Fix {A}. Keep the tone. Do not make it longer.",
    f"Fix {A}, it is a new requirement and must be met exactly.",
    f"{A} failed again. Try a better sentence.",
    f"Fix {A}. Check the spelling and the headings.",
    f"Fix {A}. Say it before the second section and quote a figure.",
    f"{A} needs more detail than it has.",
    f"{A} is missing. Give a new example.",
    f"Fix {A}. The rest is fine.",
    f"{A} does not pass: name the person in charge and cite the date.",
    f"Mend {A}; put it ahead of the dates.",
    f"{A} is too weak to convince; strengthen it with a source.",
    f"Fix {A}. Try a different example and cite a number.",
    f"{A} should read more smoothly than before.",
)

TWO_TO_FIX = (
    f"Fix {A} first, then {B}.",
    f"{A} and {B} both need more work.",
    f"{A}: over-long. {B}: name it before the end.",
    f"Fix {A}, and above all {B}.",
)


def read(prompt: str, words: str) -> Request:
    """A phrasing in one of the prompts."""
    request = grasp(PLANT.world, [Message("user", PROMPTS[prompt].replace("{}", words))])
    assert request.act == "write"
    return request


@pytest.mark.parametrize("words", ORDERS)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_orders(prompt, words):
    """The first demand comes before the second."""
    assert set(read(prompt, f"{words}\n\nFix {A}. Rewrite the draft.").orders) == {(0, 1)}


@pytest.mark.parametrize("words", VERIFYING)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_verifying(prompt, words):
    """The first demand, and no other, is to be verified with evidence."""
    assert set(read(prompt, f"{words}\n\nRewrite the draft.").verify) == {0}


@pytest.mark.parametrize("words", FREEZING)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_freezing(prompt, words):
    """The first demand is held fast, the second worked on."""
    request = read(prompt, f"{words}\n\nWrite the whole text again.")
    assert (set(request.fix), set(request.firm)) == ({1}, {0})


@pytest.mark.parametrize("words", NEW_STARTS)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_new_starts(prompt, words):
    """Nothing is taken over, and another approach is stated."""
    request = read(prompt, words)
    assert (request.fresh, request.approach) == (True, True)


@pytest.mark.parametrize("words", OUTLINES)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_outlines(prompt, words):
    """The headings are fixed."""
    assert read(prompt, f"{words}\n\nRewrite the draft.").outline == HEADINGS


@pytest.mark.parametrize("words", SINGLING_OUT)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_singling_out(prompt, words):
    """The first two demands are to be fixed."""
    assert set(read(prompt, f"{words}\n\nWrite the whole text again.").fix) == {0, 1}


@pytest.mark.parametrize(("words", "demands"), [*((w, {0}) for w in ONE_TO_FIX), *((w, {0, 1}) for w in TWO_TO_FIX)])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_ordinary_requests_are_no_remedies(prompt, words, demands):
    """Asking for a repair orders, verifies, freezes and restarts nothing."""
    request = read(prompt, f"{words}\n\nRewrite the draft.")
    assert set(request.fix) == demands
    remedies = (request.orders, request.verify, request.firm, request.fresh, request.outline)
    assert not any(remedies)

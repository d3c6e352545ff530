"""Find blocked words in a line: one pass over it, whatever the number of words. Pure."""

from collections.abc import Iterable

from livestreams.folding import fold, fold_with_places
from livestreams.statuses import WordReaction

# Shorter Latin words and numbers count only where they stand alone: no "ass" in "class", no 64 in 1964.
LONGEST_ALONE = 4


class WordList:
    """Words, compared as `fold` makes them; the stronger reaction counts where two words are the same."""

    def __init__(self, words: Iterable[tuple[str, str]]):
        self.reactions: dict[str, str] = {}
        lengths: dict[str, set[int]] = {}
        for text, reaction in words:
            folded = fold(text)
            if not folded:
                continue
            if self.reactions.get(folded) != WordReaction.REFUSE:
                self.reactions[folded] = reaction
            lengths.setdefault(folded[0], set()).add(len(folded))
        self.lengths = {first: tuple(sorted(found)) for first, found in lengths.items()}

    def __len__(self) -> int:
        return len(self.reactions)

    def reaction_to(self, text: str) -> str:
        """Return the strongest reaction to the line, "" when there is no such word in it."""
        folded, places = fold_with_places(text)
        strongest = ""
        for start, first in enumerate(folded):
            for length in self.lengths.get(first, ()):
                end = start + length
                reaction = self.reactions.get(folded[start:end])
                if reaction is None or not _counts(folded, places, start, end):
                    continue
                if reaction == WordReaction.REFUSE:
                    return reaction
                strongest = reaction
        return strongest


def _counts(folded: str, places: list[int], start: int, end: int) -> bool:
    word = folded[start:end]
    if not word.isascii() or not (word.isdigit() or len(word) <= LONGEST_ALONE):
        return True
    return not (_goes_on(folded, places, start) or _goes_on(folded, places, end))


def _goes_on(folded: str, places: list[int], at: int) -> bool:
    """Tell whether a Latin word or a number of the line goes on across this place, nothing in between."""
    if not 0 < at < len(folded) or places[at] - places[at - 1] > 1:
        return False
    before, after = folded[at - 1], folded[at]
    return (before.isascii() and after.isascii()) and before.isdigit() == after.isdigit()

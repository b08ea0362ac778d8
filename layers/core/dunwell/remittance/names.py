"""How alike two names are, whatever banks and clerks did to them."""

from dunwell.remittance.keys import name_words

_PREFIX = 3


def similarity_permille(one: str, other: str) -> int:
    """1000 for the same telling words in any order, 0 for nothing in common or an empty name.

    A word cut off or abbreviated (Logist. for Logistics) counts for most of a word, an initial for half of one, one
    letter off in a longer word for nearly all. The fewer words the shorter name has, the less an overlap says.
    """
    mine, theirs = list(name_words(one)), list(name_words(other))
    if not mine or not theirs:
        return 0
    if len(mine) > len(theirs):
        mine, theirs = theirs, mine
    total = 0
    for word in mine:
        best = max(range(len(theirs)), key=lambda i: _alike(word, theirs[i])) if theirs else None
        if best is not None:
            total += _alike(word, theirs[best])
            theirs.pop(best)
    unmatched = len(theirs)
    return total // (len(mine) + (unmatched + 1) // 2)


def _alike(one: str, other: str) -> int:
    if one == other:
        return 1000
    short, long = sorted((one, other), key=len)
    if len(short) >= _PREFIX and long.startswith(short):
        return 850
    if len(short) >= _PREFIX + 2 and one_edit_apart(one, other):
        return 900
    return 0


def one_edit_apart(one: str, other: str) -> bool:
    """Whether one character changed, lost or added, or two neighbours swapped, makes them equal."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    if one[start + 1 :] == other[start + 1 :]:
        return True
    return one[start : start + 2] == other[start : start + 2][::-1] and one[start + 2 :] == other[start + 2 :]

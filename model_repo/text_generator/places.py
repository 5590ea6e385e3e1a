"""Generated introductions of invented places, whose later sentences follow from their earlier ones.

A place is drawn first, as facts: names, a way to get there, a craft, counts, a market day, a month.
The text then tells some of them, and comes back to them further down with what follows: the last
ferry, the sum of two counts, the evening before the market, a pronoun for somebody named once. Up
to a hundred words lie between. Words and sentences are in `data/places.toml`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np

WORDS = Path(__file__).parent / "data" / "places.toml"
APART = 5
"""Every fifth name is kept for held-out texts."""
TOLD = 3
"""How many topics a text has beside the way there."""
RECALLED = (3, 4)
"""How many of its later sentences follow from earlier ones, at least and at most."""

Part = Literal["train", "holdout"]
Facts = Mapping[str, str]

FOLLOWS = {
    **{slot: slot for slot in ("hour", "hours", "minutes", "fare", "number", "rooms", "opens")},
    "double_fare": "fare",
}
"""What may be recalled only where it, or what it follows from, was said."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiouAEIOU])")
_SLOT = re.compile(r"\{(\w+)\}")
_SENTENCE = re.compile(r"(^|[.!?]\"? )([a-z])")


def documents(part: Part, count: int, seed: int) -> Iterator[str]:
    """`count` different texts, the same for the same seed; no name is in both parts."""
    rng = np.random.default_rng([seed, part == "holdout"])
    seen: set[str] = set()
    while len(seen) < count:
        text = describe(rng, *invent(rng, part))
        if text not in seen:
            seen.add(text)
            yield text


@cache
def names(part: Part) -> Mapping[str, Sequence[str]]:
    """What texts of this part may use: first names, inns and colours, and `stems` of other names.

    A stem is a syllable. With one of the endings it names a place, a river, a region or a family.
    """
    words = _words()
    syllables = words["syllables"]
    parts = product(syllables["onsets"], syllables["vowels"], syllables["codas"])
    pools = {**words["names"], "stems": ["".join(each) for each in parts]}
    return {
        what: [name for k, name in enumerate(pool, 1) if (k % APART == 0) == (part == "holdout")]
        for what, pool in pools.items()
    }


def invent(rng: np.random.Generator, part: Part) -> tuple[str, Facts]:
    """A place: how one gets there, and everything its sentences may say, by slot."""
    words, known = _words(), names(part)

    def one(options: Sequence[Any]) -> Any:
        return options[int(rng.integers(len(options)))]

    kind = one(words["kinds"])
    endings = words["endings"]
    place, base, region, water, family = rng.choice(known["stems"], 5, replace=False)
    she, her, given = one([("she", "her", known["women"]), ("he", "his", known["men"])])
    craft, dish, role, pair = (one(words[w]) for w in ("crafts", "dishes", "roles", "pairs"))
    weather = one(words["weathers"])
    number, days = words["words"]["numbers"], words["words"]["days"]
    first, second, fare = (int(n) for n in rng.integers(2, 10, 3))
    day = int(rng.integers(7))
    facts = {
        **{key: value for table in (craft, dish, role, pair) for key, value in table.items()},
        "kind": kind["kind"],
        "place": place + one(kind["endings"]),
        "base": base + one(endings["town"]),
        "region": region + one(endings["region"]),
        "feature": kind["feature"].format(water=water + one(endings["water"])),
        "given": one(given),
        "surname": family + one(endings["surname"]),
        "she": she,
        "her": her,
        "inn": f"the {one(known['colours'])} {one(known['inns'])}",
        "first": number[first - 1],
        "second": number[second - 1],
        "total": number[first + second - 1],
        "fare": number[fare - 1],
        "double_fare": number[2 * fare - 1],
        "number": number[int(rng.integers(2, 10))],
        "rooms": number[int(rng.integers(3, 12))],
        "hours": number[int(rng.integers(1, 5))],
        "hour": number[int(rng.integers(2, 9))],
        "opens": number[int(rng.integers(4, 9))],
        "minutes": one(words["words"]["minutes"]),
        "years": one(words["words"]["years"]),
        "drink": one(words["words"]["drinks"]),
        "beast": one(words["words"]["beasts"]),
        "day": days[day],
        "day_before": days[day - 1],
        "day_after": days[(day + 1) % 7],
        "month": one(weather["months"]),
        "weather": weather["weather"],
        "bring": weather["bring"],
    }
    return one(kind["ways"]), facts


def describe(rng: np.random.Generator, way: str, facts: Facts) -> str:
    """One paragraph: the place, the way there, some topics, and later what follows from them."""
    words = _words()
    kind = next(k for k in words["kinds"] if k["kind"] == facts["kind"])
    topics = list(rng.permutation([fact["topic"] for fact in words["facts"]]))
    told = topics[:TOLD]
    first = [kind["opening"], words["ways"][way]["facts"]]
    first += [fact["say"] for topic in told for fact in words["facts"] if fact["topic"] == topic]
    lines = [str(rng.choice(options)) for options in first]
    lines += _recalled(rng, told, words["ways"][way]["callbacks"], lines)
    lines.append(str(rng.choice(words["closing"]["say"])))
    return _tidy(" ".join(_fill(rng, line, facts) for line in lines))


def _recalled(
    rng: np.random.Generator, told: Sequence[str], of_way: Sequence[str], before: Sequence[str]
) -> list[str]:
    """Sentences that follow from topics told and from what was said of them, one from each."""
    said = set(_SLOT.findall(" ".join(before)))
    possible = [({"way"}, of_way)]
    possible += [(set(line["needs"]), line["say"]) for line in _words()["callbacks"]]
    wanted = int(rng.integers(RECALLED[0], RECALLED[1] + 1))
    recalled: list[str] = []
    left = {"way", *told}
    for k in rng.permutation(len(possible)):
        needs, options = possible[k]
        options = [
            line
            for line in options
            if all(FOLLOWS[slot] in said for slot in _SLOT.findall(line) if slot in FOLLOWS)
        ]
        if options and needs <= left and len(recalled) < wanted:
            recalled.append(str(rng.choice(options)))
            left -= needs
    return recalled


def _fill(rng: np.random.Generator, sentence: str, facts: Facts) -> str:
    def choose(match: re.Match[str]) -> str:
        options = match[1].split("|")
        # A choice of one is a word that may be left out.
        return str(rng.choice(options if len(options) > 1 else ["", *options]))

    return _CHOICE.sub(choose, sentence).format(**facts)


def _tidy(text: str) -> str:
    text = " ".join(text.split()).replace(" .", ".").replace(" ,", ",")
    text = _ARTICLE.sub(r"\1n ", text)
    return _SENTENCE.sub(lambda match: match[1] + match[2].upper(), text)


@cache
def _words() -> Mapping[str, Any]:
    with WORDS.open("rb") as file:
        return tomllib.load(file)

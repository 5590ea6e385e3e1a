"""The catalogue of a shop that does not exist: 384 items, each with a text that says what it is.

An item is a kind of thing for one pursuit (twelve of eight kinds each), made in one of four styles,
and for summer, winter or the whole year. A text is written by this grammar:

    text      ->  adjective kind "." material "," pursuit season "."
    adjective ->  one of the style's          "Heritage"
    kind      ->  the kind's name             "tent"
    material  ->  one of the style's          "With leather trim"
    pursuit   ->  the pursuit's phrase        "for camping"
    season    ->  "" or the season's          ", warm in winter"
"""

from dataclasses import dataclass

import numpy as np

SEED = 0

PURSUITS = {
    "for camping": (
        "tent", "sleeping bag", "sleeping mat", "lantern", "camp stove", "cooking pot",
        "camp chair", "water carrier",
    ),
    "for fishing": (
        "fishing rod", "fishing reel", "tackle box", "landing net", "fishing stool",
        "bait bucket", "fishing hat", "wading boots",
    ),
    "for cycling": (
        "cycling helmet", "bicycle bell", "saddle bag", "tyre pump", "repair kit",
        "bicycle lock", "cycling gloves", "pannier",
    ),
    "for journeys": (
        "suitcase", "travel pillow", "luggage tag", "wash bag", "passport wallet",
        "packing cube", "umbrella", "travel blanket",
    ),
    "for running": (
        "running shoes", "running socks", "running vest", "sweatband", "sports watch",
        "running belt", "foam roller", "water flask",
    ),
    "for yoga": (
        "yoga mat", "yoga block", "stretching strap", "bolster", "meditation cushion",
        "exercise ball", "mat bag", "massage ball",
    ),
    "for baking": (
        "mixing bowl", "whisk", "rolling pin", "loaf tin", "cake stand", "oven gloves",
        "kitchen scales", "dough scraper",
    ),
    "for coffee": (
        "coffee grinder", "coffee pot", "filter holder", "milk jug", "espresso cup",
        "coffee canister", "tamper", "travel mug",
    ),
    "for gardening": (
        "spade", "watering can", "seed tray", "pruning shears", "gardening gloves", "plant pot",
        "kneeling pad", "wheelbarrow",
    ),
    "for reading": (
        "reading lamp", "bookcase", "armchair", "footstool", "bookends", "side table",
        "reading blanket", "tea tray",
    ),
    "for painting": (
        "easel", "paint box", "brush set", "palette", "sketchbook", "canvas frame",
        "artist's apron", "pencil case",
    ),
    "for sewing": (
        "sewing box", "scissors", "pincushion", "thread rack", "tape measure", "sewing lamp",
        "dress form", "needle case",
    ),
}  # fmt: skip
"""Eight kinds for each pursuit, in the order in which one thing makes people think of the next. The
first pursuit goes with the second, the third with the fourth, and so on."""

STYLES = (
    (("Heritage", "Traditional", "Old-fashioned", "Timeless"),
     ("Handmade", "With leather trim", "Classic brown", "Natural materials")),
    (("Cheerful", "Colourful", "Playful", "Funny"),
     ("Sunny yellow", "Rainbow stripes", "Printed with parrots", "Pink and turquoise")),
    (("High-performance", "Ultralight", "Professional", "Precision"),
     ("Carbon fibre", "Used by champions", "Titanium parts", "Tested to the limit")),
    (("Basic", "Budget", "No-frills", "Simple"),
     ("Plain grey", "Unbranded", "Recycled plastic", "At a small price")),
)  # fmt: skip
"""Adjectives and features of each."""

SEASONS = ("", ", cool in summer", ", warm in winter")
SEASON_SHARES = (0.5, 0.25, 0.25)


@dataclass(frozen=True)
class Item:
    """`pursuit`, `kind` (its place in the pursuit), `style` and `season` count from 0."""

    pursuit: int
    kind: int
    style: int
    season: int
    text: str


def items() -> tuple[Item, ...]:
    """The same 384 every time; an item's place is its id."""
    rng = np.random.default_rng(SEED)
    made = []
    for pursuit, (phrase, kinds) in enumerate(PURSUITS.items()):
        for kind, name in enumerate(kinds):
            for style, (adjectives, features) in enumerate(STYLES):
                season = int(rng.choice(len(SEASONS), p=SEASON_SHARES))
                adjective, feature = rng.choice(adjectives), rng.choice(features)
                text = f"{adjective} {name}. {feature}, {phrase}{SEASONS[season]}."
                made.append(Item(pursuit, kind, style, season, text))
    return tuple(made)

"""Small grey images as PNG inside the page."""

import base64
import io

from PIL import Image

from slipway.exhibits import Picture

OUTLINE = (255, 176, 0)
"""Amber: seen on black, grey and white, and by the colour-blind."""

_GREYS = 255
"""One entry of the palette's 256 is left for the outline."""

_PALETTE = [
    *(channel for grey in range(_GREYS) for channel in [round(grey * 255 / (_GREYS - 1))] * 3),
    *OUTLINE,
]


def data_uri(picture: Picture) -> str:
    """The picture at one PNG pixel each; the page enlarges it."""
    image = Image.frombytes("P", (len(picture.pixels[0]), len(picture.pixels)), _indices(picture))
    image.putpalette(_PALETTE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _indices(picture: Picture) -> bytes:
    marked = picture.outline or [[False] * len(row) for row in picture.pixels]
    return bytes(
        _GREYS if on else round(value * (_GREYS - 1) / 255)
        for row, marks in zip(picture.pixels, marked, strict=True)
        for value, on in zip(row, marks, strict=True)
    )

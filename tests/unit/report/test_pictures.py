"""Images inside the page are read back pixel by pixel."""

import base64
import io

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from slipway.exhibits import Picture
from slipway.report.pictures import OUTLINE, data_uri


def pixels(picture):
    kind, _, data = data_uri(picture).partition(",")
    assert kind == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    assert image.size == (len(picture.pixels[0]), len(picture.pixels))
    return [[image.getpixel((x, y)) for x in range(image.width)] for y in range(image.height)]


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=3).map(tuple))
def test_greys_are_kept_to_a_shade(rows):
    for row, drawn in zip(rows, pixels(Picture(rows)), strict=True):
        for value, (red, green, blue) in zip(row, drawn, strict=True):
            assert red == green == blue
            assert abs(red - value) <= 1


def test_black_and_white_are_exact_and_the_outline_is_coloured():
    picture = Picture(((0, 255, 0),), ((False, False, True),))
    assert pixels(picture) == [[(0, 0, 0), (255, 255, 255), OUTLINE]]


def test_equal_pictures_give_equal_text():
    assert data_uri(Picture(((1, 2), (3, 4)))) == data_uri(Picture(((1, 2), (3, 4))))

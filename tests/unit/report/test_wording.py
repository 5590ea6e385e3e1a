"""Numbers are rounded to what they can carry."""

import pytest

from slipway.report import wording


def plain(text):
    return text.replace(wording.NO_BREAK, " ")


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 B"), (999, "999 B"), (1_804, "1.80 kB"), (999_999, "1.00 MB"), (44_702_120, "44.7 MB")],
)
def test_sizes_are_decimal(value, said):
    assert plain(wording.size(value)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s")],
)
def test_durations_change_unit_where_people_do(value, said):
    assert plain(wording.duration(value)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.062, "0.06"), (9.996, "10.0"), (99.96, "100"), (1210.4, "1,210"), (-0.5, "-0.50")],
)
def test_measurements_keep_three_digits(value, said):
    assert wording.milliseconds(value) == wording.rate(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (1e-4, "1 × 10⁻⁴"),
        (3.26e-6, "3.3 × 10⁻⁶"),
        (9.96e-5, "1 × 10⁻⁴"),
        (4.1e-2, "4.1 × 10⁻²"),
        (1e12, "1 × 10¹²"),
        (float("inf"), "∞"),
        (float("nan"), "not a number"),
    ],
)
def test_differences_are_written_with_a_power_of_ten(value, said):
    assert plain(wording.small(value)) == said


def test_one_thing_is_singular():
    assert plain(wording.count(1, "file")) == "1 file"
    assert plain(wording.count(1200, "file")) == "1,200 files"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("2026-11-23T20:14:59Z", "2026-11-23 20:14 UTC"),
        ("2026-11-23T22:14:59.5+02:00", "2026-11-23 20:14 UTC"),
        ("yesterday", "yesterday"),
        ("", ""),
    ],
)
def test_moments_are_told_to_the_minute_in_utc(given, said):
    assert wording.moment(given) == said


def test_protocols_are_written_as_their_makers_do():
    assert [wording.protocol(name) for name in ("grpc", "HTTP", "quic")] == ["gRPC", "HTTP", "quic"]

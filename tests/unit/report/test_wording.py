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


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.98612, "0.9861"), (9.5, "9.5000"), (12.8412, "12.84"), (1234, "1,234.00")],
)
def test_metrics_keep_four_decimals_or_two_from_ten_on(value, said):
    assert wording.score(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (0.93124, "0.9312"),
        (41.5, "41.5"),
        (1240.2, "1,240"),
        (-0.5, "−0.5"),
        (0.0002, "2 × 10⁻⁴"),
    ],
)
def test_numbers_of_any_kind_keep_four_digits(value, said):
    assert plain(wording.figure(value)) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], []),
        ([0.0], ["0"]),
        ([3, 31], ["3", "31"]),
        ([0.9, 0.9333], ["0.900", "0.933"]),
        ([0.9, 0.95], ["0.90", "0.95"]),
        ([-0.31, 0.04], ["−0.31", "0.04"]),
        ([12.0, 1234.5], ["12", "1,234"]),
        ([2e-4, 0.0], ["2 × 10⁻⁴", "0"]),
    ],
)
def test_numbers_that_are_compared_have_the_same_decimals(values, said):
    assert [plain(text) for text in wording.alike(values)] == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.43, "43"),
        (0.026, "2.6"),
        (0.0996, "10"),
        (12.5, "1,250"),
        (float("inf"), "∞"),
        (0, "0.0"),
    ],
)
def test_shares_are_per_cent(share, said):
    assert wording.percent(share) == said


@pytest.mark.parametrize(
    ("lead", "lower", "said"),
    [
        (0.43, False, "43 % higher"),
        (-0.43, False, "43 % lower"),
        (0.1, True, "10 % lower"),
        (-0.1, True, "10 % higher"),
        (0, False, "the same"),
    ],
)
def test_a_lead_is_told_in_the_direction_of_the_figure(lead, lower, said):
    assert plain(wording.lead(lead, lower_is_better=lower)) == said


def test_names_of_code_are_read_as_words():
    assert wording.words("hit_rate") == "hit rate"


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

"""What is measured at a pump, how it can fail, and how far ahead is looked."""

UNITS = {
    "temperature": "°C",
    "pressure": "bar",
    "vibration": "mm/s",
    "flow": "m³/h",
    "current": "A",
    "speed": "1/min",
}
"""Bearing housing, discharge side, bearing velocity (RMS), discharge side, motor, shaft."""
SENSORS = tuple(UNITS)

NONE = "none"
FAILURES = ("bearing wear", "seal leak", "cooling loss", "imbalance")
MODES = (NONE, *FAILURES)
"""What the model tells apart: no failure within the horizon, or which one."""

HORIZON = 24
"""Hours: a failure that is no farther ahead is to be announced."""
WINDOW = 48
"""Hours: as much of the past is looked at, one reading of each sensor an hour."""

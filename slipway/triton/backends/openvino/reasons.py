"""OpenVINO's errors, which begin with where in its sources they arose, in one line."""

WHERE = ("Exception from ", "Check '", "FrontEnd API failed")
"""How lines begin that tell a developer of OpenVINO something, and nobody else."""


def reason(error: Exception) -> str:
    """What is wrong, without the places; the error's class where nothing else is said."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith(WHERE)]
    return said[-1] if said else type(error).__name__

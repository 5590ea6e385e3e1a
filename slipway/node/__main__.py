"""The serving container's entry point: python -m slipway.node

Settings come from the environment variables in `slipway.contract`. Events go to stdout as JSON
lines, an error to stderr as one line. SIGTERM stops in order. Exit codes: 0 ended as it should, 2
could not be run.
"""

import json
import os
import sys
import threading

from slipway import interrupts
from slipway.errors import SlipwayError
from slipway.interrupts import Interrupted
from slipway.node import events

COULD_NOT_RUN = 2

_writing = threading.Lock()


def show(event: events.Event) -> None:
    """One line, whichever thread it comes from."""
    line = json.dumps(events.to_json(event))
    with _writing:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def main() -> int:
    interrupts.install()
    try:
        from slipway.node.fleet.service import run  # noqa: PLC0415 - boto3 may be interrupted
        from slipway.node.fleet.settings import FleetSettings  # noqa: PLC0415

        run(FleetSettings.of(os.environ), show)
    except SlipwayError as error:
        sys.stderr.write(f"error: {error}\n")
        return COULD_NOT_RUN
    except OSError as error:  # a folder that may not be written
        where = f": {error.filename}" if error.filename else ""
        sys.stderr.write(f"error: {error.strerror or error}{where}\n")
        return COULD_NOT_RUN
    except Interrupted:
        return 0  # before anything was started
    return 0


if __name__ == "__main__":
    sys.exit(main())

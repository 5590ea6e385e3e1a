"""Imports from a checkout, as the Pulumi CLI's language host makes them: its root comes first.

Python keeps what it has imported, by name. So one process can hold the modules of one checkout: the
program of a second one would run on the modules of the first, and nothing would say so. It is
refused.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.errors import StackError


@contextmanager
def importing(root: Path) -> Iterator[None]:
    """Within it, modules at `root` can be imported; what was imported stays.

    Raises `StackError` where a module that `root` has is imported already, from somewhere else.
    """
    _refuse_others(root)
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))


def _refuse_others(root: Path) -> None:
    first_names = {entry.stem for entry in root.iterdir()} - {"__main__"}  # run, and not imported
    for name, module in list(sys.modules.items()):
        parts = name.split(".")
        loaded = getattr(module, "__file__", None)
        if parts[0] not in first_names or not loaded:
            continue
        place = root.joinpath(*parts)
        own = [file for file in (place / "__init__.py", place.with_suffix(".py")) if file.exists()]
        if own and Path(loaded).resolve() != own[0].resolve():
            raise StackError(
                f"The program at {root} cannot be run in this process",
                why=f"its module {name} is imported already, from {loaded}",
                mend=f"Run it in a process of its own, with PYTHONPATH={root.resolve()}.",
            )

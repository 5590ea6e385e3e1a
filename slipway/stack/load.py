"""A checkout and a stack's name to the graph of what `pulumi up` would declare."""

import gc
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pulumi
import yaml

from slipway.errors import StackError
from slipway.stack.configuration import read_configuration, secret_keys
from slipway.stack.graph import Graph
from slipway.stack.invokes import Invokes
from slipway.stack.outputs import FIRST, Outputs
from slipway.stack.program import program_at, record
from slipway.stack.secrets import Redactor, new_key, redacted
from slipway.stack.shapes import reshaped


def load(
    root: Path,
    stack: str,
    overrides: Mapping[str, str] | None = None,
    *,
    shape: str = "",
    outputs: Outputs = FIRST,
    key: bytes | None = None,
) -> Graph:
    """Evaluate the program at `root` with the configuration of `stack` and these `overrides`,
    as it is or in another `shape`. Secrets are placeholders of `key`, by default one of this call.

    Raises `StackError` where there is no such stack, where the program refuses its settings or
    fails, and where this process has imported modules of another checkout.
    """
    config = read_configuration(root, stack, overrides)
    config = reshaped(config, shape) if shape else config
    project = yaml.safe_load((root / "Pulumi.yaml").read_text())["name"]
    secrets = secret_keys(root, stack, config)
    redactor = Redactor(key or new_key(), (config[name] for name in secrets))
    try:
        with _uncollected():
            graph = record(
                program_at(root),
                project=project,
                stack=stack,
                config=config,
                secrets=secrets,
                invokes=Invokes(region=config.get("aws:region", Invokes.region)),
                outputs=outputs,
            )
    except pulumi.RunError as error:  # how a program says that it cannot be run as configured
        why = redactor.text(str(error))
        raise StackError(f"The stack '{stack}' is refused", why=why) from error
    except StackError as error:
        said = (redactor.text(part) for part in (error.what, error.why, error.mend))
        what, why, mend = said
        raise StackError(what, why=why, mend=mend) from error
    except (Exception, SystemExit) as error:  # whatever a program may raise
        raise _failed(root, error, redactor) from error
    return redacted(graph, redactor)


def _failed(root: Path, error: BaseException, redactor: Redactor) -> StackError:
    """Where in the program it was raised, and with which words."""
    placed = ((cause, _place(root, cause)) for cause in _causes(error))
    error, place = next((found for found in placed if found[1]), (error, ""))
    where = f" at {place}" if place else ""
    what = redactor.text(f"The program raised {type(error).__name__}{where}")
    return StackError(what, why=redactor.text(str(error)))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that led to it: Pulumi wraps what is raised while it looks at inputs."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _place(root: Path, error: BaseException) -> str:
    """`file:line` of the innermost frame that is in the checkout."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(root, error.filename)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = Path(__file__).resolve().parent
    own = [
        frame
        for frame in frames
        if Path(frame.filename).resolve().is_relative_to(root.resolve())
        and not Path(frame.filename).resolve().is_relative_to(ours)
        and ".venv" not in Path(frame.filename).parts
    ]
    return f"{_short(root, own[-1].filename)}:{own[-1].lineno} ({own[-1].line})" if own else ""


def _short(root: Path, filename: str) -> str:
    path = Path(filename).resolve()
    return str(path.relative_to(root.resolve()) if path.is_relative_to(root.resolve()) else path)


@contextmanager
def _uncollected() -> Iterator[None]:
    """The SDK's modules are many objects that stay: looking through them again and again for
    garbage takes a fifth of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

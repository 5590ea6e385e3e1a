"""Runs a Pulumi program against a recorder, in this process."""

import asyncio
import contextvars
import logging
import runpy
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config
from pulumi.runtime.proto import engine_pb2

from slipway.stack.graph import Graph
from slipway.stack.invokes import Invokes
from slipway.stack.modules import importing
from slipway.stack.outputs import FIRST, Outputs
from slipway.stack.recorder import Recorder

Program = Callable[[], None]
_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)


class _Engine:
    """The engine's other service: messages, and which resource is the root."""

    def __init__(self) -> None:
        self._root = ""

    def Log(self, request: Any, _context: Any = None) -> Any:  # noqa: N802 - Pulumi's name
        logging.getLogger("pulumi").log(_LEVELS[request.severity], "%s", request.message)
        return empty_pb2.Empty()

    def GetRootResource(self, _request: Any, _context: Any = None) -> Any:  # noqa: N802
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, _context: Any = None) -> Any:  # noqa: N802
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()


class _Tracebacks:
    """Where each error was raised: a task that is awaited a second time has forgotten it."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[BaseException, TracebackType | None]] = {}

    def task(
        self, loop: asyncio.AbstractEventLoop, work: Any, /, **options: Any
    ) -> "asyncio.Task[Any]":
        """As a task factory of asyncio."""
        return asyncio.Task(self._noted(work), loop=loop, **options)

    def restore(self, error: BaseException | None) -> None:
        """Of an error, and of those that led to it."""
        while error is not None and id(error) in self._first:
            error.__traceback__ = self._first.pop(id(error))[1]
            error = error.__cause__ or error.__context__

    async def _noted(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await work
        except Exception as error:
            self._first.setdefault(id(error), (error, error.__traceback__))
            raise


def record(
    program: Program,
    *,
    project: str = "slipway",
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
    invokes: Invokes | None = None,
    outputs: Outputs = FIRST,
) -> Graph:
    """Run `program` and return what it registered; what it raises comes out as it is.

    `config` maps `namespace:key` to a value as Pulumi writes it: text, or JSON for what is no text.
    """
    recorder = Recorder(project, stack, invokes or Invokes(), outputs)

    def run() -> None:
        configure(
            Settings(
                project=project,
                stack=stack,
                monitor=recorder,
                engine=_Engine(),
                dry_run=True,
                organization="organization",
            )
        )
        set_all_config(dict(config or {}), list(secrets))
        loop = asyncio.new_event_loop()
        # After a failure Pulumi leaves tasks that failed because of it. The first error comes out
        # of here; the loop would log each of the others whenever it is collected.
        loop.set_exception_handler(lambda _loop, _context: None)
        tracebacks = _Tracebacks()
        loop.set_task_factory(tracebacks.task)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(run_in_stack(program))
        except Exception as error:
            tracebacks.restore(error)
            raise
        finally:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            asyncio.set_event_loop(None)
            loop.close()

    contextvars.copy_context().run(run)
    return recorder.graph()


def program_at(root: Path) -> Program:
    """The program of a checkout: its `__main__.py`, run as Pulumi's language host runs it.

    It raises `StackError` where this process has imported modules of another checkout.
    """

    def run() -> None:
        with importing(root):
            runpy.run_path(str(root / "__main__.py"), run_name="__main__")

    return run

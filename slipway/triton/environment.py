"""The Python environment that holds the Triton server, checked without starting an interpreter."""

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

import slipway
from slipway import contract
from slipway.errors import ServerEnvironmentError

FOLDER = ".venv-server"
SHARED = "shared"
MEND = "Run make setup."
FROM_PARENT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
"""All that the server inherits. Thread counts come from a model's configuration."""


@dataclass(frozen=True)
class ServerEnvironment:
    """A virtual environment with nvidia-pytriton (the server), onnxruntime, openvino and numpy
    below 2.

    It is apart from the project's own because the server's Python process embeds an old pybind11:
    with numpy 2 it gives wrong values. `ServerEnvironment.find` makes one and checks it.
    """

    root: Path
    python: str
    libpython: Path
    site_packages: Path
    versions: Mapping[str, str]

    @classmethod
    def find(cls, folder: Path | None = None) -> "ServerEnvironment":
        """`folder`, else $SLIPWAY_SERVER_ENV, else `.venv-server` here or beside the package.

        Raises `ServerEnvironmentError`.
        """
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            raise ServerEnvironmentError(
                "The Triton server cannot run here",
                why=f"its wheel is for Linux on x86_64, this is {sys.platform} "
                f"on {platform.machine()}",
            )
        root = _locate(folder)
        settings = _read_settings(root / "pyvenv.cfg")
        python = ".".join(settings.get("version", "").split(".")[:2])
        site_packages = root / "lib" / f"python{python}" / "site-packages"
        versions = _versions(root, site_packages)
        environment = cls(
            root, python, _libpython(python, settings["home"]), site_packages, versions
        )
        for file in (environment.tritonserver, environment.stub):
            if not file.is_file():
                raise ServerEnvironmentError(
                    f"{file.name} is missing from {root}",
                    why=f"this version of nvidia-pytriton brings none for Python {python}",
                    mend=MEND,
                )
        return environment

    @property
    def tritonserver(self) -> Path:
        return self._wheel / "bin/tritonserver"

    @property
    def stub(self) -> Path:
        """The program that runs a Python-based backend, one process per model instance."""
        return self._wheel / "python_backend_stubs" / self.python / "triton_python_backend_stub"

    @property
    def python_backend(self) -> Path:
        """The folder of the `python` backend, without the stub."""
        return self._wheel / "backends/python"

    @property
    def caches(self) -> Path:
        """Response cache implementations: Triton's --cache-directory."""
        return self._wheel / "caches"

    @property
    def options(self) -> tuple[str, ...]:
        """The wheel's caches are not where Triton looks; without a GPU it would only complain."""
        return ("--allow-gpu-metrics=false", f"--cache-directory={self.caches}")

    @property
    def _wheel(self) -> Path:
        return self.site_packages / "pytriton/tritonserver"

    def environ(self) -> dict[str, str]:
        """The server's environment variables, complete: nothing else of ours reaches it."""
        libraries = (self.site_packages / "nvidia_pytriton.libs", self.libpython.parent)
        return {
            **{name: os.environ[name] for name in FROM_PARENT if name in os.environ},
            **contract.TELEMETRY_OFF,
            "PATH": f"{self.root / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
            "PYTHONPATH": str(self.site_packages),
            "PYTHONNOUSERSITE": "1",
        }

    def gather_backends(self, folder: Path, ours: Path) -> Path:
        """Fill `folder` with the `python` backend and its stub, and the Python-based ones in
        `ours`, each with a copy of the modules in `ours/shared`: it sees its own folder alone.

        Copies, because Triton refuses a library that a link leads out of its folder.
        """
        unwanted = shutil.ignore_patterns("__pycache__")
        shared = [file for file in (ours / SHARED).glob("*.py") if file.name != "__init__.py"]
        shutil.copytree(self.python_backend, folder / "python", ignore=unwanted)
        shutil.copy2(self.stub, folder / "python")
        for path in sorted(ours.iterdir()):
            if (path / "model.py").is_file():
                made = shutil.copytree(path, folder / path.name, ignore=unwanted)
                for file in shared:
                    shutil.copy2(file, made)
        return folder


def _locate(folder: Path | None) -> Path:
    if folder is not None:
        candidates = [folder]
    elif named := os.environ.get(contract.ENV_SERVER):
        candidates = [Path(named)]
    else:
        repository = Path(slipway.__file__).parent.parent
        candidates = [Path.cwd() / FOLDER, repository / FOLDER]
    for candidate in candidates:
        if (candidate / "pyvenv.cfg").is_file():
            return candidate.absolute()
    looked = dict.fromkeys(map(str, candidates))
    raise ServerEnvironmentError(
        "There is no environment for the Triton server",
        why=f"no Python environment is at {' or '.join(looked)}",
        mend=f"{MEND} Or name one with {contract.ENV_SERVER}.",
    )


def _read_settings(file: Path) -> dict[str, str]:
    """The `name = value` lines of a virtual environment's pyvenv.cfg."""
    pairs = (line.partition("=") for line in file.read_text().splitlines() if "=" in line)
    settings = {name.strip(): value.strip() for name, _, value in pairs}
    settings.setdefault("version", settings.get("version_info", ""))  # as uv writes it
    if not settings["version"] or not settings.get("home"):
        raise ServerEnvironmentError(
            f"{file} cannot be used", why="it names no version or no home", mend=MEND
        )
    return settings


def _versions(root: Path, site_packages: Path) -> dict[str, str]:
    """The versions of Triton's wheel, the engines and numpy; an error where one does not fit."""
    wanted = ("nvidia-pytriton", "onnxruntime", "openvino", "numpy")
    installed = {
        name.lower().replace("_", "-"): found.version
        for found in distributions(path=[str(site_packages)])
        if (name := found.metadata["Name"])
    }
    for package in wanted:
        if package not in installed:
            raise ServerEnvironmentError(
                f"The server environment {root} does not fit",
                why=f"{package} is not installed in it",
                mend=MEND,
            )
    if int(installed["numpy"].split(".")[0]) >= 2:
        raise ServerEnvironmentError(
            f"The server environment {root} does not fit",
            why=f"it has numpy {installed['numpy']}, with which Triton's Python process gives "
            "wrong values; numpy below 2 is needed",
            mend=MEND,
        )
    return {package: installed[package] for package in wanted}


def _libpython(python: str, home: str) -> Path:
    """The shared library of the base interpreter, which the stub is linked against.

    `home` is the folder of the base interpreter's executable, as pyvenv.cfg says.
    """
    name = f"libpython{python}.so.1.0"
    prefixes = dict.fromkeys((Path(home).parent, Path(home).resolve().parent))
    for prefix in prefixes:
        for folder in ("lib", "lib/x86_64-linux-gnu", "lib64"):
            if (prefix / folder / name).is_file():
                return prefix / folder / name
    raise ServerEnvironmentError(
        f"{name} is missing",
        why=f"the Python in {home} was built without a shared library, which the server needs",
        mend=f"On Debian and Ubuntu install libpython{python}; with pyenv build Python with "
        f"--enable-shared. Then: {MEND}",
    )

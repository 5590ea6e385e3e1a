"""The plain formats in which users bring data: CSV tables, folders of images, .npz arrays.

Each reader refuses what does not fit with a `DataError` in one line.
"""

import csv
import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from slipway.errors import DataError
from slipway.tensors import Array

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})


def read_table(
    path: Path, columns: Sequence[str], optional: Collection[str] = ()
) -> dict[str, list[str]]:
    """The named columns of a CSV file with a header, or of all `*.csv` in a folder, by name.

    Further columns are left out; a missing one, an empty cell or no row at all is refused. Cells of
    `optional` columns may be empty.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"There is no table in {path}", why="the folder holds no .csv file")
    table: dict[str, list[str]] = {column: [] for column in columns}
    for file in files:
        _read_csv(file, table, optional)
    if not table[columns[0]]:
        raise DataError(f"{path} holds no rows", mend=f"Its columns are {', '.join(columns)}.")
    return table


def _read_csv(file: Path, table: Mapping[str, list[str]], optional: Collection[str]) -> None:
    mend = f"It is a CSV file in UTF-8 with a header line: {','.join(table)}"
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines, strict=True)
            missing = [column for column in table if column not in (reader.fieldnames or ())]
            if missing:
                raise DataError(
                    f"{file} cannot be used", why=f"it lacks the column {missing[0]}", mend=mend
                )
            for row in reader:
                for column, cells in table.items():
                    cell = (row[column] or "").strip()
                    if not cell and column not in optional:
                        raise DataError(
                            f"Line {reader.line_num} of {file} cannot be used",
                            why=f"its {column} is empty",
                        )
                    cells.append(cell)
    except OSError as error:
        raise DataError(f"{file} cannot be read", why=str(error.strerror)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} cannot be read", why=str(error), mend=mend) from error


def read_arrays(path: Path, shapes: Mapping[str, tuple[int | None, ...]]) -> dict[str, Array]:
    """The named arrays of a .npz file, each of a shape (None: any size); the first sizes agree."""
    said = ", ".join(f"{name} {_said(shape)}" for name, shape in shapes.items())
    mend = f"It is a .npz file with the arrays {said}"
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        # A .npy file is read as well, and is no context.
        why = getattr(error, "strerror", None) or "it is no .npz file of plain arrays"
        raise DataError(f"{path} cannot be read", why=why, mend=mend) from error
    for name, shape in shapes.items():
        if name not in arrays:
            raise DataError(f"{path} cannot be used", why=f"it lacks the array {name}", mend=mend)
        got = arrays[name].shape
        if len(got) != len(shape) or any(
            want not in (None, size) for want, size in zip(shape, got, strict=True)
        ):
            raise DataError(f"{path} cannot be used", why=f"{name} has the shape {got}", mend=mend)
    rows = {name: len(arrays[name]) for name in shapes}
    if len(set(rows.values())) != 1 or not min(rows.values()):
        raise DataError(f"{path} cannot be used", why=f"its arrays have the rows {rows}", mend=mend)
    return {name: arrays[name] for name in shapes}


def _said(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("n" if size is None else str(size) for size in shape) + ")"


def read_images(folder: Path, side: tuple[int, int]) -> tuple[Array, list[str]]:
    """Grey images below `folder/<label>/`, resampled to `side` (height, width), and their labels.

    Values are FP32 from 0 (black) to 255, shape (images, height, width), in the order of the paths.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only where images are brought

    paths = sorted(p for p in folder.glob("*/*") if p.suffix.lower() in IMAGES)
    if not paths:
        raise DataError(
            f"There are no images in {folder}",
            why="none was found below it",
            mend="It is a folder that holds a folder of images for each label.",
        )
    images = np.empty((len(paths), *side), dtype=np.float32)
    for k, path in enumerate(paths):
        try:
            with Image.open(path) as image:
                grey = image.convert("L").resize(side[::-1], Image.Resampling.BILINEAR)
                images[k] = np.asarray(grey)
        except (OSError, UnidentifiedImageError) as error:
            raise DataError(f"{path} cannot be read", why=str(error)) from error
    return images, [path.parent.name for path in paths]

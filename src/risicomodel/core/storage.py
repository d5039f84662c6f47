"""Files that are complete or absent: atomic writes, hashes and a content-addressed cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import paths
from risicomodel.core.versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHUNK = 1 << 20  # bytes
OWNER_VARIABLE = "RISICOMODEL_OWNER"


def without_password(uri: str) -> str:
    """Return an address without user name and password, fit to be stored and shown.

    Parameters
    ----------
    uri : str
        The address of a database or server, or text that contains one.

    Returns
    -------
    str

    Examples
    --------
    >>> without_password("postgresql://me:secret@host/studies?password=secret")
    'postgresql://host/studies?password=…'
    """
    bare = re.sub(r"(?<=//)[^/\s]*@", "", uri)
    return re.sub(r"(?i)(password=)[^&\s]+", r"\1…", bare)


def sha256_file(path: Path) -> str:
    """Return the hash of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        SHA-256 of its bytes, 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_json(value: Any) -> str:
    """Return the hash of a value.

    Parameters
    ----------
    value : object
        Dictionaries, lists, texts and numbers; anything else counts as its ``str``.

    Returns
    -------
    str
        SHA-256 of its JSON with sorted keys, 64 hexadecimal digits.

    Examples
    --------
    >>> sha256_json({"a": 1, "b": 2}) == sha256_json({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_frame(frame: pd.DataFrame) -> str:
    """Return the hash of a table.

    Parameters
    ----------
    frame : DataFrame
        Any table; its index does not count.

    Returns
    -------
    str
        SHA-256 of the columns' names, types and values, 64 hexadecimal digits.
    """
    digest = hashlib.sha256(repr([(c, str(t)) for c, t in frame.dtypes.items()]).encode())
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


@cache
def sha256_code(parts: tuple[str, ...] = ("",)) -> str:
    """Return the hash of this package's source and tables, so that no cache outlives its code.

    Parameters
    ----------
    parts : tuple of str
        Modules and folders, by their path in the package; by default all of it.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    files = (path for path in paths.PACKAGE.rglob("*") if path.suffix in {".py", ".csv"})
    for path in sorted(files):
        inside = path.relative_to(paths.PACKAGE).as_posix()
        if not inside.startswith(parts):
            continue
        digest.update(inside.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _unfinished() -> str:
    """Return the suffix of unfinished files and folders, with their owner's mark if any."""
    return f"{os.environ.get(OWNER_VARIABLE, '')}.partial"


@contextlib.contextmanager
def owned(*roots: Path) -> Iterator[None]:
    """Remove at the end what processes started within left unfinished when they were killed.

    A process that is interrupted cleans up after itself; one that is killed, as the jobs of a sweep
    are, cannot.

    Parameters
    ----------
    *roots : Path
        Folders to look in.
    """
    mark = f".{uuid.uuid4().hex[:12]}"
    os.environ[OWNER_VARIABLE] = mark
    try:
        yield
    finally:
        del os.environ[OWNER_VARIABLE]
        for root in roots:
            _clear(root, f"{mark}.partial")


def _clear(root: Path, ending: str) -> None:
    # unlike rglob, os.walk copes with files that disappear meanwhile
    for folder, folders, files in os.walk(root):
        for name in (name for name in folders if name.endswith(ending)):
            shutil.rmtree(Path(folder, name), ignore_errors=True)
        for name in (name for name in files if name.endswith(ending)):
            Path(folder, name).unlink(missing_ok=True)


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Write a file completely or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder is made if need be.

    Yields
    ------
    Path
        A temporary file beside it to write to, which replaces ``path`` on success.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_unfinished())
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        Its content, written as UTF-8.
    """
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically.

    Parameters
    ----------
    path : Path
        The file.
    value : object
        Its content: dictionaries, lists, texts and numbers; anything else as its ``str``.
    """
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    write_text(path, f"{text}\n")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table atomically; the same table always gives the same bytes.

    Parameters
    ----------
    path : Path
        A ``.parquet`` or ``.csv`` file.
    table : DataFrame
        Its content; the index is not written.
    """
    with atomic(path) as partial:
        if path.suffix == ".parquet":
            table.to_parquet(partial, index=False, compression="zstd")
        else:
            # 10 significant digits: more than any figure here needs, fewer than rounding errors
            table.to_csv(partial, index=False, float_format="%.10g", lineterminator="\n")


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only process that makes a file or folder.

    Parameters
    ----------
    path : Path
        What is made; other processes wait here until it is.
    """
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        yield


@contextlib.contextmanager
def staged_folder(final: Path) -> Iterator[Path]:
    """Fill a folder completely or not at all.

    What a killed process leaves behind is a hidden folder (``.name.*.partial``) that nothing reads.

    Parameters
    ----------
    final : Path
        The folder; an existing one is replaced.

    Yields
    ------
    Path
        A temporary folder beside it to fill, which becomes ``final`` on success.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    name = tempfile.mkdtemp(dir=final.parent, prefix=f".{final.name}.", suffix=_unfinished())
    staging = Path(name)
    staging.chmod(0o755)
    try:
        yield staging
        _swap(staging, final)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _swap(staging: Path, final: Path) -> None:
    if not final.exists():
        staging.replace(final)
        return
    old = Path(tempfile.mkdtemp(dir=final.parent, prefix=f".{final.name}.", suffix=".old"))
    final.replace(old / "was")
    staging.replace(final)
    shutil.rmtree(old, ignore_errors=True)


class Cache:
    """Results, stored by the hash of everything they follow from.

    Parameters
    ----------
    folder : Path or None
        Where they are stored; None switches the cache off.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def place(self, kind: str, key: Mapping[str, Any]) -> Path | None:
        """Return the path of a result, without suffix.

        Parameters
        ----------
        kind : str
            What the result is: a folder of the cache.
        key : mapping of str to object
            Everything it follows from, besides this package's code and the versions of others.

        Returns
        -------
        Path or None
            None if the cache is off.
        """
        if self.folder is None:
            return None
        made_by = {"code": sha256_code(), "versions": versions()}
        return self.folder / kind / sha256_json({**key, **made_by})

    def kept(self, kind: str, key: Mapping[str, Any]) -> pd.DataFrame | None:
        """Return a stored table.

        Parameters
        ----------
        kind : str
            What it is: a folder of the cache.
        key : mapping of str to object
            Everything it follows from.

        Returns
        -------
        DataFrame or None
            None if there is none, or if it is damaged.
        """
        place = self.place(kind, key)
        if place is None:
            return None
        path = place.with_suffix(".parquet")
        if path.is_file():
            with contextlib.suppress(OSError, ValueError):  # damaged: made again
                return pd.read_parquet(path)
        return None

    def keep(self, kind: str, key: Mapping[str, Any], table: pd.DataFrame) -> None:
        """Store a table.

        Parameters
        ----------
        kind : str
            What it is: a folder of the cache.
        key : mapping of str to object
            Everything it follows from.
        table : DataFrame
            The table; its index is not stored.
        """
        place = self.place(kind, key)
        if place is not None:
            write_table(place.with_suffix(".parquet"), table)

    def kept_texts(self, kind: str, key: Mapping[str, Any]) -> dict[str, str] | None:
        """Return stored texts.

        Parameters
        ----------
        kind : str
            What they are: a folder of the cache.
        key : mapping of str to object
            Everything they follow from.

        Returns
        -------
        dict of str to str, or None
            Text by name; None if there are none, or if they are damaged.
        """
        place = self.place(kind, key)
        if place is None:
            return None
        with contextlib.suppress(OSError, ValueError):  # not there, or damaged
            texts: dict[str, str] = json.loads(place.with_suffix(".json").read_text("utf-8"))
            return texts
        return None

    def keep_texts(self, kind: str, key: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        """Store texts, by name, with the ``kind`` and ``key`` of :meth:`kept_texts`."""
        place = self.place(kind, key)
        if place is not None:
            write_json(place.with_suffix(".json"), texts)

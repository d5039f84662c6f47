"""Files that are whole or not there: atomic writes, hashes and a content-addressed cache."""

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

CHUNK = 1 << 20
OWNER_VARIABLE = "RISICOMODEL_OWNER"


def without_password(uri: str) -> str:
    """Return an address without the name and password it may carry, to be written and shown."""
    bare = re.sub(r"(?<=//)[^/\s]*@", "", uri)
    return re.sub(r"(?i)(password=)[^&\s]+", r"\1…", bare)


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_json(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON; dataclasses must be dictionaries already."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_frame(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table's column names, types and values (index left out)."""
    digest = hashlib.sha256(repr([(c, str(t)) for c, t in frame.dtypes.items()]).encode())
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


@cache
def sha256_code(parts: tuple[str, ...] = ("",)) -> str:
    """Return the SHA-256 of this package's source and tables: no cache outlives its code.

    Parameters
    ----------
    parts : tuple of str
        Modules and folders, by their path in the package; everything unless named.
    """
    digest = hashlib.sha256()
    own = (path for path in paths.PACKAGE.rglob("*") if path.suffix in {".py", ".csv"})
    for path in sorted(own):
        inside = path.relative_to(paths.PACKAGE).as_posix()
        if not inside.startswith(parts):
            continue
        digest.update(inside.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _unfinished() -> str:
    """Return how the name of what is not finished ends: with its owner's mark, where it has one."""
    return f"{os.environ.get(OWNER_VARIABLE, '')}.partial"


@contextlib.contextmanager
def owned(*roots: Path) -> Iterator[None]:
    """Clear up what processes started here left unfinished under ``roots`` when they were killed.

    A process that is interrupted clears up after itself; one that is killed (as a sweep's jobs
    are) cannot.
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
    # os.walk does not mind that other processes come and go
    for folder, folders, files in os.walk(root):
        for name in (name for name in folders if name.endswith(ending)):
            shutil.rmtree(Path(folder, name), ignore_errors=True)
        for name in (name for name in files if name.endswith(ending)):
            Path(folder, name).unlink(missing_ok=True)


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` to write to; it takes ``path``'s place on success."""
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
    """Write a text, atomically."""
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    write_text(path, f"{text}\n")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as ``.parquet`` or ``.csv`` (by its name), atomically and reproducibly."""
    with atomic(path) as partial:
        if path.suffix == ".parquet":
            table.to_parquet(partial, index=False, compression="zstd")
        else:
            # 10 significant digits: more than any figure here carries, fewer than float noise
            table.to_csv(partial, index=False, float_format="%.10g", lineterminator="\n")


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only process that makes ``path``: others wait here, and then find it made."""
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        yield


@contextlib.contextmanager
def staged_folder(final: Path) -> Iterator[Path]:
    """Give a folder to fill that becomes ``final`` only when all went well.

    An existing ``final`` is replaced. Left-overs of a killed process are hidden folders
    (``.name.*.partial``) that nothing reads.
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
    """Results kept by the hash of everything they were made from.

    Parameters
    ----------
    folder : Path or None
        Where to keep them; None keeps nothing, so everything is made anew.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def place(self, kind: str, key: Mapping[str, Any]) -> Path | None:
        """Return the path (without suffix) for what follows from ``key``; None when off.

        Parameters
        ----------
        kind : str
            A word for what it is: a folder of the cache.
        key : mapping
            Everything the result follows from; this package's own code and the versions of others
            are added to it.
        """
        if self.folder is None:
            return None
        made_by = {"code": sha256_code(), "versions": versions()}
        return self.folder / kind / sha256_json({**key, **made_by})

    def kept(self, kind: str, key: Mapping[str, Any]) -> pd.DataFrame | None:
        """Return the table kept for ``key``; None where there is none."""
        place = self.place(kind, key)
        if place is None:
            return None
        path = place.with_suffix(".parquet")
        if path.is_file():
            with contextlib.suppress(OSError, ValueError):  # damaged: made again
                return pd.read_parquet(path)
        return None

    def keep(self, kind: str, key: Mapping[str, Any], table: pd.DataFrame) -> None:
        """Keep a table for ``key``."""
        place = self.place(kind, key)
        if place is not None:
            write_table(place.with_suffix(".parquet"), table)

    def kept_texts(self, kind: str, key: Mapping[str, Any]) -> dict[str, str] | None:
        """Return the texts kept for ``key``, by name; None where there are none."""
        place = self.place(kind, key)
        if place is None:
            return None
        with contextlib.suppress(OSError, ValueError):  # not there, or damaged
            texts: dict[str, str] = json.loads(place.with_suffix(".json").read_text("utf-8"))
            return texts
        return None

    def keep_texts(self, kind: str, key: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        """Keep texts by name for ``key``."""
        place = self.place(kind, key)
        if place is not None:
            write_json(place.with_suffix(".json"), texts)

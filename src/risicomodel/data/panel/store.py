"""Keep built panels: the same tables and domains give the cached one back."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import levels, storage
from risicomodel.core.levels import WIJK
from risicomodel.data.panel import build, schema
from risicomodel.data.panel.build import Panel
from risicomodel.data.sources.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from risicomodel.core.levels import Level
    from risicomodel.data.domains import Domain
    from risicomodel.data.sources.several import AnyArchive

# frames of a panel, a file each, and what there is to say of them
TABLES = ("wijken", "gemeenten", "country", "outlines", "multiple_use")
ABOUT = "provenance.json"


def load_or_build(
    archive: AnyArchive, domains: Mapping[str, Domain], cache: storage.Cache, level: Level = WIJK
) -> Panel:
    """Return the checked panel of an archive, from the cache where its content is unchanged.

    Parameters
    ----------
    archive : Archive or Archives
        The tables; hashes of their content identify them, not their dates.
    domains : mapping
        Domains to add figures of.
    cache : Cache
        Where panels are kept.
    level : Level
        Wijken or buurten.

    Returns
    -------
    Panel
    """
    key = {
        **archive.identity(),
        "domains": {name: asdict(domain) for name, domain in domains.items()},
        "level": level.name,
    }
    folder = cache.place("panel", key)
    if folder is None:
        return _build(archive, domains, level)
    with contextlib.suppress(OSError, ValueError):  # missing or damaged: built below
        return _read(folder)
    with storage.alone(folder):
        with contextlib.suppress(OSError, ValueError):  # another process has built it meanwhile
            return _read(folder)
        panel = _build(archive, domains, level)
        _write(folder, panel)
        return panel


def _build(archive: AnyArchive, domains: Mapping[str, Domain], level: Level) -> Panel:
    panel = build.build(archive, domains, level)
    schema.check(panel.wijken, domains, level)
    return panel


def _read(folder: Path) -> Panel:
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    return Panel(
        **{name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES},
        provenance=[Provenance(**record) for record in about["provenance"]],
        level=levels.get(about["level"]),
        notes=about["notes"],
    )


def _write(folder: Path, panel: Panel) -> None:
    with storage.staged_folder(folder) as staging:
        for name in TABLES:
            storage.write_table(staging / f"{name}.parquet", getattr(panel, name))
        about = {
            "level": panel.level.name,
            "notes": panel.notes,
            "provenance": [asdict(p) for p in panel.provenance],
        }
        storage.write_json(staging / ABOUT, about)

"""What the two environments of the comparison exchange: rows per fold, and predictions.

Only parquet of plain types, without pandas's own metadata: the versions of pandas differ.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

MANIFEST = "folds.json"
FEATURE = "x."  # features' columns begin with this; the rest are facts
KEY = ["domain", "protocol", "fold", "wijk_code", "year"]
NO_LIMIT = 0.0
LEAST_SHARE = 0.6  # of a core, or a time limit says nothing of the method
Side = Literal["train", "test"]


@dataclass(frozen=True)
class Fold:
    """One fold of one domain and protocol, as exported.

    Parameters
    ----------
    data : str
        SHA-256 of its training and test rows: predictions made of other rows do not count.
    """

    domain: str
    protocol: str
    fold: int
    data: str
    n_train: int
    n_test: int

    @property
    def name(self) -> str:
        """Return how ``--only`` calls it: ``jeugd/unseen_gemeente/0``."""
        return f"{self.domain}/{self.protocol}/{self.fold}"

    def path(self, folder: Path, side: Side) -> Path:
        """Return where its training or test rows are."""
        return folder / "folds" / self.domain / self.protocol / f"{self.fold}-{side}.parquet"


@dataclass(frozen=True)
class Manifest:
    """What was exported: ``folds.json``.

    Parameters
    ----------
    own : list of str
        Names of our own models whose predictions are beside it.
    about : dict
        Configuration, seed and the meaning of the columns, for readers.
    """

    seed: int
    own: list[str]
    folds: list[Fold]
    about: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Write it into ``folder``."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        path = folder / MANIFEST
        partial = _partial(path)
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read it; end the program with what to do where there is none."""
        path = folder / MANIFEST
        if not path.is_file():
            raise SystemExit(
                f"{folder} has no {MANIFEST}: nothing was exported there. Begin with "
                "'python benchmarks/peers.py export FOLDER data=archive'."
            )
        facts = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**facts, "folds": [Fold(**fold) for fold in facts["folds"]]})

    def chosen(self, patterns: list[str]) -> list[Fold]:
        """Return the folds whose name matches one of the patterns; all where there is none."""
        found = [f for f in self.folds if not patterns or any(fnmatch(f.name, p) for p in patterns)]
        if not found:
            raise SystemExit(
                f"--only {' '.join(patterns)} matches no fold; allowed are names as "
                f"'{self.folds[0].name}', with * for any. Correct --only."
            )
        return found


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a table whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    plain = [
        field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field
        for field in arrow.schema
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(path)
    pq.write_table(arrow.cast(pa.schema(plain)), partial)
    partial.replace(path)


def read(path: Path) -> pd.DataFrame:
    """Read a table that :func:`write` wrote."""
    import pyarrow.parquet as pq

    # without memory sharing the columns can be written to in either version of pandas
    table: pd.DataFrame = pq.read_table(path).to_pandas(split_blocks=True)
    return table


def starved(table: pd.DataFrame) -> pd.Series:
    """Return which predictions are of a fit with a time limit that others kept from its work."""
    share = table["cpu_seconds"] / table["seconds"]
    return (table["limit"] > NO_LIMIT) & (share < LEAST_SHARE)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


@dataclass
class Predictions:
    """A model's out-of-fold predictions, kept after every fold: a killed run loses one at most.

    The table has :data:`KEY`, ``model``, ``rate`` (0–1), and per fold ``seconds`` (wall) and
    ``cpu_seconds`` of fit and predict, ``limit`` (seconds allowed, 0 for no limit) and ``data``
    (the fold's hash).
    """

    folder: Path
    model: str

    @property
    def path(self) -> Path:
        """Return the file: ``pred_<model>.parquet``."""
        return self.folder / f"pred_{self.model}.parquet"

    def table(self) -> pd.DataFrame | None:
        """Return what is there so far."""
        return read(self.path) if self.path.is_file() else None

    def has(self, fold: Fold, limit: float) -> bool:
        """Return whether a fold was predicted from these very rows within this limit."""
        table = self.table()
        if table is None:
            return False
        same = self._of(table, fold) & (table["data"] == fold.data) & (table["limit"] == limit)
        return int(same.sum()) == fold.n_test and not starved(table[same]).any()

    def add(
        self,
        fold: Fold,
        test: pd.DataFrame,
        rate: Any,
        *,
        seconds: float,
        cpu_seconds: float,
        limit: float = NO_LIMIT,
    ) -> None:
        """Keep a fold's predictions, in the place of earlier ones."""
        import pandas as pd

        new = test[["wijk_code", "year"]].assign(
            domain=fold.domain,
            protocol=fold.protocol,
            fold=fold.fold,
            model=self.model,
            rate=rate,
            seconds=round(seconds, 3),
            cpu_seconds=round(cpu_seconds, 3),
            limit=limit,
            data=fold.data,
        )
        table = self.table()
        if table is not None:
            new = pd.concat([table[~self._of(table, fold)], new], ignore_index=True)
        write(self.path, new)

    @staticmethod
    def _of(table: pd.DataFrame, fold: Fold) -> pd.Series:
        same = (table["domain"] == fold.domain) & (table["protocol"] == fold.protocol)
        return same & (table["fold"] == fold.fold)

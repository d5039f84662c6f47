"""``review export`` and ``delete``: what came out, taken along; and nothing left behind."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from risicomodel.app.review import folders
from risicomodel.core import storage
from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from risicomodel.app.review.words import GivenWords


def export(words: GivenWords) -> str:
    """Write what came out as tables."""
    from risicomodel.participation.review.evening import Evening

    folder, store, _ = folders.opened(words)
    evening = Evening(store)
    target = (
        Path(words.get("dir")).expanduser().resolve() if words.get("dir") else folder / "tables"
    )
    outcome = evening.outcome()
    tables = {
        "field_estimates": outcome.pictures, "contested_drivers": outcome.causes,
        "coins": outcome.coins, "missing_factors": outcome.missing, "actions": outcome.agreements,
    }  # fmt: skip
    with storage.staged_folder(target) as staging:
        for name, table in tables.items():
            storage.write_table(staging / f"{name}.csv", table)
    return (
        f"tables:  {target}\nnext:    open field_estimates.csv; under five answers it has no figure"
    )


def delete(words: GivenWords) -> str:
    """Delete a round: its answers, codes and cards."""
    from risicomodel.participation.review import migrations

    folder, store, mark = folders.opened(words)
    if words.get("yes") != str(mark["round_id"]):
        raise ConfigError(
            f"delete removes every answer of round {mark['round_id']} ({mark['gemeente']}); "
            f"expected that you say so. Repeat it with 'yes={mark['round_id']}'."
        )
    if mark["database"]:
        migrations.drop(store.engine)
    store.engine.dispose()
    shutil.rmtree(folder)
    return f"deleted: round {mark['round_id']} of {mark['gemeente']}; copies elsewhere are yours"

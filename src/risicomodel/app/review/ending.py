"""``review export`` and ``delete``: what came out, taken along; and nothing left behind."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from risicomodel.app.review import folders, publishing, tables
from risicomodel.core import storage
from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from risicomodel.app.review.words import GivenWords

TABLES = "tables"


def export(words: GivenWords) -> str:
    """Write what came out as tables."""
    from risicomodel.participation.review.evening import Evening

    folder, store, _ = folders.opened(words)
    evening = Evening(store)
    target = Path(words.get("dir")).expanduser().resolve() if words.get("dir") else folder / TABLES
    with storage.staged_folder(target) as staging:
        tables.write(evening, staging)
    return "\n".join(
        [
            f"tables:   {target}",
            f"workbook: {target / tables.WORKBOOK}",
            f"private:  {target / tables.PRIVATE}   (answers and free text: not to print or send)",
            "next:     open the workbook; under five answers there is no figure",
        ]
    )


def delete(words: GivenWords) -> str:
    """Delete a round: its answers, codes and cards, and what was published beside its run."""
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
    removed, missed = publishing.remove(mark)
    shutil.rmtree(folder)
    return "\n".join(
        [
            f"deleted: round {mark['round_id']} of {mark['gemeente']}; copies elsewhere are yours",
            *(
                f"removed: {place}   (reports made before, and MLflow, keep it)"
                for place in removed
            ),
            *(
                f"missed:  {place} is not there; if its run was moved, remove "
                f"review/{mark['round_id']} beside it yourself"
                for place in missed
            ),
        ]
    )

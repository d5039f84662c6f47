"""``review publish``: what may be published of a round, put beside the run that people judged.

The run's record stays as it is, for the round is tied to its hash. Answers and free text stay in
the round.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.app.review import folders, tables
from risicomodel.core import paths, spreadsheets, storage
from risicomodel.core.errors import ConfigError, ContractError
from risicomodel.runs.contract import RECORD, published_rounds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from risicomodel.app.review.words import GivenWords
    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.rounds import Round

MOST_FOLDERS = 2
UNKNOWN = "unknown"  # of a scale: no view


def publish(words: GivenWords) -> str:
    """Put what may be published of a round beside its run, and say it to MLflow."""
    from risicomodel.app import review_tracking
    from risicomodel.participation.review.evening import Evening

    if not 1 <= len(words.bare) <= MOST_FOLDERS:
        raise ConfigError(
            f"review publish was given {len(words.bare)} folders; expected that of a round, and "
            "that of its run if it is not found. Give them: 'risicomodel review publish ROUND RUN'."
        )
    folder, store, mark = folders.opened(replace(words, bare=words.bare[:1]))
    evening = Evening(store)
    _require_over(evening)
    made, left_out = _tables(evening)
    run = run_of(evening.round, mark, words.bare[1:])
    target = run / published_rounds.FOLDER / evening.round.round_id
    before = _published_before(mark, target)
    made, blanked = published_rounds.without_differences(made, before)
    about = _about(evening, made)
    # first, so that what is published is never forgotten
    _remember(folder, mark, target, before, published_rounds.counts(made))
    with storage.staged_folder(target) as staging:
        for name, table in made.items():
            storage.write_table(staging / f"{name}.csv", spreadsheets.harmless(table))
        hashes = {path.name: storage.sha256_file(path) for path in sorted(staging.iterdir())}
        storage.write_json(staging / published_rounds.MARK, {**about, "tables": hashes})
    store.engine.dispose()
    review = review_tracking.PublishedReview(target, evening.round.round_id)
    return "\n".join(
        [
            f"published: {target}",
            f"status:    {about['status']}   ({_of_domains(about['statuses'])})",
            *left_out,
            *_said_of_blank(blanked),
            f"mlflow:    {review_tracking.log_review(run, review)}",
            f"next:      risicomodel report {run} gemeente={evening.round.gm_code}",
        ]
    )


def run_of(made: Round, mark: Mapping[str, Any], named: list[str]) -> Path:
    """Return the folder of the run that a round was made from.

    Parameters
    ----------
    made : Round
        The round, which knows the hash of the run's record.
    mark : mapping
        What its folder says of itself: where the run was.
    named : list of str
        The folder that was given, or none.

    Raises
    ------
    ConfigError
        If the run that was given is another one or was changed, or none is found.
    """
    if named:
        run = Path(named[0]).expanduser().resolve()
        if _hash_of(run) != made.run_sha256:
            raise ConfigError(
                f"{run} is not the run that round {made.round_id} was made from, or its {RECORD} "
                f"was changed since; expected a {RECORD} with SHA-256 {made.run_sha256[:12]}…. "
                "Name that run: people judged its figures and no others."
            )
        return run
    for run in _candidates(mark):
        if _hash_of(run) == made.run_sha256:
            return run
    raise ConfigError(
        f"the run that round {made.round_id} was made from is not in {paths.runs_dir()}, nor where "
        f"it was; expected a {RECORD} with SHA-256 {made.run_sha256[:12]}…. Name its folder: "
        "'risicomodel review publish ROUND RUN'."
    )


def remove(mark: Mapping[str, Any]) -> tuple[list[Path], list[Path]]:
    """Remove what was published of a round that is deleted.

    Parameters
    ----------
    mark : mapping
        Of the round's folder: where it was published.

    Returns
    -------
    removed : list of Path
        What was removed.
    missed : list of Path
        Where it was published and is not any more: a run that was moved took it along.
    """
    removed, missed = [], []
    for place in map(Path, mark.get(folders.PUBLISHED_IN, [])):
        # only what is called as this round is: a mark that was edited removes nothing else
        if place.name == mark["round_id"] and (place / published_rounds.MARK).is_file():
            shutil.rmtree(place)
            removed.append(place)
        else:
            missed.append(place)
    return removed, missed


def _require_over(evening: Evening) -> None:
    phase = evening.store.phase()
    if not phase.closed:
        raise ConfigError(
            f"round {evening.round.round_id} is in phase '{phase}'; expected an evening that is "
            "over. Move on to the end at /leiding, then publish."
        )


def _candidates(mark: Mapping[str, Any]) -> Iterator[Path]:
    """Give folders where the run may be: where it was, and all finished runs."""
    if mark.get(folders.RUN):
        yield Path(str(mark[folders.RUN]))
    for record in sorted(paths.runs_dir().glob(f"*/*/{RECORD}"), reverse=True):
        yield record.parent


def _hash_of(run: Path) -> str:
    record = run / RECORD
    return storage.sha256_file(record) if record.is_file() else ""


def _tables(evening: Evening) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return the tables that are published, and lines on what is left out of them."""
    from risicomodel.participation.review.tables import of_round

    of_evening = of_round(evening)
    lacking_tables = sorted(set(published_rounds.PUBLISHED) - set(of_evening))
    if lacking_tables:
        raise ConfigError(
            f"round {evening.round.round_id} has no {', '.join(lacking_tables)}; expected an "
            "evening on wijken, as only that is about a run's figures. Take its tables along with "
            "'risicomodel review export'."
        )
    made = {name: tables.declared(name, of_evening[name]) for name in published_rounds.PUBLISHED}
    written = made["actions"]
    made["actions"] = published_rounds.plain_actions(written)
    wrong = published_rounds.violations(made)
    if wrong:
        raise ContractError(
            "what came out of this round may not be published; expected figures of five people or "
            "more. This is a bug of risicomodel; report it:",
            wrong,
        )
    lacking = sorted(set(written["wijk_code"]) - set(made["actions"]["wijk_code"]))
    names = ", ".join(evening.round.wijken[code] for code in lacking)
    left_out = [f"left out:  the agreement on {names}: it is no plain text"] if lacking else []
    return made, left_out


def _about(evening: Evening, made: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return what a published round says of itself."""
    of_round, store = evening.round, evening.store
    domains = [one.name for one in of_round.domains]
    statuses = published_rounds.statuses(made["contested_drivers"], domains)
    return {
        "round_id": of_round.round_id,
        "gm_code": of_round.gm_code,
        "gemeente": of_round.gm_name,
        "wijken": list(of_round.wijken),
        "talked": list(evening.place.talked),
        "years": {one.name: one.year for one in of_round.domains},
        "form_version": of_round.form_version,
        "form_sha256": of_round.form_sha256,
        "run_sha256": of_round.run_sha256,
        "made_up": of_round.made_up,
        "date": _date(evening),
        "people": _people(store.current()),
        "status": published_rounds.together([*statuses.values()]),
        "statuses": statuses,
    }


def _date(evening: Evening) -> str:
    """Return the day of the evening: that of its reveal."""
    from risicomodel.participation.phases import Phase

    at = evening.store.moved_at(Phase.REVEAL)
    if at is None:
        raise ConfigError(
            f"round {evening.round.round_id} has no reveal; expected one. Restore its database "
            "from its backup."
        )
    return datetime.fromtimestamp(at, UTC).astimezone().date().isoformat()


def _people(answers: pd.DataFrame) -> int:
    """Return how many people gave their view of a need or a cause, in steps of five downwards.

    Who only practised, laid coins or does not know gave none. Beside the number of answers on a
    wijk, the number itself would tell how few did not answer.
    """
    from risicomodel.participation.phases import Phase

    judged = answers[answers["phase"].ne(str(Phase.PRACTICE))]
    judged = judged[judged["item"].isin(["need", "cause"])]
    unknown = judged["value"].map(lambda value: value in (UNKNOWN, {"tap": UNKNOWN}))
    least = published_rounds.LEAST_PEOPLE
    return int(judged.loc[~unknown.astype("bool"), "person"].nunique()) // least * least


def _published_before(mark: Mapping[str, Any], target: Path) -> dict[str, set[int]]:
    """Return of how many people the figures of a round are that were ever published.

    Its folder remembers it; the tables that are there now are for a folder that was restored.
    """
    before = {about: set(kept) for about, kept in mark.get(folders.PUBLISHED_COUNTS, {}).items()}
    for name in published_rounds.COUNTED:
        try:
            rows = published_rounds.counted_rows(target, name)
        except (OSError, ValueError):  # none, or one that was damaged and is replaced
            continue
        for about, kept in published_rounds.counts({name: rows}).items():
            before.setdefault(about, set()).update(kept)
    return before


def _remember(
    folder: Path,
    mark: Mapping[str, Any],
    target: Path,
    before: Mapping[str, set[int]],
    now: Mapping[str, set[int]],
) -> None:
    """Keep where a round was published, to delete it there too, and of how many its figures are."""
    places = dict.fromkeys([*mark.get(folders.PUBLISHED_IN, []), str(target)])
    of_all = {
        about: sorted(before.get(about, set()) | now.get(about, set()))
        for about in sorted(before.keys() | now.keys())
    }
    kept = {**mark, folders.PUBLISHED_IN: list(places), folders.PUBLISHED_COUNTS: of_all}
    storage.write_json(folder / folders.MARK, kept)


def _said_of_blank(blanked: int) -> list[str]:
    least = published_rounds.LEAST_PEOPLE
    why = f"beside what was published before, they would tell of fewer than {least}"
    return [f"blank:     {blanked} rows: {why}"] if blanked else []


def _of_domains(statuses: Mapping[str, str]) -> str:
    return ", ".join(f"{domain} {status}" for domain, status in statuses.items())

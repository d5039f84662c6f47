"""``review workbook`` and ``take-in``: a workbook per person, and what comes back in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from risicomodel.app.review import folders
from risicomodel.app.review.papering import ON_A_TABLET, people_of, phase_of
from risicomodel.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from risicomodel.app.review.words import GivenWords
    from risicomodel.participation.phases import Phase
    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.workbook_answers import FilledWorkbook


def workbook(words: GivenWords) -> str:
    """Write a workbook per person, to be filled in at home."""
    from risicomodel.participation import phases
    from risicomodel.participation.review import workbook as workbook_of
    from risicomodel.participation.review.evening import Evening

    folder, store, _ = folders.opened(words)
    evening = Evening(store)
    folders.require_wijken(evening, "a workbook asks per wijk", ON_A_TABLET)
    phase = phase_of(words.get("phase", phases.Phase.OWN_VIEW))
    _require_come_to(phase, store.phase())
    people = people_of(store, words.get("number"))
    target = Path(words.get("dir")).expanduser().resolve() if words.get("dir") else folder
    target.mkdir(parents=True, exist_ok=True)
    written = [target / f"werkboek-{person.number}-{phase}.xlsx" for person in people]
    for path, person in zip(written, people, strict=True):
        workbook_of.write(path, evening, person, phase)
    return "\n".join(
        [
            *(f"workbook:  {path}" for path in written),
            f"next:      risicomodel review take-in {folder} FILE, while the round is in '{phase}'",
        ]
    )


def _require_come_to(phase: Phase, now: Phase) -> None:
    """Refuse a workbook that tells what is not shown yet: which wijken, or the model's causes.

    That of *own view* tells nothing, and can be sent before the evening begins.
    """
    if phase.shows_values and phase.place > now.place:
        raise ConfigError(
            f"phase is '{phase}', and the round is in '{now}'; expected a step that the round has "
            "come to, as a workbook of a later one tells what is not shown yet. Write it then, or "
            "leave phase out for 'own_view'."
        )


def take_in(words: GivenWords) -> str:
    """Take in workbooks that came back: all of them, or nothing where one is not well."""
    from risicomodel.participation.review import workbook_answers
    from risicomodel.participation.review.evening import Evening

    _, store, _ = folders.opened(replace(words, bare=words.bare[:1]))
    if len(words.bare) < 2:  # noqa: PLR2004 (the round, and a file)
        raise ConfigError(
            "review take-in was given no workbook; expected the round and files that came back. "
            "Give them: 'risicomodel review take-in FOLDER FILE …'."
        )
    evening = Evening(store)
    folders.require_wijken(evening, "a workbook has answers per wijk", ON_A_TABLET)
    opened = _opened(evening, [Path(text).expanduser() for text in words.bare[1:]])
    replaces = words.get("replace", "no") in {"yes", "true"}
    lines = []
    for path, filled in opened.items():
        result = workbook_answers.take_in(evening, filled, replaces=replaces)
        counted = f"{result.saved} answers kept" + (", late: out of the figures" * result.late)
        lines.append(f"{path.name}:  number {filled.person.number}, {counted}")
        if filled.left_out:
            names = ", ".join(filled.left_out)
            lines.append(f"  left out: {names}; not among the wijken that are talked about")
        if result.same:
            lines.append(f"  {result.same} were there already, from this workbook")
        if result.is_refused:
            lines.append(
                "  nothing was kept: this person answered some of it before. Ask which counts; to "
                "put the workbook in place of that: replace=yes"
            )
    return "\n".join(lines)


def _opened(evening: Evening, paths: list[Path]) -> dict[Path, FilledWorkbook]:
    from risicomodel.participation.review import workbook_answers

    out, violations = {}, list[str]()
    for path in dict.fromkeys(paths):
        try:
            out[path] = workbook_answers.opened(evening, path)
        except DataError as error:
            if len(paths) == 1:
                raise
            violations += [f"{path.name}: {detail}" for detail in error.details or [error.message]]
    if violations:
        raise DataError(
            f"nothing was kept of {len(paths)} workbooks; expected all to be well. Correct these, "
            "or leave them out:",
            violations,
        )
    return out

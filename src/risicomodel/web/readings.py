"""What came out of a Thermometer: a part per theme with bars per layer, and what people know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel.participation.form_rules import POINTS
from risicomodel.participation.thermometer import (
    ALL,
    KNOWLEDGE,
    KNOWN,
    LOCAL,
    OTHERS,
    SHARE,
    STATEMENT,
    THEME,
    topics,
)
from risicomodel.publishing.report import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.participation.forms import Item
    from risicomodel.participation.review.evening import Evening
    from risicomodel.publishing.presentation.language import Words

WIDTH = 1000  # of a bar in the drawing: all answers on one side are half of it
LEAST_LABELLED = 0.08  # share that has room for its percentage
CHANCE = 0.05  # a p above it may be chance
DECIMALS = 3


@dataclass(frozen=True)
class Segment:
    """A part of a bar.

    Parameters
    ----------
    x, width : float
        In the drawing.
    kind : int
        Which point, from 1.
    label : str
        Its percentage; empty where it has no room.
    """

    x: float
    width: float
    kind: int
    label: str


@dataclass(frozen=True)
class Bar:
    """What one group says, as a bar and as cells of the table beside it.

    Parameters
    ----------
    label : str
        What the group, or the statement, is called.
    segments : list of Segment
        From the left.
    cells : list of str
        Of the table.
    """

    label: str
    segments: list[Segment]
    cells: list[str]


@dataclass(frozen=True)
class BarChart:
    """Bars below each other, with their table.

    Parameters
    ----------
    title : str
        What it is of.
    headings : list of str
        Of the columns of the table.
    bars : list of Bar
        May be empty: of fewer than five people nothing is shown.
    notes : list of str
        What is said of it.
    """

    title: str
    headings: list[str]
    bars: list[Bar]
    notes: list[str]


def values(evening: Evening, words: Words) -> dict[str, Any]:
    """Return what the page is filled in with.

    Parameters
    ----------
    evening : Evening
        The round, after closing.
    words : Words
        Its texts.
    """
    made = _LaidOut(evening, words)
    form = evening.form
    themes = [
        *(made.theme(key) for key in made.themes),
        *((made.local(item), None) for item in form.items if item.is_local),
    ]
    checked = [made.checked(item) for item in form.items if item.truth is not None]
    return {
        "themes": themes, "checked": checked, "score": made.score() if checked else None,
        "legend": [(at, made.option(at)) for at in range(1, POINTS + 1)],
        "has_others": made.has_others,
        "people": made.people, "has_any": bool(made.table),
    }  # fmt: skip


class _LaidOut:
    """The table of a round, laid out as charts."""

    def __init__(self, evening: Evening, words: Words) -> None:
        self.evening, self.form, self.words = evening, evening.form, words
        self.language = evening.round.language
        self.table = records.records(evening.reading())
        self.people = evening.store.count(self.form.phases[0])["people"]
        self.names = {key: str(getattr(role, self.language)) for key, role in self._roles()}
        self.names |= {one: words.text(f"reading.{one}") for one in (ALL, OTHERS)}

    def _roles(self) -> list[tuple[str, Any]]:
        return list(self.form.roles.items())

    @property
    def has_others(self) -> bool:
        return any(row["layer"] == OTHERS for row in self.table)

    @property
    def themes(self) -> list[str]:
        """The form's own themes of statements."""
        return [one.name for one in topics(self.form) if one.kind == THEME]

    def rows(self, kind: str, name: str) -> list[dict[str, Any]]:
        """Return the rows of a part, everyone first, then layers as the form has them."""
        order = [ALL, *self.form.roles, OTHERS]
        rows = [row for row in self.table if (row["part"], row["name"]) == (kind, name)]
        return sorted(rows, key=lambda row: order.index(row["layer"]))

    def option(self, point: int) -> str:
        """Return what a point says."""
        scale = next(item.scale for item in self.form.items if item.scale and not item.truth)
        options = {one.key: str(getattr(one, self.language)) for one in self.form.scales[scale]}
        return options[str(point)]

    def theme(self, key: str) -> tuple[BarChart, BarChart]:
        """Return the chart of a theme by layer, and that of its statements, of everyone."""
        items = [item for item in self.form.items if item.theme == key and not item.is_local]
        rows = self.rows(THEME, key)
        title = self.form.themes[key][self.language]
        of_all = {item.texts[self.language]: self.rows(STATEMENT, item.key)[:1] for item in items}
        return (
            self._chart(
                title, [(self.names[row["layer"]], row) for row in rows], self._notes(rows)
            ),
            self._chart(
                f"{title}: {self.words.text('reading.statements').lower()}",
                [(text, row) for text, rows in of_all.items() for row in rows],
                [],
            ),
        )

    def local(self, item: Item) -> BarChart:
        """Return the chart of a gemeente's own statement by layer."""
        rows = [(self.names[row["layer"]], row) for row in self.rows(LOCAL, item.key)]
        return self._chart(item.texts[self.language], rows, [])

    def _chart(
        self, title: str, rows: list[tuple[str, dict[str, Any]]], notes: list[str]
    ) -> BarChart:
        texts = ("n", "agrees", "unknown")
        headings = ["", *(self.words.text(f"reading.{key}") for key in texts)]
        headings += [self.option(at) for at in range(1, POINTS + 1)]
        notes = notes if rows else [self.words.text("reading.too_few")]
        return BarChart(title, headings, [self._bar(label, row) for label, row in rows], notes)

    def _bar(self, label: str, row: Mapping[str, Any]) -> Bar:
        counts = [row[f"points_{at}"] for at in range(1, POINTS + 1)]
        shares = [count / sum(counts) for count in counts]
        x = WIDTH / 2 * (1 - sum(shares[:2]) - shares[2] / 2)
        segments = []
        for at, share in enumerate(shares, 1):
            percentage = self.words.percent(share) if share >= LEAST_LABELLED else ""
            segments.append(Segment(round(x, 1), round(share * WIDTH / 2, 1), at, percentage))
            x += share * WIDTH / 2
        cells = [self.words.number(row["n"]), self._band(row), self.words.number(row["unknown"])]
        cells += [self.words.percent(share) for share in shares]
        return Bar(label, segments, cells)

    def _notes(self, rows: list[dict[str, Any]]) -> list[str]:
        """Return whether layers differ, and which are furthest apart."""
        if not rows:
            return []
        p = next((row["p_holm"] for row in rows if row["layer"] == ALL), None)
        if p is None:
            return [self.words.text("reading.one_group")]
        said = self.words.text(
            f"reading.{'differ' if p <= CHANCE else 'alike'}", p=self.words.number(p, DECIMALS)
        )
        if p > CHANCE:
            return [said]
        layers = [row for row in rows if row["layer"] not in {ALL, OTHERS}]
        layers.sort(key=lambda row: float(row["middle"]))
        low, high = (self.names[layers[at]["layer"]] for at in (0, -1))
        return [said, self.words.text("reading.extremes", low=low, high=high)]

    def _band(self, row: Mapping[str, Any]) -> str:
        share, low, high = (self.words.percent(row[key]) for key in SHARE)
        return self.words.text("reading.band", share=share, low=low, high=high)

    def checked(self, item: Item) -> BarChart:
        """Return the chart of a question of what people know."""
        title, note = self._question(item)
        return self._known(title, self.rows(KNOWN, item.key), [note], item)

    def score(self) -> BarChart:
        """Return the chart of all that people know together."""
        title = self.words.text("reading.score")
        return self._known(title, self.rows(KNOWLEDGE, KNOWLEDGE), [], None)

    def _known(
        self, title: str, rows: list[dict[str, Any]], notes: list[str], item: Item | None
    ) -> BarChart:
        texts = ("n", "right", "unknown")
        is_number = item is not None and not item.scale
        headings = ["", *(self.words.text(f"reading.{key}") for key in texts)]
        if is_number:
            headings.append(self.words.text("reading.said"))
        bars = []
        for row in rows:
            cells = [
                self.words.number(row["n"]), self._band(row), self.words.number(row["unknown"]),
            ]  # fmt: skip
            if is_number:
                cells.append(self.words.number(row["middle"]))
            share = float(row["agree_or_right"])
            label = self.words.percent(share) if share >= LEAST_LABELLED else ""
            right = Segment(0, round(share * WIDTH, 1), POINTS, label)
            bars.append(Bar(self.names[row["layer"]], [right], cells))
        notes = notes if rows else [*notes, self.words.text("reading.too_few")]
        return BarChart(title, headings, bars, notes)

    def _question(self, item: Item) -> tuple[str, str]:
        """Return a question, and what is true with where that comes from."""
        made, truth = self.evening.round, item.truth
        true = self.evening.view().truths[item.key]
        year = made.domain(truth.domain).year if truth and truth.domain else ""
        title = item.texts[self.language].format(gemeente=made.gm_name, year=year)
        if truth is not None and truth.domain:
            source = self.words.text("reading.figure", gemeente=made.gm_name, year=year)
        else:
            source = self.words.text(
                "reading.source", source=truth.source if truth else "",
                date=truth.date if truth else "",
            )  # fmt: skip
        options = {
            one.key: getattr(one, self.language) for one in self.form.scales.get(item.scale, ())
        }
        said = str(options.get(str(true), true))
        return title, f"{self.words.text('reading.truth')}: {said.rstrip('.')}. {source}"

"""What makes a wijk differ, on its page: labels by the mean each is beside, bullets by labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.publishing.disclosure import PROFILE
from support.made_pages import Node, number, rows, section
from support.page_claims.reading import TINY

if TYPE_CHECKING:
    import pandas as pd

    from support.page_claims.reading import Sheet

REFERENCES = ("country", "gemeente", "similar")
COLUMNS = {"country": "way", "gemeente": "way_gemeente", "similar": "way_similar"}
EFFECTS = {"country": "contribution", "gemeente": "contribution_vs_gemeente",
           "similar": "contribution_vs_similar"}  # fmt: skip
SIGNS = {"more": 1, "high": 1, "same": 0, "equal": 0, "less": -1, "low": -1}


@dataclass(frozen=True)
class Label:
    """That a wijk has more, as much or less of a feature than one reference."""

    domain: str
    feature: str
    reference: str
    side: int
    effect: float | None


class Labels:
    """What a page says there is more or less of, by feature and reference."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.report = sheet, sheet.report

    def check(self) -> None:
        """Compare labels with all that has the same facts."""
        labels = self.labels()
        self.report.counts["features"] += len({(one.domain, one.feature) for one in labels})
        self.report.counts["labels"] += len(labels)
        self.labels_beside_profile(labels)
        self.labels_beside_download(labels)

    def labels(self) -> list[Label]:
        """Every label in the table of what each feature changes."""
        effects = section(self.sheet.page, "effects")
        out: list[Label] = []
        domain = ""
        for cells in rows(effects.first("table")) if effects else []:  # type: ignore[arg-type]
            if len(cells) == 1:
                domain = self.sheet.domains[cells[0].text.split(", ")[0]]
                continue
            feature = self.sheet.names.get(cells[0].text)
            if feature is None:
                continue
            heads = self._references(effects)  # type: ignore[arg-type]
            for reference, cell in zip(heads, cells[1:], strict=True):
                side = self._side(cell, reference)
                if side is not None:
                    effect = number(cell.text, self.report.language)
                    out.append(Label(domain, feature, reference, side, effect))
        return out

    def _references(self, effects: Node) -> list[str]:
        heads = [cell.text for cell in rows(effects.first("table"))[0][1:]]  # type: ignore[arg-type]
        known = {self.sheet.filled(f"wijk.drivers.beside.{name}"): name for name in REFERENCES}
        return [known[head] for head in heads]

    def _side(self, cell: Node, reference: str) -> int | None:
        said = [one.text for one in cell.of_class("side")]
        if not said:
            return None
        where = self.sheet.filled(f"wijk.drivers.where.{reference}")
        for name, sign in SIGNS.items():
            if said[0] == self.report.texts[f"wijk.drivers.side.{name}"].replace("{where}", where):
                return sign
        self.sheet.say(f"a label that no text makes: {said[0]}")
        return None

    def labels_beside_profile(self, labels: list[Label]) -> None:
        """A label holds beside the mean that the profile prints."""
        printed = self.profile()
        for one in labels:
            numbers = printed.get(one.feature, {})
            if numbers.get("wijk") is None or numbers.get(one.reference) is None:
                continue
            self.report.counts["labels with a printed mean"] += 1
            here, there = numbers["wijk"], numbers[one.reference]
            if (here > there) - (here < there) != one.side:
                self.sheet.say(f"{one} but the profile has {here:g} beside {there:g}")

    def profile(self) -> dict[str, dict[str, float | None]]:
        """Numbers of wijk, gemeente and country, by the feature that says the same."""
        part = section(self.sheet.page, "profile")
        table = part.first("table") if part else None
        features = {self.report.texts[f"profile.{item.name}"]: item.feature for item in PROFILE}
        out = {}
        for cells in rows(table) if table else []:
            if feature := features.get(cells[0].text):
                numbers = [number(cell.text, self.report.language) for cell in cells[1:4]]
                out[feature] = dict(zip(("wijk", "gemeente", "country"), numbers, strict=True))
        return out

    def labels_beside_download(self, labels: list[Label]) -> None:
        """Label and effect are those of the download."""
        for one in labels:
            row = self._explained(one.domain, one.feature)
            if row is None:
                self.sheet.say(f"{one} is not in explanations.csv")
                continue
            if row[COLUMNS[one.reference]] != one.side:
                self.sheet.say(f"{one} but explanations.csv has {row[COLUMNS[one.reference]]}")
            if one.effect is None or abs(row[EFFECTS[one.reference]] - one.effect) > TINY / 10:
                self.sheet.say(f"{one} but explanations.csv adds {row[EFFECTS[one.reference]]}")

    def _explained(self, domain: str, feature: str) -> pd.Series | None:
        rows_ = self.sheet.explained
        if rows_ is None:
            return None
        rows_ = rows_[(rows_["domain"] == domain) & (rows_["feature"] == feature)]
        return None if rows_.empty else rows_.iloc[0]


class Bullets:
    """The bullets of one page, with the labels of its table."""

    def __init__(self, sheet: Sheet, labels: list[Label]) -> None:
        self.sheet, self.report, self.labels = sheet, sheet.report, labels

    def check(self) -> None:
        """A bullet goes the way of its numbers; its reasons pull that way, with labels' sides."""
        part = section(self.sheet.page, "drivers")
        for article in part.all("article") if part else []:
            domain = self.sheet.domains[article.first("h3").text.split(" per ")[0]]  # type: ignore[union-attr]
            strong = article.first("strong")
            expected = number(strong.text, self.report.language) if strong else None
            for one in article.all("li"):
                self._bullet(one.text, domain, expected)

    def _bullet(self, text: str, domain: str, expected: float | None) -> None:
        self.report.counts["bullets"] += 1
        for reference in REFERENCES:
            beside = self.sheet.filled(f"wijk.drivers.beside.{reference}")
            if text.lower().startswith(beside.lower() + " ("):
                break
        else:
            self.sheet.say(f"a bullet beside nothing: {text}")
            return
        rest = text[len(beside) :]
        rate = number(rest, self.report.language)
        after = rest.split("): ", 1)[1]
        gap = number(after, self.report.language)
        sign = self._way(after)
        if rate is None or expected is None or sign is None:
            self.sheet.say(f"a bullet without numbers: {text}")
            return
        if abs(rate + sign * (gap or 0.0) - expected) > 3 * TINY:
            self.sheet.say(f"{expected:g} expected, but: {text}")
        self._reasons(after, domain, reference, sign)

    def _way(self, text: str) -> int | None:
        for key, sign in (("more", 1), ("less", -1), ("same", 0)):
            word = self.report.texts[f"wijk.drivers.statement.{key}"].split(" ")[-1]
            if re.search(rf"\b{word}\b", text.split(" " + self._because(), maxsplit=1)[0]):
                return sign
        return None

    def _because(self) -> str:
        return self.report.texts["wijk.drivers.because"].split(" {")[0]

    def _reasons(self, text: str, domain: str, reference: str, sign: int) -> None:
        if self._because() not in text:
            return
        said = text.split(self._because(), 1)[1].strip().rstrip(".")
        sides = {
            (one.feature): one
            for one in self.labels
            if (one.domain, one.reference) == (domain, reference)
        }
        by_label = {feature: label for label, feature in self.sheet.names.items()}
        for feature, one in sides.items():
            for key, side in SIGNS.items():
                template = self.report.texts[f"wijk.drivers.short.{key}"]
                reason = template.replace("{feature}", by_label[feature])
                if not _holds(said, reason):
                    continue
                self.report.counts["reasons"] += 1
                if side != one.side:
                    self.sheet.say(f"a bullet says '{reason}', a label {one}")
                if one.effect is not None and one.effect * sign < 0:
                    self.sheet.say(f"'{reason}' pulls the other way: {one}")


def _holds(said: str, reason: str) -> bool:
    """Tell whether a reason stands in what is said, as a whole."""
    at = said.find(reason)
    if at < 0:
        return False
    before, after = said[:at].rstrip(), said[at + len(reason) :].lstrip()
    return (not before or before.split()[-1] in {"en", "and"}) and (
        not after or after.split()[0] in {"en", "and"}
    )

"""What made pages say, read from their HTML alone: tables, lists, charts and captions.

Pages leave out end tags that HTML does not need, so the reader knows which tags close others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VOID = {"meta", "link", "input", "br", "img"}
# a tag that begins ends these, up to the nearest of the barriers
CLOSES = {
    "li": ({"li"}, {"ul", "ol"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
    "tr": ({"tr"}, {"table"}),
    "tbody": ({"tbody", "thead"}, {"table"}),
    "tfoot": ({"tbody", "thead"}, {"table"}),
}


@dataclass
class Node:
    """An element with its attributes, and what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    inside: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Everything it shows, without markup."""
        parts = [one if isinstance(one, str) else one.text for one in self.inside]
        return " ".join(" ".join(parts).split())

    def all(self, tag: str, **attributes: str) -> list[Node]:
        """Every element within it of a tag, with these attributes."""
        return [
            node
            for node in self.walk()
            if node.tag == tag
            and all(node.attributes.get(name) == value for name, value in attributes.items())
        ]

    def first(self, tag: str, **attributes: str) -> Node | None:
        """The first of :meth:`all`; None where there is none."""
        return next(iter(self.all(tag, **attributes)), None)

    def of_class(self, name: str) -> list[Node]:
        """Every element within it of a class."""
        return [n for n in self.walk() if name in n.attributes.get("class", "").split()]

    def walk(self) -> Iterator[Node]:
        """Every element within it, in order."""
        for one in self.inside:
            if isinstance(one, Node):
                yield one
                yield from one.walk()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Node("page")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_implied(tag)
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].inside.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if any(node.tag == tag for node in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)

    def _end_implied(self, tag: str) -> None:
        closed, barriers = CLOSES.get(tag, (set(), set()))
        for place in range(len(self.open) - 1, 0, -1):
            if self.open[place].tag in barriers:
                return
            if self.open[place].tag in closed:
                del self.open[place:]
                return


def read(path: Path) -> Node:
    """Return a page as a tree of elements."""
    builder = _Builder()
    builder.feed(path.read_text(encoding="utf-8"))
    return builder.root


def section(page: Node, name: str) -> Node | None:
    """Return the section that a heading names; None where the page has none."""
    return page.first("section", **{"aria-labelledby": name})


def rows(table: Node) -> list[list[Node]]:
    """Return the cells of every row of a table, head included."""
    return [
        [cell for cell in row.inside if isinstance(cell, Node) and cell.tag in {"td", "th"}]
        for row in table.all("tr")
    ]


def number(text: str, language: str) -> float | None:
    """Return the first number in a text as its language writes it; None where there is none."""
    thousands, point = (".", ",") if language == "nl" else (",", ".")
    digits, out = "+−-0123456789", ""
    for sign in text:
        if sign in digits or (out and sign in {thousands, point}):
            out += sign
        elif out.strip("+−-"):
            break
        else:
            out = ""
    out = out.rstrip(thousands + point)
    plain = out.replace(thousands, "").replace(point, ".").replace("−", "-")
    try:
        return float(plain)
    except ValueError:
        return None

"""Keep what pages say of the house as the code has it: the flow picture and the order of wings.

``python tools/architecture.py`` writes ``docs/images/architecture.svg`` and what stands between
``<!-- house: NAME -->`` and ``<!-- end -->`` in the pages below, from the imports in ``src`` and
the list in pyproject.toml. With ``--check`` it writes nothing, says what is out of date, and
ends with 1 if anything is.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import flow_picture
import house

if TYPE_CHECKING:
    from collections.abc import Callable

PICTURE = "docs/images/architecture.svg"
PAGES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md")
BLOCK = re.compile(r"(<!-- house: (\w+) -->\n).*?(<!-- end -->)", flags=re.DOTALL)
WIDTH = 100


def order(wings: list[house.Wing]) -> str:
    """Return the wings on a line, in order, as a block of code."""
    line = fill(" → ".join(wing.name for wing in wings), WIDTH, break_on_hyphens=False)
    later = [f"`{wing.name}`" for wing in wings if not wing.built]
    note = f"\n{_listed(later)}: names that keep their place; there is nothing in them yet.\n"
    return f"```\n{line}\n```\n" + (note if later else "")


def rooms(wings: list[house.Wing]) -> str:
    """Return a table of the rooms of each wing, in order."""
    rows = [
        f"| `{wing.name}` | {', '.join(f'`{room}`' for room in wing.rooms)} |"
        for wing in wings
        if wing.rooms
    ]
    return "\n".join(["| wing | rooms, in order |", "|---|---|", *rows]) + "\n"


def paragraphs(wings: list[house.Wing]) -> str:
    """Return a paragraph for each wing there is: what its docstring says, and its rooms."""
    out = []
    for wing in wings:
        if wing.built:
            text, _, _ = wing.says.replace("``", "`").partition(">>>")  # an example is no prose
            text = " ".join(text.split())
            listed = f" Rooms: {', '.join(f'`{room}`' for room in wing.rooms)}."
            text = f"**{wing.name}.** {text}{listed if wing.rooms else ''}"
            out.append(fill(text, WIDTH, break_on_hyphens=False, break_long_words=False))
    return "\n\n".join(out) + "\n"


BLOCKS: dict[str, Callable[[list[house.Wing]], str]] = {
    "order": order,
    "rooms": rooms,
    "paragraphs": paragraphs,
}


def _listed(names: list[str]) -> str:
    """Return names as a list in a sentence."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def filled(page: str, wings: list[house.Wing]) -> str:
    """Return the text of a page with its generated blocks as they should be.

    Parameters
    ----------
    page
        The page's text, in Markdown.
    wings
        The wings in order.

    Returns
    -------
    str
    """

    def block(match: re.Match[str]) -> str:
        opening, name, closing = match.groups()
        if name not in BLOCKS:
            message = f"a page asks for the block {name!r}; expected one of {', '.join(BLOCKS)}"
            raise ValueError(message)
        return f"{opening}{BLOCKS[name](wings)}{closing}"

    return BLOCK.sub(block, page)


def made(root: Path = house.ROOT) -> dict[Path, str]:
    """Return every file that this command keeps, with the text it should have.

    Parameters
    ----------
    root
        Folder of the checkout.

    Returns
    -------
    dict
        Text by path.
    """
    wings = house.wings(root)
    out = {root / PICTURE: flow_picture.draw(wings, house.uses(root))}
    for name in PAGES:
        path = root / name
        out[path] = filled(path.read_text(encoding="utf-8"), wings)
    return out


def main(arguments: list[str] | None = None) -> int:
    """Write what is out of date, or with ``--check`` say so.

    Parameters
    ----------
    arguments
        Of the command line; those of this process when None.

    Returns
    -------
    int
        0, or 1 when ``--check`` meets a file that is out of date.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing; say what would change")
    parser.add_argument("--root", type=Path, default=house.ROOT, help="folder of the checkout")
    given = parser.parse_args(arguments)
    stale = [
        (path, text)
        for path, text in made(given.root).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        name = path.relative_to(given.root)
        if given.check:
            print(f"{name} is out of date: run 'python tools/architecture.py'")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if given.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

"""The flow picture: wings as boxes in order, and a line from each to the wings that import it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from house import Wing

# told apart by the colour-blind too (Tol's muted set, grey for what everything stands on)
COLOURS = ("#5c5c5c", "#a0325e", "#117733", "#332288", "#0a6ea8", "#8a6d00", "#c2410c", "#7b3294")
LATER, INK = "#8a8a8a", "#111111"
LEFT, WIDE, TOP, GAP = 20, 520, 96, 16
PITCH = 22  # between two lines that reach one box
HEAD = 12  # length of an arrow's head
NUMBERS = 44  # beside the boxes, where numbers of files stand
LANE = 30  # between two vertical lines
CHARACTER = 8.8  # width of a character of 14 px, generously
ROW = 30


@dataclass(frozen=True)
class Box:
    """A wing on the picture.

    Parameters
    ----------
    wing
        The wing.
    colour
        Of its frame and of the line that leaves it.
    chips
        Rows of its rooms, as ``(x, width, text)`` in pixels from the box's left.
    top, height
        Place on the picture, in pixels.
    reached
        Wings that it imports from, the nearest first.
    """

    wing: Wing
    colour: str
    chips: list[list[tuple[float, float, str]]]
    top: float
    height: float
    reached: list[str]

    def port(self, used: str) -> float:
        """Return the height in pixels at which the line of a used wing comes in."""
        return self.top + PITCH * (self.reached.index(used) + 0.75)

    @property
    def exit(self) -> float:
        """The height in pixels at which the wing's own line leaves: below all that come in."""
        return self.top + self.height - PITCH * 0.75


def draw(wings: list[Wing], uses: dict[tuple[str, str], int]) -> str:
    """Draw the wings and who imports from whom.

    Parameters
    ----------
    wings
        In order, the first on top.
    uses
        Number of importing files by ``(imported wing, importing wing)``.

    Returns
    -------
    str
        An SVG document of its own, without scripts, fonts or links.
    """
    boxes = _boxes(wings, uses)
    sources = [name for name in boxes if any(used == name for used, _ in uses)]
    lanes = {name: LEFT + WIDE + NUMBERS + LANE * i for i, name in enumerate(reversed(sources), 1)}
    width = max(lanes.values(), default=LEFT + WIDE) + LANE
    last = list(boxes.values())[-1]
    height = last.top + last.height + LEFT
    lines = [_line(boxes, name, lanes[name], uses) for name in sources]
    text = "\n".join([*lines, *map(_box, boxes.values())])
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" \
width="{width:g}" height="{height:g}" role="img" aria-labelledby="title what" \
font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="14">
<title id="title">The wings of risicomodel and their imports</title>
<desc id="what">{escape(_described(wings, uses))}</desc>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{LEFT}" y="36" font-size="20" font-weight="bold">The wings, in the order of the flow</text>
<text x="{LEFT}" y="58" fill="#333333">A line runs from a wing down to each wing that imports from \
it.</text>
<text x="{LEFT}" y="78" fill="#333333">The number, and the width of the arrow, is how many files \
there do.</text>
{text}
</svg>
"""


def _described(wings: list[Wing], uses: dict[tuple[str, str], int]) -> str:
    """Return the picture in words, for who does not see it."""
    out = []
    for wing in wings:
        used = [f"{name.name} ({n})" for name in wings if (n := uses.get((name.name, wing.name)))]
        if used:
            out.append(f"{wing.name} imports from {', '.join(used)}.")
    return " ".join(out)


def _boxes(wings: list[Wing], uses: dict[tuple[str, str], int]) -> dict[str, Box]:
    """Return the boxes by wing, one below the other, each as high as what it holds."""
    out: dict[str, Box] = {}
    top = float(TOP)
    colours = iter(COLOURS)
    names = [wing.name for wing in wings]
    for wing in wings:
        reached = [name for name in reversed(names) if (name, wing.name) in uses]
        chips = _chips(wing.rooms)
        leaves = any(used == wing.name for used, _ in uses)
        ports = PITCH * (len(reached) + leaves + 0.5)
        colour = next(colours, LATER) if wing.built and wing.rooms else LATER
        height = max(40.0 + ROW * len(chips), ports, 44.0)
        out[wing.name] = Box(wing, colour, chips, top, height, reached)
        top += height + GAP
    return out


def _chips(rooms: tuple[str, ...]) -> list[list[tuple[float, float, str]]]:
    """Return rooms in rows that fit a box."""
    rows: list[list[tuple[float, float, str]]] = []
    x = float(WIDE)
    for room in rooms:
        width = CHARACTER * len(room) + 16
        if x + width > WIDE - 12:
            rows.append([])
            x = 14.0
        rows[-1].append((x, width, room))
        x += width + 8
    return rows


def _tag(kind: str, content: str = "", **attributes: object) -> str:
    """Return an SVG element; underscores in names of attributes become dashes."""
    listed = "".join(
        f' {name.replace("_", "-")}="{value:g}"'
        if isinstance(value, float)
        else f' {name.replace("_", "-")}="{value}"'
        for name, value in attributes.items()
    )
    return f"<{kind}{listed}>{content}</{kind}>" if content else f"<{kind}{listed}/>"


def _box(box: Box) -> str:
    """Return the SVG of a wing's box with its rooms."""
    built = box.wing.built
    frame = {"fill": "#fafafa", "stroke": box.colour, "stroke_width": 2}
    frame |= {} if built else {"stroke_dasharray": "6 5"}
    note = "" if built else _tag("tspan", " (nothing yet)", font_weight="normal", font_size=14)
    name = escape(box.wing.name) + note
    title = {"font_size": 18, "font_weight": "bold", "fill": INK if built else "#555555"}
    return "\n".join(
        [
            _tag("rect", x=LEFT, y=box.top, width=WIDE, height=box.height, rx=8, **frame),
            _tag("text", name, x=LEFT + 14, y=box.top + 27, **title),
            *(
                _chip(LEFT + x, box.top + 38 + ROW * i, width, text)
                for i, row in enumerate(box.chips)
                for x, width, text in row
            ),
        ]
    )


def _chip(x: float, y: float, width: float, text: str) -> str:
    """Return the SVG of a room's name in a frame."""
    frame = _tag("rect", x=x, y=y, width=width, height=24, rx=5, fill="#ffffff", stroke="#bbbbbb")
    middle = x + width / 2
    name = _tag("text", escape(text), x=middle, y=y + 17, text_anchor="middle", fill=INK)
    return frame + name


def _line(boxes: dict[str, Box], name: str, x: float, uses: dict[tuple[str, str], int]) -> str:
    """Return the SVG of the line that leaves a wing, with an arrow into each that imports it."""
    box = boxes[name]
    users = [(boxes[user], n) for (used, user), n in uses.items() if used == name]
    end = max(user.port(name) for user, _ in users)
    trunk = f"M{LEFT + WIDE} {box.exit:g}H{x:g}V{end:g}"
    arrows = [_arrow(x, user.port(name), n, box.colour) for user, n in users]
    return "\n".join(
        [
            _tag("path", d=trunk, fill="none", stroke="#ffffff", stroke_width=8),
            _tag("path", d=trunk, fill="none", stroke=box.colour, stroke_width=3),
            *sorted(arrows),
        ]
    )


def _arrow(x: float, y: float, files: int, colour: str) -> str:
    """Return the SVG of an arrow from a vertical line to a box, with its number of files."""
    right = LEFT + WIDE
    thick = min(2 + 0.4 * files, PITCH - 8.0)
    head = thick / 2 + 4
    spear = f"M{right + 1} {y:g}l{HEAD} {-head:g}v{2 * head:g}z"
    number = {"x": right + 32, "y": y + 4.5, "text_anchor": "middle", "font_size": 13, "fill": INK}
    plate = {"y": y - 8, "width": 24, "height": 16, "rx": 4, "fill": "#ffffff", "stroke": colour}
    return "".join(
        [
            _tag("path", d=f"M{x:g} {y:g}H{right + HEAD}", stroke=colour, stroke_width=thick),
            _tag("path", d=spear, fill=colour),
            _tag("circle", cx=x, cy=y, r=max(thick / 2, 4.0), fill=colour),
            _tag("rect", x=right + 20, **plate),
            _tag("text", str(files), **number),
        ]
    )

"""Pages as files: templates filled in and made small, with style and script next to them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel.core import storage

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

    from risicomodel.publishing.presentation.language import Words

HERE = Path(__file__).parent
STYLE, SCRIPT = "report.css", "report.js"
SCRIPT_TEXTS = ("download", "sorted_up", "sorted_down", "found")


def fill(template: str, **values: Any) -> str:
    """Return a filled template, without what a browser does not need.

    A large gemeente has a hundred pages of tables: HTML does without the end tags of cells and
    without quotes around a word. Texts have no quotes of their own, for those are escaped.

    Parameters
    ----------
    template : str
        A file in ``templates``.
    **values : object
        What it is filled in with; a name that it lacks is an error.
    """
    text = environment().get_template(template).render(**values)
    text = re.sub(r"\s*</(?:td|th|tr|li)>\s*", "\n", text)
    text = re.sub(
        r' (class|scope|role|tabindex|id|href|style)="([\w:-]+)"(?=[ >])', r" \1=\2", text
    )
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line) + "\n"


def part(template: str, **values: Any) -> Markup:
    """Return the text of a page, to be put in a whole one.

    Parameters
    ----------
    template : str
        A file in ``templates``.
    **values : object
        What it is filled in with.
    """
    from markupsafe import Markup

    return Markup(environment().get_template(template).render(**values))  # noqa: S704 (a template's)


def write(path: Path, template: str, **values: Any) -> None:
    """Write a page; it knows its own name.

    Parameters
    ----------
    path : Path
        Of the page.
    template : str
        A file in ``templates``.
    **values : object
        What it is filled in with.
    """
    storage.write_text(path, fill(template, here=path.name, **values))


def write_assets(folder: Path, words: Words) -> None:
    """Write the style and the script, with its texts in the language of the pages.

    Parameters
    ----------
    folder : Path
        Of the pages.
    words : Words
        Language of the pages.
    """
    texts = {name: words.text(f"site.{name}", name="%", n="%", all="#") for name in SCRIPT_TEXTS}
    constants = f"const TEXTS = {json.dumps(texts, ensure_ascii=False)};\n"
    script = (HERE / "assets" / SCRIPT).read_text(encoding="utf-8")
    storage.write_text(folder / SCRIPT, constants + script)
    style = (HERE / "assets" / STYLE).read_text(encoding="utf-8")
    storage.write_text(folder / STYLE, style)


@cache
def made_by() -> str:
    """Return a hash of all code, templates and texts: pages of other code are other pages."""
    kinds = {".html", ".css", ".js", ".toml"}
    files = sorted(path for path in HERE.rglob("*") if path.suffix in kinds)
    named = {path.relative_to(HERE).as_posix(): storage.sha256_file(path) for path in files}
    return storage.sha256_json({"code": storage.sha256_code(), **named})


@cache
def environment(folder: Path = HERE / "templates") -> jinja2.Environment:
    """Return what fills in the templates of a folder: escaped, and without a name left open.

    Parameters
    ----------
    folder : Path
        Of the templates.
    """
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

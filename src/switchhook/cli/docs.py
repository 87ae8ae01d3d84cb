"""`switchhook docs`: the documents and examples, as they are installed with it."""

import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.markdown import Markdown

import switchhook
from switchhook.cli.errors import UsageError
from switchhook.cli.output import print_table, print_whole, stdout
from switchhook.projectfile.toml.mistakes import did_you_mean

DOCS = Path(switchhook.__file__).parent / "docs"
EXAMPLES = DOCS.with_name("examples")
CONTENTS = DOCS / "README.md"
_LINKED = re.compile(r"\]\((?:[\w-]+/)*([\w-]+)\.md[)#]")


def docs(
    page: Annotated[
        str | None,
        Parameter(help="Page, such as getting-started, or example, such as project.toml."),
    ] = None,
    /,
) -> int:
    """List the documents and examples, or show one."""
    pages = {file.stem: file for file in sorted(DOCS.rglob("*.md")) if file != CONTENTS}
    examples = {file.name: file for file in sorted(EXAMPLES.iterdir()) if file.is_file()}
    if page is None:
        linked = dict.fromkeys(_LINKED.findall(CONTENTS.read_text(encoding="utf-8")))
        names = [name for name in linked if name in pages]
        rows = [(name, _title(pages[name])) for name in names]
        print_table(("page", "about"), [*rows, *((name, "an example") for name in examples)])
        return 0
    file = examples.get(page) or pages.get(page.removesuffix(".md"))
    if file is None:
        advice = did_you_mean(page, [*pages, *examples])
        raise UsageError(f"there is no page {page!r}; {advice or '`switchhook docs` lists them'}")
    text = file.read_bytes()
    console = stdout()
    if console.is_terminal and file.suffix == ".md":
        console.print(Markdown(text.decode()), soft_wrap=False)
    else:
        print_whole(text)
    return 0


def _title(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        return next(lines).removeprefix("#").strip()

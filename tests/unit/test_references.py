"""What the repository cites exists in it: rules, API facts, open questions, promises, decisions, links and anchors.

And no rule number is shown to the people who use the product: a reason names what to fix, not where we read it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("layers", "functions", "cli", "local", "pleo_simulator", "tests", "docs", "statemachine", ".github")
SHOWN = ("layers", "functions", "cli", "local", "pleo_simulator")
SUFFIXES = {".py", ".md", ".yaml", ".yml", ".json", ".toml", ".expected"}
COLUMNS = 100
Number = TypeVar("Number", str, int)

# A number may stand for several of its kind: "R-5b E14, E16", "promises 1, 5 and 6".
RULE = re.compile(r"(?<![\w-])R-\d+[a-z]?(?:\.\d+|(?:,? E\d+[a-z]?(?:-AP)?)+)?")
LISTED = r"\d{1,2}\b(?:(?:,| and| to) \d{1,2}\b)*"
API = re.compile(r"\bAPI-(\d+)\b")
QUESTIONS = re.compile(rf"\b[Qq]uestions? ({LISTED})")
PROMISES = re.compile(rf"\b[Pp]romises? ({LISTED})")
DECISION = re.compile(r"\bADR-(\d{4})\b")
# What is cited but in no document of this repository: another text's sections (those of an RFC are named as its own).
ELSEWHERE = re.compile(r"(?<!RFC \d{4}, )\b[Ss]ections? \d|\bDESIGN \d|\bpleo-api \d")

LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)


def _files(*folders: str, suffixes: set[str] = SUFFIXES) -> Iterator[Path]:
    """The sources below the given folders of the repository, and those in its root."""
    yield from (each for each in sorted(ROOT.iterdir()) if each.suffix in suffixes)
    for folder in folders:
        yield from (
            each
            for each in sorted((ROOT / folder).rglob("*"))
            if each.suffix in suffixes and each.is_file() and "__pycache__" not in each.parts
        )


@cache
def _texts() -> dict[str, str]:
    return {str(each.relative_to(ROOT)): each.read_text() for each in _files(*FOLDERS)}


def _pages() -> list[Path]:
    return list(_files("docs", "pleo_simulator", "tests", ".github", suffixes={".md"}))


def _document(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def _defined_rules() -> set[str]:
    """Each rule begins a line or the row of a table in bold; the number of a section begins its heading."""
    text = _document("export-rules.md")
    rules = re.findall(r"^(?:\| )?\*\*(R-[^*]+)\*\*", text, re.MULTILINE)
    return {*rules, *re.findall(r"^## (R-\w+) ", text, re.MULTILINE)}


def _numbers(listed: str) -> Iterator[int]:
    """`1, 5 and 6` are three numbers, `1 to 3` as well."""
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", listed):
        yield from range(int(first), int(last or first) + 1)


def _rules(cited: str) -> Iterator[str]:
    """`R-5b E14, E16` are the two rules `R-5b E14` and `R-5b E16`."""
    section, *examples = re.split(r",? (?=E\d)", cited)
    yield from (f"{section} {each}" for each in examples) if examples else iter([section])


def _cited_rules(text: str) -> set[str]:
    return {rule for cited in RULE.findall(text) for rule in _rules(cited)}


def _cited_numbers(pattern: re.Pattern[str], text: str) -> set[int]:
    return {number for listed in pattern.findall(text) for number in _numbers(listed)}


def _unknown(cited: Mapping[str, set[Number]], known: set[Number]) -> dict[str, list[Number]]:
    """By file, what it cites and nobody defines."""
    assert any(cited.values())
    unknown = {where: sorted(numbers - known) for where, numbers in cited.items()}
    return {where: numbers for where, numbers in unknown.items() if numbers}


def test_every_cited_rule_is_in_the_export_rules() -> None:
    assert _unknown({where: _cited_rules(text) for where, text in _texts().items()}, _defined_rules()) == {}


def test_every_cited_fact_about_the_api_is_in_the_export_rules() -> None:
    known = {int(number) for number in re.findall(r"^## API-(\d+) ", _document("export-rules.md"), re.MULTILINE)}

    assert _unknown({where: _cited_numbers(API, text) for where, text in _texts().items()}, known) == {}


def test_every_cited_open_question_is_in_their_table() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", _document("open-questions.md"), re.MULTILINE)
    known = {number for row in rows for number in _numbers(row)}

    assert _unknown({where: _cited_numbers(QUESTIONS, text) for where, text in _texts().items()}, known) == {}


def test_every_cited_promise_is_in_their_table() -> None:
    known = {int(number) for number in re.findall(r"^\| \*\*(\d+)\. ", _document("reliability.md"), re.MULTILINE)}

    assert _unknown({where: _cited_numbers(PROMISES, text) for where, text in _texts().items()}, known) == {}


def test_every_cited_decision_is_recorded() -> None:
    known = {int(each.name[:4]) for each in (ROOT / "docs" / "adr").glob("[0-9]*-*.md")}

    assert _unknown({where: _cited_numbers(DECISION, text) for where, text in _texts().items()}, known) == {}


def test_nothing_cites_a_document_that_is_not_here() -> None:
    found = {where: ELSEWHERE.findall(text) for where, text in _texts().items()}

    assert {where: cited for where, cited in found.items() if cited} == {}


def _literals(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of the strings that the program uses: not its docstrings, and comments are none."""
    docstrings = {
        id(body[0].value)
        for node in ast.walk(tree)
        if isinstance(body := getattr(node, "body", None), list) and body and isinstance(body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def test_no_rule_number_reaches_a_screen() -> None:
    """Reasons, warnings, settings' descriptions, pages and the command line are made of these strings."""
    shown = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in _files(*SHOWN, suffixes={".py"})
        for line, text in _literals(ast.parse(path.read_text()))
        if re.search(r"\bR-\d|\bAPI-\d", text)
    ]

    assert shown == []


@pytest.mark.parametrize(
    "page",
    [
        "docs/bookkeeping.md",
        "docs/connect.md",
        "docs/operate.md",
        "docs/receipts.md",
        "statemachine/export_job.asl.json",  # its comments are on the console's pages
    ],
)
def test_no_rule_number_is_on_a_page_for_those_who_use_the_product(page: str) -> None:
    assert RULE.findall((ROOT / page).read_text()) == []


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them: a heading in lower case, without punctuation, with hyphens for spaces."""
    anchors: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", page.read_text())):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = base = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        repeated = 0
        while anchor in anchors:
            repeated += 1
            anchor = f"{base}-{repeated}"
        anchors.add(anchor)
    return anchors


def _broken(page: Path) -> Iterator[str]:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z][a-z+.-]*:", target):  # another place on the web
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        there = linked.exists() and linked.is_relative_to(ROOT)
        if not there or (anchor and linked.suffix == ".md" and anchor not in _anchors(linked)):
            yield target


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = _pages()
    assert any("](" in page.read_text() for page in pages)

    broken = {str(page.relative_to(ROOT)): list(_broken(page)) for page in pages}

    assert {page: links for page, links in broken.items() if links} == {}


def _too_long(page: Path) -> Iterator[int]:
    """Lines of prose. Tables, code, headings and what cannot be broken (a link, an address) may be longer."""
    text = FENCE.sub(lambda fence: "\n" * fence.group().count("\n"), page.read_text())
    for number, line in enumerate(text.splitlines(), start=1):
        breakable = " " in line.strip(" *-") and not re.fullmatch(r"\s*!?\[[^\]]*\]\([^)]*\)", line)
        if len(line) > COLUMNS and breakable and not line.startswith(("|", "#", "<")):
            yield number


def test_prose_wraps_at_100_columns() -> None:
    """Diffs of prose are read line by line."""
    pages = [page for page in _pages() if page != ROOT / "README.md"]

    too_long = {str(page.relative_to(ROOT)): list(_too_long(page)) for page in pages}

    assert {page: lines for page, lines in too_long.items() if lines} == {}

"""The rules of the house that no linter checks: one class for a name, small modules and classes, a docstring for what
is public, and no name that was given up."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYER = "layers/pleo_export/python/pleo_export"
PORT = "accounting/port.py"
MODULE_LINES = 300
CLASS_METHODS = 12
DOCUMENTED = 0.95

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@cache
def modules(*folders: str) -> Mapping[str, ast.Module]:
    """Return the parsed modules below the folders, by their path from the root."""
    files = chain.from_iterable(sorted((ROOT / folder).rglob("*.py")) for folder in folders)
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text()) for file in files}


def classes(*folders: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield every class below the folders with its module's path; those inside a function or class too."""
    for path, module in modules(*folders).items():
        yield from ((path, node) for node in ast.walk(module) if isinstance(node, ast.ClassDef))


def methods(cls: ast.ClassDef) -> set[str]:
    """Return the names of the methods that the class itself defines; properties are not among them."""
    return {node.name for node in cls.body if isinstance(node, Function) and not _is_property(node)}


def _is_property(function: Function) -> bool:
    decorators = {ast.unparse(each) for each in function.decorator_list}
    return any(each.endswith(("property", ".setter", ".deleter")) for each in decorators)


@cache
def ports() -> Mapping[str, frozenset[str]]:
    """Return the methods that each protocol of an accounting system demands."""
    (port,) = [module for path, module in modules(LAYER).items() if path.endswith(PORT)]
    found = (node for node in port.body if isinstance(node, ast.ClassDef))
    return {
        cls.name: frozenset(methods(cls))
        for cls in found
        if cls.name in ("AccountingSystem", "AccountingSetup", "LedgerReader")
        and "Protocol" in map(ast.unparse, cls.bases)
    }


def implemented(cls: ast.ClassDef) -> set[str]:
    """Return the methods of the class that a protocol demands, and describes: for a class that has all of them."""
    if cls.name in ports():
        return set()
    return set().union(*(demanded for demanded in ports().values() if demanded <= methods(cls)))


@pytest.mark.parametrize("folders", [(LAYER,), ("cli", "functions")], ids=["layer", "command line and functions"])
def test_a_class_name_is_defined_once(folders: tuple[str, ...]) -> None:
    defined = defaultdict(list)
    for path, cls in classes(*folders):
        defined[cls.name].append(path)

    assert defined
    assert {name: paths for name, paths in defined.items() if len(paths) > 1} == {}


def test_no_module_of_the_layer_is_longer_than_a_reader_keeps_in_mind() -> None:
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in modules(LAYER)}

    assert {path: count for path, count in lines.items() if count > MODULE_LINES} == {}


def test_no_class_has_more_methods_than_one_responsibility_needs() -> None:
    """What a protocol demands does not count: its implementers have no choice."""
    assert len(ports()) == 3
    own = {f"{path} {cls.name}": len(methods(cls) - implemented(cls)) for path, cls in classes(LAYER, "cli")}

    assert {name: count for name, count in own.items() if count > CLASS_METHODS} == {}


def public(body: Iterable[ast.stmt]) -> Iterator[tuple[str, Definition]]:
    """Yield the definitions that others may use, with their names; what a protocol describes is left out."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                described = implemented(node)
                members = ((name, each) for name, each in public(node.body) if name not in described)
                yield from ((f"{node.name}.{name}", each) for name, each in members)


@pytest.mark.parametrize("folder", [LAYER, "cli", "functions"])
def test_what_is_public_has_a_docstring(folder: str) -> None:
    """A function's handler is described by its module, which holds nothing else."""
    found = {
        f"{path} {name}": ast.get_docstring(node)
        for path, module in modules(folder).items()
        for name, node in chain([("(module)", module)], public(module.body))
        if module.body and name != "handler"
    }
    missing = [name for name, text in found.items() if not text]

    assert 1 - len(missing) / len(found) >= DOCUMENTED, f"{len(missing)} of {len(found)}:\n" + "\n".join(missing)


def test_a_module_of_pydantic_models_has_its_annotations_evaluated() -> None:
    """As texts they would take pydantic a quarter longer at each start of a function (docs/performance.md)."""
    models = {"BaseModel"}
    while more := {cls.name for _, cls in classes(LAYER) if models & set(map(ast.unparse, cls.bases))} - models:
        models |= more
    of_models = {path for path, cls in classes(LAYER) if cls.name in models}

    assert len(models) > 50
    assert [path for path in of_models if "from __future__" in (ROOT / path).read_text()] == []


# What was renamed, and to what: a name that means one thing only, so that a search for it finds all of it. Each is a
# regular expression for a whole word, or for two neighbours in a path or dotted name.
GIVEN_UP: Mapping[str, str] = {
    "ReceiptDesk": "ReceiptHandler",
    "no_pen": "no_fencing_token",
    "state\\.pens|pleo_export\\.state": "store, store.fencing",
    "last_words": "unrecorded",
    "settle_open_items": "finalise_open_items",
    "settle_time|SETTLE_SECONDS": "in_doubt_time, IN_DOUBT_SECONDS",
    "_all_settled|_unsettled": "_all_final, _in_doubt",
    "workflow\\.runtime|TownRuntime|SimulatedRuntime|current_runtime": "Services, services.services",
    "JobRun|ItemsRun|ChunkRun|FetchRun|FailedRun|JobFacts": "StartJobInput … FailJobInput",
    "BooksTaken": "LedgerAlreadyConnected",
    "PartyKeys|PartyAnswer|wanted_party": "PartyQuery, PartyMatch, party_query",
    "our_errors": "error_boundary",
    "pleo_as": "pleo_with",
    "keep_books_open": "keep_grant_alive",
    "kept_by_browser": "browser_secret_from",
    "carried_out": "conditional_write",
    "RefreshRecords": "RefreshStates",
    "nothing_was_sent|webhook_sender": "not_sent, webhook_authentication",
    "unposted": "posting_error",
    "tryton_(move|rest|bill|register|files|open_items)(\\.py)?": "the modules of accounting/tryton",
    "asked_in_vain|_taken_back|_unlike": "false_alarms, _deleted, _with_other_totals",
    "FileShelf|FaultBoard": "ReceiptFiles, FaultQueue",
    "switchboards?": "control API, control_api",
    "Town|Town[A-Z]\\w*|town_stack": "InProcessSystem, DeployedSystem, deployed_system",
    "Chaos|chaos\\.py": "FaultInjector, fault_injection.py",
    "promises\\.py": "checker.py",
    "tests\\.harness|harness": "tests.system",
    "local\\.pleo": "pleo_simulator",
    "cli\\.(asking|connecting|disconnecting|examining|redriving|authorising|candidate)": "cli.commands",
}
# These are words of English, or of AWS, or what somebody bought: not to be defined, imported or raised.
NOT_TO_BE_NAMED = "Pen|Pens|Desk|Runtime|Situation|Settled|Settles|Refreshes|Promises|Broken|Mint|Verdict"

CODE = (LAYER, "functions", "cli", "local", "pleo_simulator", "tests")
FOLDERS = ("layers", *CODE[1:], "docs", "statemachine", ".github")
SUFFIXES = (".py", ".md", ".yaml", ".yml", ".toml")
OF_THE_PAST = ("CHANGELOG.md", "docs/adr/", str(Path(__file__).relative_to(ROOT)))


@cache
def words() -> Mapping[str, set[str]]:
    """Return where each word of the repository is, and each pair of a path or dotted name as `left.right`. Left out is
    what tells of the past."""
    files = chain(ROOT.iterdir(), chain.from_iterable((ROOT / folder).rglob("*") for folder in FOLDERS))
    found: dict[str, set[str]] = defaultdict(set)
    for file in files:
        path = str(file.relative_to(ROOT))
        if file.suffix in SUFFIXES and file.is_file() and not path.startswith(OF_THE_PAST):
            for number, line in enumerate([path, *file.read_text().splitlines()]):
                for name in re.findall(r"\w+(?:[./]\w+)*", line):
                    parts = re.split(r"[./]", name)
                    for word in chain(parts, map(".".join, pairwise(parts))):
                        found[word].add(f"{path}:{number}: {name}")
    return found


@cache
def defined_or_raised() -> Mapping[str, set[str]]:
    """Return the modules that define or import a class or raise an error, by its name."""
    found = defaultdict(set)
    for file in chain.from_iterable((ROOT / folder).rglob("*.py") for folder in CODE):
        for name in re.findall(r"\b(?:class|import|raise|Raises) (\w+)", file.read_text()):
            found[name].add(str(file.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("old", GIVEN_UP)
def test_no_name_that_was_given_up_is_used(old: str) -> None:
    name = re.compile(old)
    found = sorted(chain.from_iterable(places for word, places in words().items() if name.fullmatch(word)))

    assert found == [], f"write {GIVEN_UP[old]}"


@pytest.mark.parametrize("name", NOT_TO_BE_NAMED.split("|"))
def test_no_class_has_a_name_that_was_given_up(name: str) -> None:
    assert defined_or_raised().get(name, set()) == set()

"""The failure catalogue is the one source of what a bookkeeper reads about a failure, and reads like one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pleo_export.accounting.errors import Rejected, UnknownAccount, UnknownDimension
from pleo_export.bookkeeping.documents import Dimension
from pleo_export.bookkeeping.export_item import parse_export_item
from pleo_export.errors import ItemFailure
from pleo_export.failures.catalogue import ENTRIES, SECTIONS, entries, remedy
from pleo_export.failures.entry import DEFAULT_SUPPORT, FailureEntry, WhoCanFix
from pleo_export.failures.expense import AMOUNT_FRACTION, CATEGORY_MISSING, CATEGORY_WITHOUT_ACCOUNT
from pleo_export.failures.ledger import ACCOUNT_UNKNOWN, TAG_UNKNOWN
from pleo_export.pleo.models import REASON_LENGTH
from pleo_export.store.results import ItemResult
from pleo_export.workflow.recording.naming import named
from tests.golden.cases import HERE, cases
from tests.golden.failures import PAGE, example, page

LAYER = Path(__file__).resolve().parents[3] / "layers/pleo_export/python/pleo_export"
ALL = list(ENTRIES.values())
by_code = pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.code)


def test_the_page_about_failures_is_the_generated_one() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.golden generate, and read the result"


def test_a_code_names_one_entry() -> None:
    codes = [each.code for section in SECTIONS.values() for each in entries(section)]
    assert len(codes) > 80
    assert sorted(codes) == sorted(ENTRIES)


@by_code
def test_a_code_is_short_and_stable_in_form(entry: FailureEntry) -> None:
    assert re.fullmatch("[a-z]+(_[a-z]+)*", entry.code)
    assert len(entry.code) <= 40


@by_code
def test_a_text_is_written_for_a_bookkeeper(entry: FailureEntry) -> None:
    text = example(entry)
    assert not re.search(r"[{}]|\bR-\d|\b[a-z]+[A-Z]\w*|\bclearing account|\bdimension\b|\bline 1\b", text)
    assert text.endswith((".", ". ")), text
    assert entry.why.endswith(".")


@by_code
def test_a_text_with_names_of_any_length_keeps_what_to_do(entry: FailureEntry) -> None:
    longest = {name: value if value.isdigit() else "n" * 1_000 for name, value in entry.example.items()}
    longest["ledger"] = "Tryton"
    text = entry.told(**longest).text("s" * 60)
    assert len(text) <= REASON_LENGTH
    assert text.endswith(entry.fix.format(ledger="Tryton", support="s" * 60))


@by_code
def test_what_to_do_is_the_same_for_every_expense(entry: FailureEntry) -> None:
    found = remedy(entry.code, "Ada")
    assert (found.code, found.who) == (entry.code, entry.who)
    assert found.fix
    assert "{" not in found.fix


@by_code
def test_what_only_support_can_fix_names_support(entry: FailureEntry) -> None:
    if entry.who is WhoCanFix.SUPPORT:
        assert "Ada" in remedy(entry.code, "Ada").fix


def test_an_unknown_code_sends_to_the_sentence() -> None:
    assert remedy(None) == remedy("of_another_release")
    assert "sentence" in remedy(None).fix


def test_a_name_from_outside_is_cleaned_and_shortened() -> None:
    text = CATEGORY_WITHOUT_ACCOUNT.told(category="Gifts\x00\u202e{support}" + "x" * 500).text()
    assert text.startswith('Category "Gifts')
    assert "\u202e" not in text
    assert len(text) < 300


def test_a_text_names_the_support_of_the_company() -> None:
    told = AMOUNT_FRACTION.told(reference="7b0f")
    assert f"tell {DEFAULT_SUPPORT} and" in told.text()
    assert "tell Ada and" in told.after("Not booked.").addressed("Ada").text("Bob")


def test_a_stored_result_says_what_to_do_and_who_can() -> None:
    failed = ItemResult.failed(
        "e", ItemFailure.MISSING_CONFIGURATION, CATEGORY_MISSING.told(line="This expense"), "Ada"
    )
    assert remedy(failed.code) == remedy("category_missing")
    assert ItemResult("e", external_id="1").code is None


def _item(**changes: object) -> dict[str, object]:
    payload = next(case for case in cases() if case.path.stem.startswith("E01")).payload
    payload["accountingEntryLines"][0] |= changes
    return payload


def test_an_account_that_the_ledger_does_not_know_is_named_by_what_uses_it() -> None:
    settings = next(case for case in cases() if case.path.parent == HERE / "standard").settings
    gifts = {"id": "5f0c4f0a-7d0e-4d61-a7f4-8d0a3f6f7a11", "name": "Gifts", "code": "6999", "identifier": None}
    item = parse_export_item(_item(account=gifts, tags=[{"code": "XXX", "groupCode": "cost_centre"}]))

    def text(error: Rejected) -> str:
        return named(error, item, settings).text()

    unknown = ACCOUNT_UNKNOWN.told(ledger="Tryton", account="6999")
    assert text(UnknownAccount(unknown, unknown="6999")).startswith(
        'Category "Gifts" uses account 6999, which does not exist in Tryton or is inactive. Activate it there, or give '
        "the category another account in Pleo under Settings, Accounting, Categories"
    )
    payables = str(settings.accounts.payables)
    assert text(UnknownAccount(unknown, unknown=payables)).startswith("The setting accounts.payables uses")
    tag = UnknownDimension(
        TAG_UNKNOWN.told(ledger="Tryton", tag="XXX"), unknown=Dimension(settings.dimensions["cost_centre"], "XXX")
    )
    assert text(tag).startswith('Tag "XXX" (group "cost_centre") is not in Tryton, or is inactive. Create it there')
    assert text(Rejected("In its own words.")) == "In its own words."


# Who reads these is the operator, at a terminal.
FOR_THE_OPERATOR = ("operations/", "accounting/tryton/reversal.py")
ERRORS = (
    "ItemRejected|JobRejected|TryAgain|AccountingError|AuthenticationFailed|PermissionDenied|InvalidConfiguration|"
    "RateLimited|Unavailable|OutcomeUnknown|Rejected|PeriodClosed|Unknown\\w+|PossibleDuplicate|KeptAsDraft|"
    "AttachmentTooLarge|AttachmentRejected|InDoubt|ReceiptFailed|FailureText"
)


def _texts(module: ast.Module) -> Iterator[str]:
    """Yield the errors, results and texts that are made of a text instead of an entry."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        given = [*node.args, *(each.value for each in node.keywords if each.arg == "reason")]
        if re.fullmatch(ERRORS, name) or name == "ItemResult":
            yield from (f"{name}: {ast.unparse(each)}" for each in given if _is_text(each))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_a_text_outside_of_the_catalogue_would_be_seen() -> None:
    made = ast.parse("Rejected(f'{a} is wrong')\nerrors.ItemRejected(X, 'No')\nItemResult(e, reason='No')\nRejected(t)")
    assert len(list(_texts(made))) == 3


def test_no_text_about_a_failure_is_made_outside_of_the_catalogue() -> None:
    found = {
        str(path.relative_to(LAYER)): texts
        for path in sorted(LAYER.rglob("*.py"))
        if not str(path.relative_to(LAYER)).startswith(FOR_THE_OPERATOR)
        and (texts := list(_texts(ast.parse(path.read_text()))))
    }
    assert found == {}

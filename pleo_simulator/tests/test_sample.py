"""The sample data: the same every time, and as bookable as it claims."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from pleo_simulator.clock import Clock
from pleo_simulator.demo import CANNOT_BE_BOOKED, DEMO
from pleo_simulator.errors import Refused
from pleo_simulator.expenses import TYPES, reconciliation_id
from pleo_simulator.receipt_files import ReceiptFiles, draw
from pleo_simulator.sample import HAVN, NORTHGATE, demo_company, demo_items, load_sample, sample_items
from pleo_simulator.sample_catalogue import ACCOUNTS
from pleo_simulator.service import build_service

Json = dict[str, Any]


def value(amount: Json) -> int:
    return int(amount["inWalletCurrency"]["value"])


def adds_up(line: Json) -> bool:
    """R-5c.6: line = net + tax, or line = net with the tax outside."""
    gross, net = value(line["lineAmount"]), value(line["netAmount"])
    tax = value(line["tax"]["amount"]) if line["tax"] else 0
    return gross in (net, net + tax)


def lines(items: Iterable[Json]) -> list[Json]:
    return [line for item in items for line in item["accountingEntryLines"]]


def test_given_the_same_seed_then_the_same_items_and_given_another_then_others() -> None:
    assert list(sample_items(HAVN, 60, seed=2)) == list(sample_items(HAVN, 60, seed=2))
    assert list(sample_items(HAVN, 60, seed=2)) != list(sample_items(HAVN, 60, seed=3))
    assert demo_items(NORTHGATE) == demo_items(NORTHGATE)


def test_generated_items_cover_every_type_and_tax_and_all_of_them_add_up() -> None:
    items = list(sample_items(HAVN, 200, seed=2))

    assert {each["type"] for each in items} == set(TYPES)
    assert {line["tax"]["type"] if line["tax"] else None for line in lines(items)} == {
        "inclusive",
        "exclusive",
        "reverse",
        None,
    }
    assert all(adds_up(line) for line in lines(items))
    assert {line["account"]["code"] for line in lines(items) if line["account"]} <= set(ACCOUNTS)
    assert any(len(each["accountingEntryLines"]) == 3 for each in items)
    assert any(each["files"] for each in items)


def test_lines_always_sum_to_the_items_amount_and_all_amounts_are_positive_hundredths() -> None:
    for item in [*demo_items(NORTHGATE), *sample_items(HAVN, 200, seed=2)]:
        amounts = [value(line["lineAmount"]) for line in item["accountingEntryLines"]]
        assert sum(amounts) == value(item["amount"])
        assert all(isinstance(each, int) and each > 0 for each in amounts)


def test_the_demo_holds_forty_items_of_many_types_in_two_currencies_up_to_today() -> None:
    items = demo_items(NORTHGATE, today=date(2026, 4, 30))

    assert len(items) == len({each["accountingEntryId"] for each in items}) == 40
    assert len({each["type"] for each in items}) == 13
    assert {each["amount"]["inWalletCurrency"]["currency"] for each in items} == {"GBP", "EUR"}
    assert any(len(each["accountingEntryLines"]) == 3 for each in items)
    dates = [each["date"][:10] for each in items]
    assert dates == sorted(dates)
    assert (dates[0], dates[-1]) == ("2026-01-01", "2026-04-30")


def test_exactly_four_items_of_the_demo_cannot_be_booked_each_for_its_own_reason() -> None:
    found = {}
    for expense, item in zip(DEMO, demo_items(NORTHGATE), strict=True):
        codes = {line["account"]["code"] if line["account"] else None for line in item["accountingEntryLines"]}
        spends = item["type"] in ("card_purchase", "out_of_pocket", "refund", "chargeback", "fee", "cashback")
        if spends and None in codes:
            found[expense.key] = "missing_configuration"
        elif "6999" in codes:
            found[expense.key] = "account_unknown"
        elif not all(adds_up(line) for line in item["accountingEntryLines"]):
            found[expense.key] = "validation_failure"
        elif any(tag["code"] == "XXX" for line in item["accountingEntryLines"] for tag in line["tags"]):
            found[expense.key] = "tag_unknown"

    assert found == CANNOT_BE_BOOKED


def test_a_reimbursement_of_the_demo_settles_what_it_names() -> None:
    items = {each["additionalInformation"]["reconciliationId"]: each for each in demo_items(NORTHGATE)}
    settled = [each for each in items.values() if each["type"] == "direct_reimbursement"]

    for item in settled:
        named = [items[each] for each in item["additionalInformation"]["reconciledEntries"]]
        assert value(item["amount"]) == sum(value(each["amount"]) for each in named)
    assert reconciliation_id(NORTHGATE, "reimburse-tom") in items


def test_e3_the_tax_of_a_split_is_rounded_line_by_line() -> None:
    notion = demo_items(NORTHGATE)[[each.key for each in DEMO].index("notion-split")]

    assert [value(line["netAmount"]) for line in notion["accountingEntryLines"]] == [277, 277, 278]
    assert [value(line["tax"]["amount"]) for line in notion["accountingEntryLines"]] == [56, 56, 56]


def test_e4_a_purchase_abroad_carries_both_currencies() -> None:
    delta = demo_items(NORTHGATE)[[each.key for each in DEMO].index("delta-flight")]

    assert delta["amount"] == {
        "inWalletCurrency": {"value": 8640, "currency": "GBP"},
        "inSupplierCurrency": {"value": 10_800, "currency": "USD"},
    }


def test_the_sample_has_three_companies_with_a_key_each() -> None:
    service = build_service(Clock(datetime(2026, 6, 30, tzinfo=UTC)))

    load_sample(service)

    assert [each.name for each in service.state.companies()] == [
        "Northgate Studio Ltd",
        "Havn Design ApS",
        "Estudio Lumbre S.L.",
    ]
    assert demo_company().expenses.keys() == service.state.company(NORTHGATE).expenses.keys()


# Receipts


@pytest.mark.parametrize(("name", "start"), [("a.pdf", b"%PDF-"), ("a.jpg", b"\xff\xd8\xff"), ("a.png", b"\x89PNG")])
def test_a_receipt_is_a_real_file_of_its_kind_and_the_same_every_time(name: str, start: bytes) -> None:
    content = draw(name)
    draw.cache_clear()

    assert content == draw(name)
    assert content.startswith(start)
    if not name.endswith("pdf"):
        Image.open(BytesIO(content)).verify()


def test_given_an_item_when_fetched_then_its_links_work_for_24_hours_and_are_new_at_each_fetch() -> None:
    clock = Clock(datetime(2026, 6, 30, tzinfo=UTC))
    files = ReceiptFiles(clock, b"secret")
    item = next(each for each in demo_items(NORTHGATE) if each["files"])

    (file,) = files.with_links(item, "http://pleo.test/")["files"]
    name, ends, signature = _parts(file["url"])
    clock.advance(timedelta(hours=23, minutes=59))
    content, media_type = files.read(name, ends, signature)
    assert (len(content), media_type) == (file["size"], file["type"])
    clock.advance(timedelta(minutes=1))
    with pytest.raises(Refused, match="expired"):
        files.read(name, ends, signature)
    (again,) = files.with_links(item, "http://pleo.test/")["files"]
    assert files.read(*_parts(again["url"]))[0] == content


def test_given_a_link_that_was_altered_then_403() -> None:
    files = ReceiptFiles(Clock(), b"secret")
    name, ends, signature = _parts(files.link("a.pdf", "http://pleo.test"))

    with pytest.raises(Refused, match="not one of ours"):
        files.read(name, ends + 1, signature)


def _parts(url: str) -> tuple[str, int, str]:
    path, _, query = url.partition("?")
    ends, signature = (each.partition("=")[2] for each in query.split("&"))
    return path.rpartition("/")[2], int(ends), signature

"""The order of R-3.7."""

from __future__ import annotations

import random

from pleo_export.bookkeeping.order import RANKS, sort_key
from pleo_export.bookkeeping.rules import TYPES

IN_ORDER = [
    ("2026-05-01T23:00:00Z", "direct_reimbursement", "a"),
    ("2026-05-02T18:00:00Z", "wallet_topup", "b"),
    ("2026-05-02T17:00:00Z", "invoice", "a"),
    ("2026-05-02T16:00:00Z", "card_purchase", "a"),
    ("2026-05-02T15:00:00Z", "out_of_pocket", "b"),
    ("2026-05-02T14:00:00Z", "invoice_payment", "a"),
    ("2026-05-02T13:00:00Z", "refund", "a"),
    ("2026-05-02T12:00:00Z", "external_reimbursement", "a"),
    ("2026-05-02T00:00:00Z", "brand_new", "a"),
    ("2026-05-03T00:00:00Z", "wallet_unload", "a"),
    ("02/05/2026", "card_purchase", "a"),
    ("None", "card_purchase", "a"),
    ("not a date", "card_purchase", "a"),
]


def test_given_items_in_any_order_when_sorted_then_by_day_then_rank_then_id() -> None:
    shuffled = IN_ORDER.copy()
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled, key=lambda each: sort_key(*each)) == IN_ORDER


def test_every_known_type_has_the_rank_of_the_rules() -> None:
    by_rank = [
        {"wallet_topup", "wallet_unload"},
        {"invoice"},
        {"card_purchase", "card_invoice", "fee", "cashback", "atm_withdrawal", "personal_spend"}
        | {"out_of_pocket", "mileage", "per_diem"},
        {"invoice_payment"},
        {"refund", "chargeback"},
        {"direct_reimbursement", "external_reimbursement"},
    ]
    assert {type_: rank for rank, types in enumerate(by_rank) for type_ in types} == RANKS
    assert set(RANKS) == set(TYPES)

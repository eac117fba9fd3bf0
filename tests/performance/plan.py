"""Which runs there are: what fits into a quarter of an hour on two processors, and into three minutes for CI."""

from __future__ import annotations

from tests.performance.measurement import RunId

TRYTON, XERO, ECONOMIC = "tryton", "xero", "e-conomic"
"""Tryton is the real server. Xero's simulator has latency and all limits. That of e-conomic has no latency: it serves
the large jobs, since Xero takes 20 minutes for 10,000 expenses, whoever sends them."""

QUICK = (
    RunId("product", TRYTON, 50),
    RunId("floor", TRYTON, 150),
    RunId("product", TRYTON, 150),
    RunId("naive", TRYTON, 20),
)
FULL = (
    RunId("floor", XERO, 100),
    RunId("product", XERO, 100),
    RunId("floor", XERO, 1_000),
    RunId("product", XERO, 1_000),
    RunId("floor", TRYTON, 100),
    RunId("product", TRYTON, 100),
    RunId("floor", TRYTON, 1_000),
    RunId("product", TRYTON, 1_000),
    RunId("floor", TRYTON, 100, receipts=True),
    RunId("product", TRYTON, 100, receipts=True),
    RunId("product", TRYTON, 1_000, receipts=True),
    RunId("product", ECONOMIC, 100),
    RunId("product", ECONOMIC, 1_000),
    RunId("product", ECONOMIC, 10_000),
    RunId("naive", XERO, 100),
    RunId("naive", XERO, 1_000),
    RunId("naive", TRYTON, 100),
    RunId("naive", TRYTON, 100, receipts=True),
)

"""The call budget as connectors know it; Pleo's client has one too (`pleo_export.call_budget`)."""

from pleo_export.call_budget import UNLIMITED, CallBudget, CallRate

__all__ = ["UNLIMITED", "CallBudget", "CallRate"]

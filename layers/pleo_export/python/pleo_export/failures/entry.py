"""An entry of the failure catalogue, and the text that is made from it.

An entry says what happened (with the names and amounts of the one expense) and what to do (the same for all expenses
with this failure, so that a report can group them by it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from pleo_export.text import clean, shorten

# Where a text names who helps. It stays in the text until that is told: the company's setting is not known everywhere.
SUPPORT = "{support}"
# Where a text names what of the expense it is about: only the workflow knows both the refusal and the expense.
SUBJECT = "{subject}"
DEFAULT_SUPPORT = "the person who connected Pleo"
THE_LEDGER = "the accounting system"

# Characters. Pleo shows 500 of a text; a name from outside must leave room for what to do.
LONGEST_NAME = 60
LONGEST_QUOTE = 180


class WhoCanFix(StrEnum):
    """Who can put a failure right, as people read it."""

    IN_PLEO = "bookkeeper, in Pleo"
    IN_LEDGER = "bookkeeper, in the accounting system"
    ADMINISTRATOR = "administrator, in the settings of the connection"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class FailureText:
    """What is told about one failure: `code` names its entry, for counting and grouping. `opening` says what was done
    before it."""

    code: str
    sentence: str
    opening: str = ""
    subject: str = "This expense"

    def text(self, support: str = DEFAULT_SUPPORT) -> str:
        """Return the full text. `support` is whom it names where only support can help."""
        sentence = self.sentence.replace(SUBJECT, self.subject)
        return f"{self.opening} {sentence}".strip().replace(SUPPORT, support)

    def about(self, subject: str) -> FailureText:
        """Return the same failure, naming what of the expense it is about."""
        return replace(self, subject=subject)

    def addressed(self, support: str) -> FailureText:
        """Return the same failure with the name of who helps filled in."""
        return FailureText(self.code, self.text(support))

    def after(self, opening: str) -> FailureText:
        """Return the same failure, told after what was done before it."""
        return replace(self, opening=f"{opening} {self.opening}".strip())

    def __str__(self) -> str:
        return self.text()


class Remedy(NamedTuple):
    """What to do about a failure, without the names of one expense, and who can."""

    code: str
    fix: str
    who: WhoCanFix


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureEntry:
    """An entry of the catalogue.

    `says`: what happened, with {names} of the expense. `fix`: what to do, the same for each expense. `why`: what is
    behind it, for the page about failures. `example`: the values of the example on that page. `quotes`: those of the
    values that are somebody's sentence, and may be longer than a name. `advice`: what a report shows instead of `fix`,
    where that says too little alone. `subject`: that of the example, where the workflow names it.
    """

    code: str
    says: str
    fix: str
    why: str
    who: WhoCanFix
    example: Mapping[str, str] = field(default_factory=dict)
    quotes: frozenset[str] = frozenset()
    advice: str = ""
    subject: str = ""

    def told(self, **values: object) -> FailureText:
        """Return the text for one expense. Names from outside are cleaned and shortened."""
        known = {name: self._value(name, value) for name, value in values.items()}
        named = {"ledger": THE_LEDGER, "support": SUPPORT, "subject": SUBJECT, **known}
        text = f"{self.says} {self.fix}".format_map(named)
        return FailureText(self.code, f"T{text[1:]}" if text.startswith(THE_LEDGER) else text)

    def remedy(self, support: str = DEFAULT_SUPPORT) -> Remedy:
        """Return what to do, as a report shows it for all expenses with this failure."""
        return Remedy(self.code, (self.advice or self.fix).format(ledger=THE_LEDGER, support=support), self.who)

    def _value(self, name: str, value: object) -> str:
        text = str(value)
        text = " " * text.startswith(" ") + clean(text)
        return shorten(text, LONGEST_QUOTE if name in self.quotes else LONGEST_NAME)

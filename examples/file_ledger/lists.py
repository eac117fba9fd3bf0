"""What of the file is kept in step at Pleo: its accounts. Whatever is not in `lists` is refused."""

import re
from collections.abc import Callable, Iterator
from typing import NoReturn

from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.lists import LedgerAccount, LedgerCompany, LedgerList
from pleo_export.failures.ledger_lists import LIST_NOT_OFFERED

OPEN = re.compile(r"^\S+ open ([A-Z][\w:-]*:(\w+))(?: +([A-Z]{3}))?", re.MULTILINE)


class FileLists:
    """The port's LedgerLists, of accounts alone."""

    lists = frozenset({LedgerList.ACCOUNTS})

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    def company(self) -> LedgerCompany:
        return LedgerCompany("".join(re.findall(r'^option "title" "(.*)"', self._read(), re.MULTILINE)))

    def chart(self) -> Iterator[LedgerAccount]:
        text = self._read()
        closed = re.findall(r"^\S+ close (\S+)", text, re.MULTILINE)
        for name, code, _ in OPEN.findall(text):
            yield LedgerAccount(code, code, name, active=name not in closed, postable=True)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise Rejected(LIST_NOT_OFFERED.told(what="tags, tax codes or vendors"))

    dimension_values = tax_codes = suppliers = ensure_supplier = _refuse

"""Where the file is, and what checks it."""

from typing import Annotated, Literal

from pydantic import Field

from pleo_export.accounting.settings import AccountingSettings


class FileLedgerSettings(AccountingSettings):
    """The file is `<folder>/<journal>.beancount`. `check` is a command that is given a copy with the new entries, such
    as bean-check: what it prints when it fails is why they are refused."""

    name: Literal["file-ledger"]
    folder: str
    journal: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "ledger"
    check: str | None = None

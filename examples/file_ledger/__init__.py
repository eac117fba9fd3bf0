"""A ledger in a plain-text file (beancount's syntax): the smallest connector, to copy from. See docs/connector.md."""

from typing import Annotated, Literal

from pydantic import Field

from pleo_export.accounting.descriptor import AccountingSettings, Connector


class FileLedgerSettings(AccountingSettings):
    """The file is `<folder>/<journal>.beancount`. `check` is a command that is given a copy with the new entries, such
    as bean-check: what it prints when it fails is why they are refused."""

    name: Literal["file-ledger"]
    folder: str
    journal: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "ledger"
    check: str | None = None


CONNECTOR = Connector("file-ledger", "File ledger", FileLedgerSettings, (), f"{__name__}.connector")

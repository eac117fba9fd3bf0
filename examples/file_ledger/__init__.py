"""A ledger in a plain-text file (beancount's syntax): the smallest connector, to copy from. See docs/connector.md."""

from pleo_export.accounting.descriptor import Connector

CONNECTOR = Connector(
    name="file-ledger",
    title="File ledger",
    settings_name=f"{__name__}.settings:FileLedgerSettings",
    credentials=(),
    module=f"{__name__}.connector",
)

"""At night: see whether the ledgers still take what settings and Pleo use. See sync/check_mapping.py."""

from pleo_export.services.handler import schedule_handler
from pleo_export.sync.check_mapping import check_mappings

handler = schedule_handler(check_mappings)

"""At night: see whether the ledgers still take what settings and Pleo use. See sync/check_mapping.py."""

from pleo_export.services.handler import state_handler
from pleo_export.services.messages import MappingCheck
from pleo_export.sync.check_mapping import check_mappings

handler = state_handler(MappingCheck, check_mappings)

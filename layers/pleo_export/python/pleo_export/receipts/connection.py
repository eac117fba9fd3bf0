"""Connections to public addresses only: a name on the list must not lead into a private network.

The address is that of the connected socket, checked before anything is sent; so a name that resolves to another address
from one moment to the next (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from pleo_export.receipts.hosts import PrivateAddress


def is_public(address: str) -> bool:
    """Whether the address is reached over the internet: not loopback, private, link-local or multicast."""
    ip = ip_address(address.partition("%")[0])
    return ip.is_global and not ip.is_multicast


class _Connection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        if not is_public(connected.getpeername()[0]):
            connected.close()
            raise PrivateAddress
        return connected


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class PublicAddresses(HTTPAdapter):
    """An adapter for https that connects to public addresses only. Its connections raise PrivateAddress."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Make a pool manager that can connect over https only."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"https": _Pool}

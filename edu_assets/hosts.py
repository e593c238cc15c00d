"""Whether a host is this machine: off it, data travels encrypted.

Belongs here: that one question, which network.py and warehouse/ ask. Does not belong here: what follows from
the answer.
"""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host name or address is the loopback of this machine; no name is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

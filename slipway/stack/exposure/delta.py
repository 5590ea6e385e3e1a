"""What one recorded graph makes possible that another does not."""

from collections.abc import Mapping

from slipway.stack.exposure.acls import acls
from slipway.stack.exposure.balancers import balancers
from slipway.stack.exposure.encryption import encryption
from slipway.stack.exposure.finding import Exposed, ordered
from slipway.stack.exposure.firewall import firewall
from slipway.stack.exposure.permissions import permissions
from slipway.stack.exposure.public import public
from slipway.stack.exposure.reach import reach
from slipway.stack.exposure.requests import requests
from slipway.stack.exposure.tls import tls
from slipway.stack.exposure.view import View
from slipway.stack.graph import Graph

_CHECKS = (reach, acls, balancers, permissions, encryption, tls, public, requests, firewall)


def delta(
    base: Graph, head: Graph, renamed: Mapping[str, str] | None = None
) -> tuple[Exposed, ...]:
    """What a change opens and what it closes, the gravest first.

    `renamed` maps URNs of `base` to those of `head`, for resources that only have another name.
    """
    views = View(base, dict(renamed or {})), View(head)
    return ordered(finding for check in _CHECKS for finding in check(*views))

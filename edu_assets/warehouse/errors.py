"""Why a warehouse cannot be used: out of reach, or refused."""

from __future__ import annotations

from typing import ClassVar

import psycopg

from edu_assets.errors import EduError, Exit


class WarehouseUnreachable(EduError, psycopg.OperationalError):
    """No PostgreSQL answers. Also an OperationalError, so that loaders retry it like any lost connection."""

    exit_code: ClassVar[Exit] = Exit.UNREACHABLE


class WarehouseRefused(EduError):
    """The server could be used, but not so: foreign data, unsafe transport, missing rights."""

    exit_code: ClassVar[Exit] = Exit.REFUSED

"""The PostgreSQL server under everything: embedded or yours, its roles, schemas and connections.

Belongs here: what must be true of a server before the first table. Does not belong here: tables; the
owners of the schemas make them (raw_zone/, dbt_project/). Sections 7 and 8 of the design.
"""

from edu_assets.warehouse.errors import WarehouseRefused, WarehouseUnreachable
from edu_assets.warehouse.handle import DatabaseStatus, ServerStatus, Warehouse
from edu_assets.warehouse.roles import Role

__all__ = [
    "DatabaseStatus",
    "Role",
    "ServerStatus",
    "Warehouse",
    "WarehouseRefused",
    "WarehouseUnreachable",
]

"""API keys: names, scopes and digests of the secrets."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, or_, select, update

from badbuzz.errors import StoreError, UnknownError
from badbuzz.store.engine import DatabaseAccess
from badbuzz.store.feedback import add_audit_entry
from badbuzz.store.model import ApiKey, AuditEntry
from badbuzz.store.schema import keys

_OPERATOR: Final = "operator"
"""Author of audit entries about keys: whoever has access to the database."""


class ApiKeyStore(DatabaseAccess):
    """Table of API keys; it has digests, not secrets."""

    def add_key(
        self, name: str, scopes: frozenset[str], digest: bytes, prefix: str, at_ms: int
    ) -> ApiKey:
        """Add a key.

        Parameters
        ----------
        name
            Name of the key, never used before: the audit refers to keys by name.
        digest
            SHA-256 digest of the whole secret.
        prefix
            Part of the secret by which the key is found.

        Raises
        ------
        StoreError
            If the name or the prefix was used before.
        """
        key = ApiKey(name, scopes, at_ms, None, prefix)
        granted = " ".join(sorted(scopes))
        taken = select(keys.c.name).where(or_(keys.c.name == name, keys.c.prefix == prefix))
        with self._write() as connection:
            if connection.execute(taken).first() is not None:
                raise StoreError(f"the key name {name} was used before; choose another name")
            connection.execute(
                keys.insert().values(
                    name=name,
                    scopes=granted,
                    digest=digest,
                    prefix=prefix,
                    made_ms=at_ms,
                    revoked_ms=None,
                )
            )
            add_audit_entry(connection, AuditEntry(at_ms, _OPERATOR, "add_key", name, granted))
        return key

    def key(self, prefix: str) -> tuple[ApiKey, bytes] | None:
        """Return the key of a prefix and the digest of its secret; None if there is none."""
        with self._read() as connection:
            row = connection.execute(select(keys).where(keys.c.prefix == prefix)).first()
        return None if row is None else (_key(row), row.digest)

    def keys(self) -> list[ApiKey]:
        """Return all keys, including revoked ones, by name."""
        with self._read() as connection:
            return [_key(row) for row in connection.execute(select(keys).order_by(keys.c.name))]

    def revoke_key(self, name: str, at_ms: int) -> ApiKey:
        """Revoke a key; a revoked key keeps its time of revocation.

        Raises
        ------
        UnknownError
            If the key does not exist.
        """
        valid = update(keys).where(keys.c.name == name, keys.c.revoked_ms.is_(None))
        with self._write() as connection:
            if connection.execute(valid.values(revoked_ms=at_ms)).rowcount:
                add_audit_entry(connection, AuditEntry(at_ms, _OPERATOR, "revoke_key", name, ""))
            row = connection.execute(select(keys).where(keys.c.name == name)).first()
            if row is None:
                raise UnknownError(f"there is no key {name}; check its name")
            return _key(row)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(row.name, frozenset(row.scopes.split()), row.made_ms, row.revoked_ms, row.prefix)

"""API keys: whose they are, what they may, and a digest that tells the secret from others."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, or_, select, update

from badbuzz.errors import StoreError, UnknownError
from badbuzz.store.engine import Connected
from badbuzz.store.feedback import note
from badbuzz.store.model import ApiKey, AuditEntry
from badbuzz.store.schema import keys

_OPERATOR: Final = "operator"
"""Who makes and revokes keys: whoever reaches the database."""


class Keys(Connected):
    """API keys; their secrets are never here."""

    def add_key(
        self, name: str, scopes: frozenset[str], digest: bytes, prefix: str, at_ms: int
    ) -> ApiKey:
        """Keep a new key.

        Parameters
        ----------
        name
            Whose it is; never used before, as what was done with a key bears its name.
        digest
            SHA-256 of the whole secret.
        prefix
            The part of the secret by which it is found.

        Raises
        ------
        StoreError
            When there is, or was, a key of that name or prefix.
        """
        key = ApiKey(name, scopes, at_ms, None, prefix)
        taken = select(keys.c.name).where(or_(keys.c.name == name, keys.c.prefix == prefix))
        with self._writing() as connection:
            if connection.execute(taken).first() is not None:
                raise StoreError(f"there is a key {name} already, or was; choose another name")
            connection.execute(
                keys.insert().values(
                    name=name,
                    scopes=" ".join(sorted(scopes)),
                    digest=digest,
                    prefix=prefix,
                    made_ms=at_ms,
                    revoked_ms=None,
                )
            )
            detail = " ".join(sorted(scopes))
            note(connection, AuditEntry(at_ms, _OPERATOR, "add_key", name, detail))
        return key

    def key(self, prefix: str) -> tuple[ApiKey, bytes] | None:
        """The key of a prefix and the digest of its secret; None when there is none."""
        with self._reading() as connection:
            row = connection.execute(select(keys).where(keys.c.prefix == prefix)).first()
        return None if row is None else (_key(row), row.digest)

    def keys(self) -> list[ApiKey]:
        """Every key that was ever made, by name."""
        with self._reading() as connection:
            return [_key(row) for row in connection.execute(select(keys).order_by(keys.c.name))]

    def revoke_key(self, name: str, at_ms: int) -> ApiKey:
        """End a key; one that is revoked stays so since then.

        Raises
        ------
        UnknownError
            When there is no such key.
        """
        good = update(keys).where(keys.c.name == name, keys.c.revoked_ms.is_(None))
        with self._writing() as connection:
            if connection.execute(good.values(revoked_ms=at_ms)).rowcount:
                note(connection, AuditEntry(at_ms, _OPERATOR, "revoke_key", name, ""))
            row = connection.execute(select(keys).where(keys.c.name == name)).first()
            if row is None:
                raise UnknownError(f"there is no key {name}; check its name")
            return _key(row)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(row.name, frozenset(row.scopes.split()), row.made_ms, row.revoked_ms, row.prefix)

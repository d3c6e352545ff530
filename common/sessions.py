"""Sessions in the database (decisions.md: sign-in never depends on Valkey), for keys that we gave out."""

import hashlib

from django.contrib.sessions.backends import db

# In the words of the index of migration common.0003; our keys are letters and digits alone.
DIGEST_SQL = "encode(sha256(session_key::bytea), 'hex')"


def digest_of(session_key: str) -> str:
    """Return what tells a session from all others, and is no way into it."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(db.SessionStore):
    """Django's, except that a cookie which cannot be a key is no session instead of a failing query."""

    def _validate_session_key(self, key: str | None) -> bool:
        """Keys are made of letters and digits; PostgreSQL cannot even be asked for a NUL."""
        return bool(super()._validate_session_key(key)) and len(key) <= 40 and key.isascii() and key.isalnum()

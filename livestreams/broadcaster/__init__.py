"""The process that turns acknowledged chunks into a picture everybody can watch (live.md 3–5)."""

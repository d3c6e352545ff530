from tests.common.away import valkey_away

__all__ = ["valkey_away"]

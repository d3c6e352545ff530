from tests.factories.sandbox import market_online, sandbox, sandbox_process

__all__ = ["market_online", "sandbox", "sandbox_process"]

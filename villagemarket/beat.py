"""What repeats by the clock. One line a task; each app provides the task of that name.

Every entry is a sweep that finds its own work in the database: a missed or doubled tick does no harm.
"""

from datetime import timedelta


def _every(task: str, queue: str = "fast", **period: float) -> dict:
    interval = timedelta(**period)
    # A tick that nobody took before the next one is due is worth nothing.
    return {
        "task": task,
        "schedule": interval,
        "options": {"queue": queue, "expires": max(interval.total_seconds(), 2)},
    }


BEAT_SCHEDULE = {
    entry["task"]: entry
    for entry in (
        _every("common.sweep_outbox", seconds=5),
        _every("livestreams.watch_interruptions", seconds=2),
        _every("livestreams.watch_deals", seconds=1),
        _every("livestreams.keep_recordings", queue="default", minutes=5),
        _every("orders.expire_unpaid", seconds=15),
        _every("payments.poll_pending", seconds=30),
        _every("payments.fetch_bills", queue="default", minutes=30),
        _every("orders.expire_coupons", queue="default", minutes=5),
        _every("orders.auto_receive", queue="default", minutes=5),
        _every("orders.ask_about_parcels", queue="default", minutes=10),
        _every("orders.tell_late_parcels", queue="default", hours=1),
        _every("orders.settle_due_cases", queue="default", minutes=5),
        _every("livestreams.remind", seconds=20),
        _every("orders.reconcile_stock", queue="default", minutes=10),
        _every("orders.reconcile_scores", queue="default", hours=1),
        _every("ledger.seal", queue="default", seconds=10),
        _every("backoffice.reconcile", queue="default", minutes=30),
        _every("payouts.follow_transfers", queue="default", minutes=1),
        _every("payouts.watch_paid", queue="default", minutes=30),
        _every("payouts.close_due_periods", queue="default", minutes=10),
        _every("shops.forget_originals", queue="default", hours=6),
    )
}

"""Compare the scores of products and shops with their visible reviews, and report (rules.md 15)."""

from datetime import datetime

from orders.services.reconciling import Discrepancy, report_found, run_checks

ACTION = "orders.score_discrepancy"

COUNTED = """
    SELECT t.id, t.{counter}, COALESCE(r.expected, 0)
    FROM {table} t
    LEFT JOIN (SELECT {key}, {sum} AS expected FROM orders_review WHERE status = 'visible' GROUP BY 1) r
      ON r.{key} = t.id
    WHERE t.{counter} <> COALESCE(r.expected, 0)
"""


def _counted(table: str, key: str, counter: str) -> str:
    total = "COUNT(*)" if counter == "review_count" else "SUM(score)"
    return COUNTED.format(table=table, key=key, counter=counter, sum=total)


CHECKS = {
    "product_review_count": ("product", _counted("shops_product", "product_id", "review_count")),
    "product_review_stars": ("product", _counted("shops_product", "product_id", "review_stars")),
    "shop_review_count": ("shop", _counted("shops_shop", "shop_id", "review_count")),
    "shop_review_stars": ("shop", _counted("shops_shop", "shop_id", "review_stars")),
    "review_photo_count": (
        "review",
        """
        SELECT v.id, v.photo_count, COALESCE(p.photos, 0)
        FROM orders_review v
        LEFT JOIN (SELECT review_id, COUNT(*) AS photos FROM orders_reviewphoto GROUP BY 1) p
          ON p.review_id = v.id
        WHERE v.photo_count <> COALESCE(p.photos, 0)
        """,
    ),
}


def find_score_discrepancies() -> list[Discrepancy]:
    """Return every score that is not what its visible reviews come to."""
    return run_checks(CHECKS)


def report_scores(*, now: datetime) -> int:
    """Log what does not agree and note it in the audit trail, once a day each; return how many there are."""
    return report_found(find_score_discrepancies(), action=ACTION, now=now)

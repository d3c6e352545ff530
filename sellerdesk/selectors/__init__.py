"""Reads that join several apps for the desk's pages."""

from sellerdesk.selectors.show_report import ShowReport, show_report
from sellerdesk.selectors.today import next_session, orders_to_ship, sales_by_day

__all__ = ["ShowReport", "next_session", "orders_to_ship", "sales_by_day", "show_report"]

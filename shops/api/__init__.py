"""Doors of goods, people and freight in the API (api.md)."""

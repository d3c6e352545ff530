"""Statements on paper: amounts in words, fonts, and the sheet itself as PDF."""

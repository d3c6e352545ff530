"""A payment provider for demos and tests: another company's server, which knows nothing of the market.

It takes no real money. Its own keys, its own book, its own pay page; it reports by signed callbacks.
"""

"""Alipay and WeChat Pay as tests meet them: a process of its own with its own keys, book and wire formats.

It shares no code with the market or with the libraries the market uses, so that both must agree on the wire.
"""

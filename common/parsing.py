"""Bodies of API requests: always UTF-8 (api.md), and never a stack trace for a hostile one."""

from rest_framework import parsers
from rest_framework.exceptions import ParseError

ENCODING = "utf-8"


class MarketJSONParser(parsers.JSONParser):
    """JSON; a body nested so deeply that Python gives up is malformed, not our failure."""

    def parse(self, stream, media_type=None, parser_context=None):
        """Return what the body says; ParseError for anything else."""
        try:
            return super().parse(stream, media_type, {**(parser_context or {}), "encoding": ENCODING})
        except RecursionError as error:
            raise ParseError() from error


class MarketMultiPartParser(parsers.MultiPartParser):
    """Forms with files; the charset that a client names could be any codec of Python's."""

    def parse(self, stream, media_type=None, parser_context=None):
        """Return fields and files; ParseError for anything else."""
        return super().parse(stream, media_type, {**(parser_context or {}), "encoding": ENCODING})

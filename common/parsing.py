"""Bodies of API requests: UTF-8 of a bounded size (api.md), and never a stack trace for a hostile one."""

import json
from typing import Any

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.utils.json import strict_constant

from common.errors import BodyTooLarge

ENCODING = "utf-8"
# Made once: json.loads makes a decoder at each call.
_decode = json.JSONDecoder(parse_constant=strict_constant).decode


def parse_json(raw: bytes) -> Any:
    """Return what a body of a size that was looked at says; ParseError for what is no JSON."""
    try:
        text = raw.decode(ENCODING)
        content = _decode(text)
        if "\\u" in text:
            # Half of a surrogate pair can be neither stored nor told back in an error.
            json.dumps(content, ensure_ascii=False).encode(ENCODING)
    except (ValueError, RecursionError) as error:
        raise ParseError() from error
    return content


class MarketJSONParser(parsers.JSONParser):
    """JSON as the standard has it: no NaN, no half characters, nothing nested without end."""

    def parse(self, stream, media_type=None, parser_context=None):
        """Return what the body says; ParseError for what is no JSON, BodyTooLarge above the cap."""
        # Parsed, JSON takes up to fifty times its size in memory.
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise BodyTooLarge()
        return parse_json(raw)


class MarketMultiPartParser(parsers.MultiPartParser):
    """Forms with files; the charset that a client names could be any codec of Python's."""

    def parse(self, stream, media_type=None, parser_context=None):
        """Return fields and files; ParseError for anything else."""
        return super().parse(stream, media_type, {**(parser_context or {}), "encoding": ENCODING})

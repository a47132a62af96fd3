"""Reading HTTP/1.1 requests out of a stream, with the target kept byte for byte."""

from typing import Final

from gatectl.simulator.web import Request

HEAD_BYTES_MAX: Final = 32_768
BODY_BYTES_MAX: Final = 65_536


class BadRequestError(ValueError):
    """The bytes are not a request that this gateway reads; the connection ends."""


def take_request(buffer: bytearray) -> Request | None:
    """Take one whole request off the front of the buffer; None while it is incomplete."""
    head_end = buffer.find(b"\r\n\r\n")
    if head_end < 0:
        if len(buffer) > HEAD_BYTES_MAX:
            raise BadRequestError("the head of the request is too long")
        return None
    lines = bytes(buffer[:head_end]).decode("latin-1").split("\r\n")
    method, target = _request_line(lines[0])
    headers = dict(_header(line) for line in lines[1:])
    body_start = head_end + 4
    body_end = body_start + _body_length(headers)
    if len(buffer) < body_end:
        return None
    body = bytes(buffer[body_start:body_end])
    del buffer[:body_end]
    return Request(method=method, target=target, headers=headers, body=body)


def _request_line(line: str) -> tuple[str, str]:
    method, _, rest = line.partition(" ")
    target, _, version = rest.rpartition(" ")
    if not (method.isalpha() and target and version in ("HTTP/1.1", "HTTP/1.0")):
        raise BadRequestError("not an HTTP request line")
    return method, target


def _header(line: str) -> tuple[str, str]:
    name, separator, value = line.partition(":")
    if not separator:
        raise BadRequestError("a header line without a colon")
    return name.strip().lower(), value.strip()


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequestError("chunked bodies are not read here")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or int(length) > BODY_BYTES_MAX:
        raise BadRequestError("the body is too long, or its length is no number")
    return int(length)

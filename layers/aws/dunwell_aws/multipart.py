"""Forms with files as browsers send them (RFC 7578): parts between boundaries, each with a name."""

import re

MULTIPART_TYPE = "multipart/form-data"
_MOST_PARTS = 100
_MOST_HEADER_BYTES = 2_000
# Browsers write what they send between quotes, in UTF-8, and a quote in it as %22; other clients escape it.
_DISPOSITION = re.compile(r"^content-disposition:[ \t]*form-data(;[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(r';[ \t]*(name|filename)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)


def read_multipart(content_type: str, body: bytes) -> tuple[dict[str, list[str]], dict[str, list[tuple[str, bytes]]]]:
    """The fields of a form, and its files: their names as the browser gives them, and contents; by field.

    A file field in which nothing was chosen has no file.

    Raises:
        ValueError: it is not such a form, is cut off, or has too many parts.
    """
    found = _BOUNDARY.search(content_type)
    if not found:
        raise ValueError("no boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + (found[1] or found[2]).encode("ascii"), _MOST_PARTS + 1)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("cut off, or too many parts")
    fields: dict[str, list[str]] = {}
    files: dict[str, list[tuple[str, bytes]]] = {}
    for piece in pieces[1:-1]:
        name, file_name, content = _part(piece)
        if file_name is None:
            fields.setdefault(name, []).append(content.decode())
        elif file_name or content:
            files.setdefault(name, []).append((file_name, content))
    return fields, files


def _part(piece: bytes) -> tuple[str, str | None, bytes]:
    """A part's name, its file's name (None when it is no file), and its content."""
    header, gap, content = piece.partition(b"\r\n\r\n")
    if not gap or not header.startswith(b"\r\n") or len(header) > _MOST_HEADER_BYTES:
        raise ValueError("a part without headers")
    found = _DISPOSITION.search(header[2:].decode())
    parameters = {
        name.lower(): value.replace('\\"', '"') for name, value in _PARAMETER.findall(found[1] if found else "")
    }
    if "name" not in parameters:
        raise ValueError("a part without a name")
    return parameters["name"], parameters.get("filename"), content

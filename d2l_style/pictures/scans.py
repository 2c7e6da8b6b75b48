"""How many scans a JPEG has, which nothing else says before it is decoded.

A progressive JPEG is drawn in some 10 of them. Each goes over the whole
picture, however few bytes it has: thousands fit into a small file.
"""

import re

_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # no data, no restart
_SCAN, _END, _ALONE = b"\xda", b"\xd9", b"\x01\xd8"
_BLOCK = 2**20  # bytes


def scans(file, at_most):
    """Return how many scans the JPEG in a binary file has.

    Counting ends above ``at_most`` and at the picture's end; phones put
    films behind it.
    """
    found, at = 0, 0
    while True:
        file.seek(at)
        block = file.read(_BLOCK)
        here = 0
        while (marker := _MARKER.search(block, here)) and (
            marker.end() + 2 <= len(block)
        ):
            found += marker[1] == _SCAN
            if marker[1] == _END or found > at_most:
                return found
            here = marker.end()
            if marker[1] not in _ALONE:  # over what belongs to it
                here += int.from_bytes(block[here : here + 2], "big")
        if len(block) < _BLOCK:
            return found
        at += marker.start() if marker else max(here, len(block) - 1)

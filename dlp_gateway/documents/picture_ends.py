"""Where a picture ends: what stands behind is no part of it, and is read as a file of its own.

GIF89a; TIFF 6.0; Windows bitmaps and icons; Photoshop; RIFF (WebP); ISO base media (HEIC,
ISO/IEC 14496-12); JPEG (ISO/IEC 10918-1, annex B). All walk the structure and
decode nothing; they raise ``struct.error``, ``IndexError`` or ``ValueError`` where there is none.
"""

from __future__ import annotations

import re
import struct

_PNG = b"\x89PNG\r\n\x1a\n"
# Extensions that every animated or colour-managed GIF has; XMP is read by itself.
_GIF_USUAL = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012", b"XMP DataXMP")
_JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # in a scan: no stuffed zero, restart or fill byte
# Data and its size: strips, tiles, JPEG thumbnails, the image and the alpha plane of JPEG XR.
_TIFF_DATA = ((273, 279), (324, 325), (513, 514), (0xBCC0, 0xBCC1), (0xBCC2, 0xBCC3))
_TIFF_FOLDERS = (330, 0x8769, 0x8825, 0xA005)
_TIFF_NUMBERS = frozenset({*_TIFF_FOLDERS, *(tag for pair in _TIFF_DATA for tag in pair)})
_TIFF_WIDTHS = {2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MOST_TAGS = 100_000
_MOST_NOTES = 500
_JPEG_ALONE = {0x01, *range(0xD0, 0xD9)}


def gif(content: bytes) -> tuple[int, list[tuple[bool, bytes]]]:
    """Return the end of a GIF, and its comments (True) and other extensions (False), each put together."""
    said: list[tuple[bool, bytes]] = []
    position = 13 + _colours(content[10])
    while position < len(content):
        mark = content[position]
        if mark == 0x3B:
            return position + 1, said
        if mark == 0x2C:
            position, _ = _sub_blocks(content, position + 11 + _colours(content[position + 9]))
        elif mark == 0x21:
            label = content[position + 1]
            position, body = _sub_blocks(content, position + 2)
            if label != 0xF9 and not body.startswith(_GIF_USUAL):
                said.append((label == 0xFE, body))
        elif mark == 0:
            position += 1
        else:
            return position, said
    return len(content), said


def camera_notes(tail: bytes) -> tuple[bytes, list[bytes]]:
    """Return what stands behind a JPEG in front of the notes of a Samsung camera, and the notes.

    They end in a directory, ``SEFH`` with a version, the number of notes and for each its type, where it begins
    before the directory and its size, then the size of it all and ``SEFT`` (as ExifTool describes it). A note is its
    type, its name behind the size of that, and its content. Notes that leave out a byte of what they span, or that
    are broken, are none.
    """
    whole = (tail, list[bytes]())
    if tail[-4:] != b"SEFT" or len(tail) < 20:
        return whole
    size = struct.unpack_from("<I", tail, len(tail) - 8)[0]
    head = len(tail) - 8 - size
    if head < 0 or tail[head : head + 4] != b"SEFH":
        return whole
    count = struct.unpack_from("<I", tail, head + 8)[0]
    if size != 12 + 12 * count or count > _MOST_NOTES:
        return whole
    found = [struct.unpack_from("<4xII", tail, head + 12 + 12 * number) for number in range(count)]
    spans = sorted((head - back, head - back + length) for back, length in found)
    ends = [start for start, _ in spans[1:]] + [head]
    if not spans or spans[0][0] < 0 or [stop for _, stop in spans] != ends:
        return whole
    notes = list[bytes]()
    for start, stop in spans:
        named = struct.unpack_from("<I", tail, start + 4)[0] if stop - start >= 8 else 0
        notes += [note for note in (tail[start + 8 : start + 8 + named], tail[start + 8 + named : stop]) if note]
    return tail[: spans[0][0]], notes


def _colours(flags: int) -> int:
    """The size of the colour table that follows."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(content: bytes, position: int) -> tuple[int, bytes]:
    pieces = []
    while position < len(content) and (size := content[position]):
        pieces.append(content[position + 1 : position + 1 + size])
        position += 1 + size
    return position + 1, b"".join(pieces)


def bitmap(content: bytes) -> tuple[int, int, int]:
    """Return the end of a Windows or OS/2 bitmap, its width and its height."""
    offset, header = struct.unpack_from("<II", content, 10)
    if header == 12:
        width, height, _, bits = struct.unpack_from("<4H", content, 18)
        compression = stored = 0
    else:
        width, height, _, bits, compression, stored = struct.unpack_from("<iiHHII", content, 18)
    width, height = abs(width), abs(height)
    plain = (width * bits + 31) // 32 * 4 * height
    end = max(14 + header, offset) + (plain if compression in (0, 3, 6) else stored)
    if header == 124:
        profile, size = struct.unpack_from("<II", content, 14 + 112)
        end = max(end, 14 + profile + size if size else 0)
    return end, width, height


def icon(content: bytes) -> tuple[int, list[bytes]]:
    """Return the end of an icon and the images in it: PNG files, or bitmaps without their first 14 bytes."""
    count = struct.unpack_from("<H", content, 4)[0]
    images = []
    end = directory = 6 + 16 * count
    for number in range(count):
        size, offset = struct.unpack_from("<II", content, 6 + 16 * number + 8)
        image = content[offset : offset + size]
        if offset < directory or len(image) < size or not image.startswith((_PNG, b"\x28\0\0\0")):
            raise ValueError("no image")
        end = max(end, offset + size)
        images.append(image)
    if not images:
        raise ValueError("no images")
    return end, images


def photoshop(content: bytes) -> int:
    """Return the end of a Photoshop file (version 1), as far as its packing tells it."""
    channels, height, width, depth = struct.unpack_from(">HIIH", content, 12)
    position = 26
    for _ in range(3):
        position += 4 + struct.unpack_from(">I", content, position)[0]
    packing = struct.unpack_from(">H", content, position)[0]
    rows: int = channels * height
    if packing == 0:
        return int(position + 2 + rows * ((width * depth + 7) // 8))
    if packing == 1 and position + 2 + 2 * rows <= len(content):
        return int(position + 2 + 2 * rows + sum(struct.unpack_from(f">{rows}H", content, position + 2)))
    return len(content)


def tiff(content: bytes) -> int:
    """Return the end of a TIFF or JPEG XR file: the furthest octet that a directory refers to.

    Where the directories leave the file, are too many, or are those of BigTIFF, all of it counts as the picture.
    """
    order = "<" if content[:2] == b"II" else ">"
    end, waiting, seen, total = 8, [struct.unpack_from(f"{order}I", content, 4)[0]], set(), 0
    while waiting:
        offset = waiting.pop()
        if not offset or offset in seen:
            continue
        seen.add(offset)
        numbers: dict[int, list[int]] = {}
        count = struct.unpack_from(f"{order}H", content, offset)[0] if offset + 2 <= len(content) else 0
        after = offset + 2 + 12 * count
        total += count
        if content[2:4] in (b"+\0", b"\0+") or not count or after > len(content) or total > _MOST_TAGS:
            return len(content)
        for at in range(offset + 2, after, 12):
            tag, kind, number, value = struct.unpack_from(f"{order}HHII", content, at)
            size = number * _TIFF_WIDTHS.get(kind, 1)
            start = at + 8 if size <= 4 else value
            end = max(end, int(start + size))
            if end > len(content):
                return end
            if tag in _TIFF_NUMBERS and kind in (3, 4, 13):
                total += number
                if total > _MOST_TAGS:
                    return len(content)
                numbers[tag] = list(struct.unpack_from(f"{order}{number}{'H' if kind == 3 else 'I'}", content, start))
        for starts, sizes in _TIFF_DATA:
            pairs = zip(numbers.get(starts, ()), numbers.get(sizes, ()), strict=False)
            end = max(end, *(start + size for start, size in pairs), 0)
        for folder in _TIFF_FOLDERS:
            waiting += numbers.get(folder, ())
        waiting.append(struct.unpack_from(f"{order}I", content, after)[0] if after + 4 <= len(content) else 0)
        end = max(end, after + 4)
    return end


def iso_media(content: bytes) -> int:
    """Return where the boxes of an ISO base media file end."""
    position = 0
    while position + 8 <= len(content):
        size = struct.unpack_from(">I", content, position)[0]
        if size == 1:
            size = struct.unpack_from(">Q", content, position + 8)[0]
        elif size == 0:
            return len(content)
        if size < 8 or position + size > len(content):
            break
        position += size
    if not position:
        raise ValueError("no boxes")
    return position


def jpeg_scan(content: bytes, position: int) -> int:
    """Return where the next marker stands behind the start of a scan."""
    match = _JPEG_MARKER.search(content, position)
    return match.start() if match else len(content)


def jpeg_alone(marker: int) -> bool:
    """Whether a JPEG marker stands alone, without a size and a segment."""
    return marker in _JPEG_ALONE

# SPDX-License-Identifier: LGPL-2.1-or-later
"""PNG, JPEG and .npy files with Python's own library, so that nothing of ours reads what ours wrote."""

import ast
import struct
import zlib

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB = 0, 2  # PNG colour types


def _chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def write_png(path, width, height, pixel):
    """An RGB picture: `pixel(x, y)` gives the 3 bytes. Without one only the first row is there."""
    rows = b"".join(b"\0" + bytes(v for x in range(width) for v in pixel(x, y))
                    for y in range(height)) if pixel else bytes(1 + 3 * width)
    with open(path, "wb") as file:
        file.write(PNG_SIGNATURE)
        file.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, RGB, 0, 0, 0)))
        file.write(_chunk(b"IDAT", zlib.compress(rows)))
        file.write(_chunk(b"IEND", b""))


def _unfilter(kind, row, above, step):
    for i in range(len(row)):
        left = row[i - step] if i >= step else 0
        up, corner = above[i], above[i - step] if i >= step else 0
        if kind == 1:
            row[i] = row[i] + left & 255
        elif kind == 2:
            row[i] = row[i] + up & 255
        elif kind == 3:
            row[i] = row[i] + (left + up) // 2 & 255
        elif kind == 4:
            near = min((abs(up - corner), 0, left), (abs(left - corner), 1, up),
                       (abs(left + up - 2 * corner), 2, corner))
            row[i] = row[i] + near[2] & 255


def read_png(path):
    """Width, height, colour type, and the pixels' bytes, of an 8-bit grey or RGB picture."""
    with open(path, "rb") as file:
        data = file.read()
    assert data.startswith(PNG_SIGNATURE), "no PNG"
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert depth == 8 and color in (GREY, RGB) and not interlace
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    step = 3 if color == RGB else 1
    raw, above, pixels = zlib.decompress(packed), bytearray(width * step), bytearray()
    for y in range(height):
        start = y * (width * step + 1)
        row = bytearray(raw[start + 1:start + 1 + width * step])
        _unfilter(raw[start], row, above, step)
        pixels += row
        above = row
    return width, height, color, bytes(pixels)


def _segment(marker, body):
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _exif(orientation):
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    return _segment(0xE1, b"Exif\0\0" + tiff)


def write_jpeg(path, blocks, orientation=None):
    """A grey picture of blocks of 8x8 pixels, rows of their values, which decoders give back to the bit. With an
    orientation it has that EXIF tag."""
    # Of coefficients only the first is not 0, so that all Huffman codes may be as long: 4 bits for how many bits the
    # difference of two blocks has, and one for the end of a block.
    table = bytes([0, 0, 0, 12] + [0] * 12 + list(range(12))), bytes([1] + [0] * 15 + [0])
    bits, last = "", 0
    for value in (value for row in blocks for value in row):
        difference = (value - 128) - last
        size = abs(difference).bit_length()
        code = difference if difference >= 0 else difference + (1 << size) - 1
        bits += f"{size:04b}" + (f"{code:0{size}b}" if size else "") + "0"
        last = value - 128
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    with open(path, "wb") as file:
        file.write(b"\xff\xd8" + (b"" if orientation is None else _exif(orientation)))
        file.write(_segment(0xDB, bytes([0] + [8] * 64)))
        file.write(_segment(0xC0, struct.pack(">BHHB", 8, 8 * len(blocks), 8 * len(blocks[0]), 1) + bytes((1, 0x11, 0))))
        file.write(_segment(0xC4, b"\0" + table[0]) + _segment(0xC4, b"\x10" + table[1]))
        file.write(_segment(0xDA, bytes((1, 1, 0, 0, 63, 0))) + scan + b"\xff\xd9")


def write_npy(path, shape, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack(f"<{len(values)}f", *values))


def read_npy(path):
    """Shape and values of a float32 array in C order."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x93NUMPY\x01\x00", "no .npy of version 1"
    length = struct.unpack_from("<H", data, 8)[0]
    header = ast.literal_eval(data[10:10 + length].decode())
    assert header["descr"] == "<f4" and header["fortran_order"] is False
    assert (10 + length) % 64 == 0, "elements not aligned as the format wants"
    values = data[10 + length:]
    count = 1
    for dim in header["shape"]:
        count *= dim
    assert len(values) == 4 * count, "size of the elements"
    return header["shape"], struct.unpack(f"<{count}f", values)

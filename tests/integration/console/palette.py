"""Pictures of few colors: a page has few, and with a palette its picture takes a third."""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.sync_api import Page

COLORS = 224

_REDUCE = """async ([data, most]) => {
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const drawing = new OffscreenCanvas(image.width, image.height).getContext("2d");
  drawing.drawImage(image, 0, 0);
  const dots = drawing.getImageData(0, 0, image.width, image.height).data;
  const times = new Map();
  for (let at = 0; at < dots.length; at += 4) {
    const color = (dots[at] << 16) | (dots[at + 1] << 8) | dots[at + 2];
    times.set(color, (times.get(color) || 0) + 1);
  }
  const kept = [...times].sort((one, other) => other[1] - one[1] || one[0] - other[0]).slice(0, most)
    .map((each) => each[0]);
  const apart = (one, other) => Math.abs((one >> 16) - (other >> 16))
    + Math.abs(((one >> 8) & 255) - ((other >> 8) & 255)) + Math.abs((one & 255) - (other & 255));
  const nearest = new Map();
  for (const color of times.keys()) {
    let best = 0;
    for (let each = 1; each < kept.length; each++) {
      if (apart(kept[each], color) < apart(kept[best], color)) best = each;
    }
    nearest.set(color, best);
  }
  let text = "";
  for (let at = 0; at < dots.length; at += 4) {
    text += String.fromCharCode(nearest.get((dots[at] << 16) | (dots[at + 1] << 8) | dots[at + 2]));
  }
  return [image.width, image.height, kept, btoa(text)];
}"""


def reduced(page: Page, picture: bytes) -> bytes:
    """Gives a PNG with the `COLORS` that a picture has most of, each other one as the nearest of these.

    `page` is one that forbids no script of ours, such as an empty one.
    """
    asked = [base64.b64encode(picture).decode(), COLORS]
    width, height, colors, text = page.evaluate(_REDUCE, asked)
    dots = base64.b64decode(text)
    rows = b"".join(b"\0" + dots[row * width : (row + 1) * width] for row in range(height))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(color.to_bytes(3) for color in colors)),
            _chunk(b"IDAT", zlib.compress(rows, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

/** Row numbers as bytes: each is the difference from the one before as a zigzag varint, so that a neighbour takes one byte. */

export function packRids(rids: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  let last = 0;
  for (const rid of rids) {
    const step = rid - last;
    let left = step < 0 ? -step * 2 - 1 : step * 2;
    last = rid;
    while (left >= 128) {
      bytes.push((left % 128) + 128);
      left = Math.floor(left / 128);
    }
    bytes.push(left);
  }
  return Uint8Array.from(bytes);
}

export function unpackRids(bytes: Uint8Array): number[] {
  const rids: number[] = [];
  let last = 0;
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 127) * scale;
    if (byte >= 128) {
      scale *= 128;
      continue;
    }
    last += value % 2 === 1 ? -(value + 1) / 2 : value / 2;
    rids.push(last);
    value = 0;
    scale = 1;
  }
  return rids;
}

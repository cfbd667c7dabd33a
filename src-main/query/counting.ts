/** How often each code occurs among the rows of a mask. */
import type { Bits } from './bits.ts';

/** below this share of rows the set bits are visited one by one, above it every row of a word is added, 0 or 1 */
const DENSE = 0.3;
/** Up to so many codes four counters each are kept: nine in ten rows have the same state, and each count would wait for the one before. */
const FEW = 4096;

export function countCodes(
  codes: Uint16Array | Uint32Array,
  mask: Bits,
  rows: number,
  values: number,
): Uint32Array<ArrayBuffer> {
  const counts = new Uint32Array(values);
  const dense = rows > mask.length * 32 * DENSE;
  if (codes instanceof Uint16Array) {
    if (dense && values <= FEW) fourfold16(codes, mask, counts);
    else if (dense) dense16(codes, mask, counts);
    else sparse16(codes, mask, counts);
  } else if (dense) dense32(codes, mask, counts);
  else sparse32(codes, mask, counts);
  return counts;
}

function fourfold16(codes: Uint16Array, mask: Bits, counts: Uint32Array): void {
  const n = counts.length;
  const four = new Uint32Array(n * 4);
  for (let w = 0; w < mask.length; w++) {
    const word = mask[w];
    if (word === 0) continue;
    for (let j = 0, r = w << 5; j < 32; j += 4, r += 4) {
      four[codes[r] << 2] += (word >>> j) & 1;
      four[(codes[r + 1] << 2) + 1] += (word >>> (j + 1)) & 1;
      four[(codes[r + 2] << 2) + 2] += (word >>> (j + 2)) & 1;
      four[(codes[r + 3] << 2) + 3] += (word >>> (j + 3)) & 1;
    }
  }
  for (let c = 0; c < n; c++) counts[c] = four[c * 4] + four[c * 4 + 1] + four[c * 4 + 2] + four[c * 4 + 3];
}

function dense16(codes: Uint16Array, mask: Bits, counts: Uint32Array): void {
  for (let w = 0; w < mask.length; w++) {
    const word = mask[w];
    if (word === 0) continue;
    for (let j = 0, r = w << 5; j < 32; j++, r++) counts[codes[r]] += (word >>> j) & 1;
  }
}

function dense32(codes: Uint32Array, mask: Bits, counts: Uint32Array): void {
  for (let w = 0; w < mask.length; w++) {
    const word = mask[w];
    if (word === 0) continue;
    for (let j = 0, r = w << 5; j < 32; j++, r++) counts[codes[r]] += (word >>> j) & 1;
  }
}

function sparse16(codes: Uint16Array, mask: Bits, counts: Uint32Array): void {
  for (let w = 0; w < mask.length; w++) {
    let word = mask[w];
    const base = w << 5;
    while (word !== 0) {
      const low = word & -word;
      word ^= low;
      counts[codes[base + 31 - Math.clz32(low)]]++;
    }
  }
}

function sparse32(codes: Uint32Array, mask: Bits, counts: Uint32Array): void {
  for (let w = 0; w < mask.length; w++) {
    let word = mask[w];
    const base = w << 5;
    while (word !== 0) {
      const low = word & -word;
      word ^= low;
      counts[codes[base + 31 - Math.clz32(low)]]++;
    }
  }
}

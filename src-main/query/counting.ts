/** How often each code occurs among the rows of a mask. */
import type { Bits } from './bits.ts';

/** below this share of rows the set bits are visited one by one, above it every row of a word is added, 0 or 1 */
const DENSE = 0.25;

export function countCodes(
  codes: Uint16Array | Uint32Array,
  mask: Bits,
  rows: number,
  values: number,
): Uint32Array<ArrayBuffer> {
  const counts = new Uint32Array(values);
  const dense = rows > mask.length * 32 * DENSE;
  if (codes instanceof Uint16Array) {
    if (dense) dense16(codes, mask, counts);
    else sparse16(codes, mask, counts);
  } else if (dense) dense32(codes, mask, counts);
  else sparse32(codes, mask, counts);
  return counts;
}

function dense16(codes: Uint16Array, mask: Bits, counts: Uint32Array): void {
  for (let w = 0; w < mask.length; w++) {
    const word = mask[w];
    if (word === 0) continue;
    const base = w << 5;
    if (word === -1) for (let j = 0; j < 32; j++) counts[codes[base + j]]++;
    else for (let j = 0; j < 32; j++) counts[codes[base + j]] += (word >>> j) & 1;
  }
}

function dense32(codes: Uint32Array, mask: Bits, counts: Uint32Array): void {
  for (let w = 0; w < mask.length; w++) {
    const word = mask[w];
    if (word === 0) continue;
    const base = w << 5;
    if (word === -1) for (let j = 0; j < 32; j++) counts[codes[base + j]]++;
    else for (let j = 0; j < 32; j++) counts[codes[base + j]] += (word >>> j) & 1;
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

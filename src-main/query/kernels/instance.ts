/** The compiled kernels over the thread's memory. Arguments are addresses, lengths and numbers; nothing checks them. */
import { memory } from './heap.ts';
import { moduleBytes } from './module.ts';

type Kernels = {
  byFew(codes: number, table: number, out: number, words: number): void;
  byCode16(codes: number, table: number, out: number, words: number): void;
  byCode32(codes: number, table: number, out: number, words: number): void;
  byBit32(refs: number, target: number, out: number, words: number): void;
  pointedAt(refs: number, from: number, words: number, out: number): void;
  byRange(values: number, from: number, to: number, out: number, words: number): void;
  byDifference(
    later: number,
    earlier: number,
    unit: number,
    from: number,
    to: number,
    out: number,
    words: number,
  ): void;
  notNaN(values: number, out: number, words: number): void;
  notZero16(codes: number, out: number, words: number): void;
  notZero32(codes: number, out: number, words: number): void;
  byName(heads: number, suffixes: number, offsets: number, table: number, out: number, words: number): void;
  markNames(heads: number, suffixes: number, offsets: number, table: number, rows: number): void;
  countFew(codes: number, mask: number, words: number, counts: number): void;
  count16(codes: number, mask: number, words: number, counts: number): void;
  count32(codes: number, mask: number, words: number, counts: number): void;
  extent(values: number, mask: number, words: number, out: number): void;
  countBuckets(
    values: number,
    codes: number,
    mask: number,
    words: number,
    from: number,
    end: number,
    step: number,
    types: number,
    counts: number,
  ): number;
  countGroups(
    codes: number,
    isWide: number,
    starts: number,
    items: number,
    states: number,
    isWideState: number,
    failed: number,
    attempts: number,
    begins: number,
    ends: number,
    mask: number,
    words: number,
    figures: number,
    span: number,
  ): void;
  rankGroups(
    rows: number,
    n: number,
    mask: number,
    codes: number,
    isWide: number,
    starts: number,
    items: number,
    ranks: number,
  ): void;
  drawGroups(
    codes: number,
    isWide: number,
    starts: number,
    items: number,
    places: number,
    begins: number,
    mask: number,
    words: number,
    from: number,
    step: number,
    perPlace: number,
    columns: number,
  ): void;
  fold32(codes: number, listed: number, counts: number, rows: number, out: number): void;
  pick(rows: number, n: number, mask: number, out: number): number;
  placesOf(rows: number, n: number, mask: number, out: number): number;
  radixSort(
    rows: number,
    hi: number,
    lo: number,
    rows2: number,
    hi2: number,
    lo2: number,
    n: number,
    counts: number,
  ): number;
  checksum(at: number, bytes: number, seed: number): number;
  countIn(rows: number, n: number, mask: number): number;
  countCodesIn(rows: number, n: number, codes: number, mask: number, counts: number): void;
};

const compiled = new WebAssembly.Module(Buffer.from(moduleBytes, 'base64'));
export const kernels = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels;

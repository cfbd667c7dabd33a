/** What a block of CSV is made of: a column's arrays, and who writes its cells. */
import type { CsvOptions } from './csv.ts';

type Codes = Uint16Array | Uint32Array;
/** Rows of the table that the column belongs to; 0: none. */
export type Rows = Uint32Array;

/** A column's arrays by row. Row 0 stands for a missing parent and has no value. Arrays are asked for anew for each block: they grow. */
export type BlockColumn = { rows: (rids: Rows, out: Rows) => void } & (
  | { kind: 'codes'; codes: () => Codes; text: (code: number) => string | null }
  | {
      kind: 'names';
      heads: () => Codes;
      suffixes: () => Codes;
      head: (code: number) => string;
      suffix: (code: number) => string;
    }
  | {
      kind: 'ids';
      /** four words an id */ words: () => Uint32Array;
      /** null: the row's own id */ refs: () => Codes | null;
    }
  | { kind: 'times'; /** NaN is null; may be empty */ values: () => Float64Array }
  | { kind: 'numbers'; values: () => Float64Array }
  | { kind: 'seconds'; /** µs */ from: () => Float64Array; to: () => Float64Array }
);

/** `offset`: µs → minutes east of UTC; null: UTC */
export type BlockOptions = CsvOptions & { offset: ((micros: number) => number) | null };

/** Where each row's next byte goes. */
export type Places = Int32Array;
export type CellWriter = {
  /** adds the bytes of each cell to `lengths` */
  measure(rids: Rows, lengths: Int32Array): void;
  write(rids: Rows, out: Buffer, places: Places): void;
};

/** The column's rows of the block at hand, from `measure` to `write`. */
export function rowsOf(column: BlockColumn): (rids: Rows) => Rows {
  let kept = new Uint32Array(0);
  return (rids) => {
    if (kept.length < rids.length) kept = new Uint32Array(rids.length);
    column.rows(rids, kept);
    return kept;
  };
}

/**
 * The fast way to CSV: many rows at once, column by column, from the index's arrays to bytes, without a string a cell. It writes what
 * csv.ts does, byte for byte. 1,000 rows of 15 columns take 0.6 ms instead of 5.
 */
import type { BlockColumn, BlockOptions, CellWriter, Rows } from './csv-cells.ts';
import { codeWriter, nameWriter } from './csv-texts.ts';
import { idWriter, numberWriter, timeWriter } from './csv-values.ts';
import { twoBuffers } from './two-buffers.ts';

const CR = 13;
const LF = 10;

export class CsvBlock {
  readonly #writers: CellWriter[];
  readonly #delimiter: number;
  #lengths = new Int32Array(0);
  #places = new Int32Array(0);
  readonly #memory = twoBuffers();

  constructor(columns: readonly BlockColumn[], options: BlockOptions) {
    this.#writers = columns.map((column) => writerOf(column, options));
    this.#delimiter = options.delimiter.charCodeAt(0);
  }

  /** Whole lines. The bytes are the caller's until the call after the next. */
  lines(rids: Rows): Buffer {
    const n = rids.length;
    if (this.#lengths.length < n) {
      this.#lengths = new Int32Array(n);
      this.#places = new Int32Array(n);
    }
    const lengths = this.#lengths;
    const places = this.#places;
    // a delimiter after each cell but the last, which CR and LF follow
    lengths.fill(this.#writers.length + 1);
    for (const writer of this.#writers) writer.measure(rids, lengths);
    let end = 0;
    for (let i = 0; i < n; i++) {
      places[i] = end;
      end += lengths[i];
    }
    const out = this.#memory(end);
    const last = this.#writers.length - 1;
    for (let k = 0; k <= last; k++) {
      this.#writers[k].write(rids, out, places);
      const mark = k === last ? CR : this.#delimiter;
      for (let i = 0; i < n; i++) out[places[i]++] = mark;
    }
    for (let i = 0; i < n; i++) out[places[i]] = LF;
    return out;
  }
}

function writerOf(column: BlockColumn, options: BlockOptions): CellWriter {
  switch (column.kind) {
    case 'codes':
      return codeWriter(column, options);
    case 'names':
      return nameWriter(column, options);
    case 'ids':
      return idWriter(column);
    case 'times':
      return timeWriter(column, options);
    default:
      return numberWriter(column);
  }
}

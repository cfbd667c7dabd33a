/**
 * A page of rows read from its bytes: where each row's text lies, and of its values what the sync steers by and the archive's columns
 * are made of. The rest of a row, two thirds of it, is only checked to be JSON; and nothing becomes a string before it is asked for.
 *
 * Whatever is not plainly a list of objects gives null and is left to JSON.parse, which then says what is wrong with it.
 */
import { scanned } from './scanner/instance.ts';
import { timeKeys } from './scanner/keys.ts';
import { Records, RowValue, type Value } from './scanner/record.ts';

/** A row inside its page. */
export class ScannedRow {
  readonly #records: Records;
  readonly #record: number;
  #value: Value | null = null;
  #bytes: Buffer | null = null;

  constructor(records: Records, record: number) {
    this.#records = records;
    this.#record = record;
  }

  /** the outermost values that ./scanner/keys.ts names, and of `state` and `created_by` what it names there; nothing else */
  get value(): Value {
    return (this.#value ??= new RowValue(this.#records, this.#record));
  }

  /** the row's text, a view into the page */
  get bytes(): Buffer {
    return (this.#bytes ??= this.#records.row(this.#record));
  }

  /** from and to, in `bytes`, of each number the server computes anew for every answer */
  get computed(): number[] {
    return this.#records.computed(this.#record);
  }

  get json(): string {
    return this.bytes.toString('utf8');
  }

  /** is the id one? */
  get isUuid(): boolean {
    return this.#records.isUuid(this.#record);
  }

  /** … with dashes and in lower case, as Prefect writes them? */
  get isCanonical(): boolean {
    return this.#records.isCanonical(this.#record);
  }

  /** Its 16 bytes, when `isUuid`. */
  writeUuid(into: Uint8Array, at: number): void {
    this.#records.writeUuid(this.#record, into, at);
  }

  /** µs of one of the row's times, or of `state_timestamp`; NaN when there is none, or it is none. */
  time(field: string): number {
    const key = timeKeys.get(field);
    return key ? this.#records.time(this.#record, key) : NaN;
  }
}

/** `page`: valid UTF-8. */
export function scanRows(page: Buffer): ScannedRow[] | null {
  const found = scanned(page);
  if (found === null) return null;
  const records = new Records(page, found);
  return records.starts().map((record) => new ScannedRow(records, record));
}

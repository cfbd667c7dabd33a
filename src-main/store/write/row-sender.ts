/**
 * Sends rows to the writer in another thread, and encodes only rows that have to be written. When many of the last rows were unchanged, the
 * writer is asked first which rows it needs; a first sync, in which all rows are new, skips the question.
 */
import type { Entity } from '../../contract/fields.ts';
import { MOST_REFUSED, type RefusedRow, type WriteCounts } from '../../contract/archive.ts';
import type { ServerRow } from '../../contract/server-row.ts';
import { encode, prepare, type Batch, type Keys, type Prepared } from './encode.ts';
import { refusal } from './refused.ts';

/** Answers come from another thread; requests must reach it in the order they are made. */
export type RemoteWriter = {
  needed(keys: Keys): Promise<Uint8Array>;
  write(input: { batches: Batch[]; state: Record<string, unknown> }): Promise<WriteCounts>;
};
export type Rows = { entity: Entity; rows: readonly ServerRow[] };

/** Share of unchanged rows from which asking first pays: encoding a row costs more than finding it twice. */
const WORTH_ASKING = 0.3;

export class RowSender {
  readonly #writer: RemoteWriter;
  /** share of the last rows that were unchanged; 1 at first, so that the first call asks */
  #unchanged = 1;
  /** settled when the last call's rows have been sent */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(writer: RemoteWriter) {
    this.#writer = writer;
  }

  /**
   * One transaction; they commit in the order of the calls. A row of which no columns can be made is passed over and named in `refused`.
   * Throws what the writer throws.
   */
  async write(batches: readonly Rows[], state: Record<string, unknown>): Promise<WriteCounts> {
    const refused: RefusedRow[] = [];
    const prepared = batches.map((batch) => prepareSound(batch, refused));
    // #send returns its promise inside an array so that `await` does not unwrap it: the next call may send before these rows are written
    const sent = this.#turn.then(() => this.#send(prepared, state, refused));
    this.#turn = sent.catch(() => undefined);
    const [written] = await sent;
    const stored = await written;
    const counts = refused.length > 0 ? { ...stored, refused: [...refused, ...(stored.refused ?? [])] } : stored;
    const rows = counts.inserted + counts.changed + counts.unchanged;
    if (rows > 0) this.#unchanged = counts.unchanged / rows;
    return counts;
  }

  async #send(
    prepared: readonly Prepared[],
    state: Record<string, unknown>,
    refused: RefusedRow[],
  ): Promise<[Promise<WriteCounts>]> {
    const asks = this.#unchanged >= WORTH_ASKING;
    const answers = prepared.map(({ keys }) => (asks ? this.#writer.needed(keys) : null));
    for (const answer of answers) answer?.catch(() => undefined); // awaited below one by one: when the first fails, the others are not
    const batches: Batch[] = [];
    for (const [i, one] of prepared.entries()) {
      batches.push(encodeSound(one, await answers[i], refused));
    }
    const written = this.#writer.write({ batches, state });
    written.catch(() => undefined); // awaited by the caller, perhaps later than it fails
    return [written];
  }
}

/** Notes the rows for which `work` throws. Throws `thrown` when none does, or all of many do: then no single row is at fault. */
function sift<T extends ServerRow>(
  entity: Entity,
  rows: readonly T[],
  thrown: unknown,
  refused: RefusedRow[],
  work: (row: T) => unknown,
): T[] {
  const sound = rows.filter((row) => {
    try {
      work(row);
      return true;
    } catch (own) {
      const { id } = Object(row.value) as { id?: unknown };
      refused.push({ entity, id: typeof id === 'string' ? id : null, reason: refusal(own) ?? String(own) });
      return false;
    }
  });
  if (sound.length === rows.length || (sound.length === 0 && rows.length >= MOST_REFUSED)) throw thrown;
  return sound;
}

function prepareSound({ entity, rows }: Rows, refused: RefusedRow[]): Prepared {
  try {
    return prepare(entity, rows);
  } catch (thrown) {
    return prepare(
      entity,
      sift(entity, rows, thrown, refused, (row) => prepare(entity, [row])),
    );
  }
}

function encodeSound(prepared: Prepared, needed: Uint8Array | null, refused: RefusedRow[]): Batch {
  try {
    return encode(prepared, needed);
  } catch (thrown) {
    const { entity } = prepared.keys;
    const wanted = prepared.rows.filter((_, i) => needed?.[i] !== 0);
    const sound = new Set(sift(entity, wanted, thrown, refused, (row) => encode(prepare(entity, [row]), null)));
    const batch = encode(
      prepared,
      Uint8Array.from(prepared.rows, (row) => Number(sound.has(row))),
    );
    return { ...batch, skipped: batch.skipped - (wanted.length - sound.size) };
  }
}

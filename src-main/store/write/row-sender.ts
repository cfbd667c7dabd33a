/**
 * Sends rows to the writer in another thread, and encodes only rows that have to be written. When many of the last rows were unchanged, the
 * writer is asked first which rows it needs; a first sync, in which all rows are new, skips the question.
 */
import type { Entity } from '../../contract/fields.ts';
import type { WriteCounts } from '../../contract/archive.ts';
import type { ServerRow } from '../../contract/server-row.ts';
import { encode, prepare, type Batch, type Keys, type Prepared } from './encode.ts';

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

  /** One transaction; they commit in the order of the calls. Throws SERVER_BAD_REPLY and what the writer throws. */
  async write(batches: readonly Rows[], state: Record<string, unknown>): Promise<WriteCounts> {
    const prepared = batches.map(({ entity, rows }) => prepare(entity, rows));
    // #send returns its promise inside an array so that `await` does not unwrap it: the next call may send before these rows are written
    const sent = this.#turn.then(() => this.#send(prepared, state));
    this.#turn = sent.catch(() => undefined);
    const [written] = await sent;
    const counts = await written;
    const rows = counts.inserted + counts.changed + counts.unchanged;
    if (rows > 0) this.#unchanged = counts.unchanged / rows;
    return counts;
  }

  async #send(prepared: readonly Prepared[], state: Record<string, unknown>): Promise<[Promise<WriteCounts>]> {
    const asks = this.#unchanged >= WORTH_ASKING;
    const answers = prepared.map(({ keys }) => (asks ? this.#writer.needed(keys) : null));
    for (const answer of answers) answer?.catch(() => undefined); // awaited below one by one: when the first fails, the others are not
    const batches: Batch[] = [];
    for (const [i, one] of prepared.entries()) {
      batches.push(encode(one, await answers[i]));
    }
    const written = this.#writer.write({ batches, state });
    written.catch(() => undefined); // awaited by the caller, perhaps later than it fails
    return [written];
  }
}

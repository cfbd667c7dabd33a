/**
 * Between whoever has rows and the writer in another thread: packs what has to be written and no more. When most of the last rows
 * were as they are kept, the writer is asked first which ones it needs; a first sync, where all are new, is spared the question.
 */
import type { Entity } from '../../contract/fields.ts';
import type { Dictionary } from '../coder/dictionary.ts';
import type { ServerRow } from '../../contract/server-row.ts';
import { encode, prepare, type Batch, type Keys, type Prepared } from './encode.ts';

export type Counts = { inserted: number; changed: number; unchanged: number };
/** Answers come from another thread; requests must reach it in the order they are made. */
export type RemoteWriter = {
  needed(keys: Keys): Promise<Uint8Array>;
  dictionary(entity: Entity): Promise<Dictionary | null>;
  write(input: { batches: Batch[]; state: Record<string, unknown> }): Promise<Counts>;
};
export type Rows = { entity: Entity; rows: readonly ServerRow[] };

/** Share of unchanged rows from which asking first pays: packing a row costs about three times what finding it twice does. */
const WORTH_ASKING = 0.3;

export class Packer {
  readonly #writer: RemoteWriter;
  readonly #dictionaries = new Map<Entity, Dictionary>();
  /** of the last rows, how many were unchanged; at first it is worth finding out */
  #unchanged = 1;
  /** done when the last call's rows are on their way */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(writer: RemoteWriter) {
    this.#writer = writer;
  }

  /** One transaction; they commit in the order of the calls. Throws SERVER_BAD_REPLY and what the writer throws. */
  async write(batches: readonly Rows[], state: Record<string, unknown>): Promise<Counts> {
    const prepared = batches.map(({ entity, rows }) => prepare(entity, rows));
    // in a list: a promise would be waited for, and the next call may go on as soon as this one's rows are on their way
    const sent = this.#turn.then(() => this.#send(prepared, state));
    this.#turn = sent.catch(() => undefined);
    const [written] = await sent;
    const counts = await written;
    const rows = counts.inserted + counts.changed + counts.unchanged;
    if (rows > 0) this.#unchanged = counts.unchanged / rows;
    return counts;
  }

  async #send(prepared: readonly Prepared[], state: Record<string, unknown>): Promise<[Promise<Counts>]> {
    const asks = this.#unchanged >= WORTH_ASKING;
    const answers = prepared.map(({ keys }) => (asks ? this.#writer.needed(keys) : null));
    for (const answer of answers) answer?.catch(() => undefined); // awaited below one by one: when the first fails, the others are not
    const batches: Batch[] = [];
    for (const [i, one] of prepared.entries()) {
      const needed = await answers[i];
      batches.push(encode(one, needed, needed?.includes(1) === false ? null : await this.#dictionary(one.keys.entity)));
    }
    const written = this.#writer.write({ batches, state });
    written.catch(() => undefined); // awaited by the caller, perhaps later than it fails
    return [written];
  }

  /** Asked until there is one: the first rows of an entity bring it. */
  async #dictionary(entity: Entity): Promise<Dictionary | null> {
    const known = this.#dictionaries.get(entity);
    if (known) return known;
    const found = await this.#writer.dictionary(entity);
    if (found) this.#dictionaries.set(entity, found);
    return found;
  }
}

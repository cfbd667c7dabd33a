/** A server as the sync reads it: pages of the largest size it gives, and its clock. */
import { AppError } from '../contract/errors.ts';
import { plural, type DocumentKind, type Entity } from '../contract/fields.ts';
import type { AskOptions, DocumentRow, FilterBody, Page, PrefectClient, Row } from '../prefect/client.ts';
import { isBadAnswer, TOO_LARGE } from '../prefect/failures.ts';
import { PageSizes, SMALLEST } from './page-sizes.ts';

/** µs; the Date header has whole seconds. */
const HALF_A_SECOND = 500_000;

/** Criteria on the entity itself, as /filter takes them: `{ id: { any_: […] } }`. */
export type Criteria = Record<string, unknown>;

/**
 * Rows in the server's order. `limit`: places of the order they were read from, more than rows when some cannot be read (`skipped`).
 * `full`: more may follow.
 */
export type Rows<T = Row> = { rows: T[]; limit: number; full: boolean; skipped: number };
type Kind = Entity | DocumentKind;
type Kept = { value: { id: string } };
/** A question to one route, which is asked page by page. */
type Asked<T> = {
  kind: Kind;
  page(offset: number, limit: number, options: AskOptions): Promise<Page<T>>;
  /** Asks the same route a question that no row matches. */
  nothing(options: AskOptions): Promise<unknown>;
  /** The row at this place by other routes; `id` null: none tells, `row` null: it cannot be read, or is gone. */
  alone(offset: number): Promise<{ id: string | null; row: T | null }>;
};
/** `atMost`: rows. `whole`: a page that fails is not halved */
export type PageOptions = { atMost?: number; whole?: boolean };

/** Further attempts before a page is halved, and before a row is passed over: a few seconds. */
const FEW_RETRIES = 2;
/** Rows in a row that cannot be read; when nothing was read between them, the question itself is at fault. */
const MOST_UNREADABLE = 64;
/** ms. A single row that fails so late fails by its question: the server's limit for one is 10 s. */
const SLOW = 5000;

export class Source {
  readonly client: PrefectClient;
  readonly options: AskOptions;
  /** rows a page */
  limit: number;
  /** µs by the server's clock when it first answered: every later change is in a later reply. The smallest of all Date headers, since one may be wrong */
  clock: number | null = null;
  /** µs; the server's clock less this machine's, exact to about a second */
  ahead: number | null = null;

  /** rows passed over so far; one that is met twice counts twice */
  skips = 0;
  /** called for each row that cannot be read or kept; `id` null: not known */
  onSkip: (kind: Kind, id: string | null, reason: string) => void = () => undefined;
  readonly #sizes: PageSizes;

  /** `sizes`: learned by earlier syncs of this server. */
  constructor(client: PrefectClient, limit: number, options: AskOptions, sizes: PageSizes = new PageSizes()) {
    this.client = client;
    this.limit = limit;
    this.options = options;
    this.#sizes = sizes;
  }

  /**
   * One page of full rows from `offset` on. A page that fails is asked for again in halves; of the smallest, each row by itself, and by its
   * id where that can be learned. What cannot be read is told to `onSkip` and passed over. Throws Unanswerable when not even single rows
   * of this question can be read though the route answers another, and with `whole` as soon as its page fails.
   */
  async page(
    entity: Entity,
    sort: string,
    criteria: Criteria,
    offset = 0,
    others: Record<string, unknown> = {},
    options: PageOptions = {},
  ): Promise<Rows> {
    return this.#read(this.#rowsOf(entity, sort, criteria, others), offset, options);
  }

  /** One page of work pools or queues, read like `page`; `pool`: the queues of that pool. null: this server does not show any. */
  async documents(kind: DocumentKind, offset: number, pool: string | null = null): Promise<Rows<DocumentRow> | null> {
    let shown = true;
    const ask = async (body: FilterBody, options: AskOptions): Promise<Page<DocumentRow>> => {
      const page = await this.client.documents(kind, body, pool, options);
      shown &&= page !== null;
      return page ?? { rows: [], bad: [], serverTime: null };
    };
    const asked: Asked<DocumentRow> = {
      kind,
      page: (from, limit, options) => ask({ limit, offset: from }, options),
      nothing: (options) => ask({ limit: 1, offset: 0, [`${kind}s`]: { id: { any_: [] } } }, options),
      alone: () => Promise.resolve({ id: null, row: null }),
    };
    const read = await this.#read(asked, offset, {});
    return shown ? read : null;
  }

  #rowsOf(entity: Entity, sort: string, criteria: Criteria, others: Record<string, unknown>): Asked<Row> {
    const filters = { sort, ...others, [plural[entity]]: criteria };
    return {
      kind: entity,
      page: (offset, limit, options) => this.client.page(entity, { ...filters, limit, offset }, options),
      nothing: (options) => this.#nothing(entity, options),
      alone: async (offset) => {
        const id = await this.#idAt(entity, filters, offset);
        return { id, row: id === null ? null : await this.#byId(entity, id) };
      },
    };
  }

  #nothing(entity: Entity, options: AskOptions): Promise<unknown> {
    const nothing = { sort: sortById(entity), limit: 1, offset: 0, [plural[entity]]: { id: { any_: [] } } };
    return this.client.page(entity, nothing, options);
  }

  async #read<T extends Kept>(asked: Asked<T>, offset: number, options: PageOptions): Promise<Rows<T>> {
    const { atMost = Infinity, whole = false } = options;
    const { kind } = asked;
    let slots = 0;
    let skipped = 0;
    for (let fails = 0; ;) {
      const most = Math.min(this.limit, atMost);
      const size = this.#sizes.of(kind, most);
      try {
        const found = await this.#ask(asked, offset + slots, size, fails > 0 ? 0 : FEW_RETRIES);
        if (found === null) continue; // the operator has lowered the limit
        this.#sizes.read(kind, size);
        slots += size;
        skipped += found.bad;
        if (found.rows.length > 0 || !found.full) return { ...found, limit: slots, skipped };
        continue; // nothing on it can be kept, and more may follow
      } catch (thrown) {
        if (!isBadAnswer(thrown)) throw thrown;
        fails += 1;
        await this.#answersAtAll(asked.nothing, thrown);
        if (whole) throw new Unanswerable(thrown);
        if (size > SMALLEST) {
          this.#sizes.failed(kind, size, isHeavy(thrown));
          continue;
        }
      }
      const found = await this.#rowByRow(asked, offset + slots, size);
      this.#sizes.read(kind, size);
      slots += found.limit;
      skipped += found.skipped;
      if (found.rows.length > 0 || !found.full) return { ...found, limit: slots, skipped };
      if (skipped >= MOST_UNREADABLE) throw new Unanswerable(found.problem);
    }
  }

  /** null: the server gives no such large pages any more, and the limit is now lower. */
  async #ask<T>(
    { kind, page }: Pick<Asked<T>, 'kind' | 'page'>,
    offset: number,
    limit: number,
    retries: number,
  ): Promise<{ rows: T[]; bad: number; full: boolean } | null> {
    try {
      const { rows, bad, serverTime } = await page(offset, limit, { ...this.options, retries });
      this.#heard(serverTime);
      for (const { id, field, why } of bad) this.skip(kind, id, `${field}: ${why}`);
      return { rows, bad: bad.length, full: rows.length + bad.length >= limit };
    } catch (thrown) {
      this.#lower(thrown, limit);
      return null;
    }
  }

  /** Throws what the page threw when the route does not answer a question that no row matches either. */
  async #answersAtAll(nothing: Asked<unknown>['nothing'], thrown: AppError): Promise<void> {
    try {
      await nothing({ ...this.options, retries: FEW_RETRIES });
    } catch (failed) {
      throw isBadAnswer(failed) ? thrown : failed;
    }
  }

  /** Reads `size` rows one by one. Ends before a row that has moved: the next page begins there. */
  async #rowByRow<T extends Kept>(
    asked: Asked<T>,
    offset: number,
    size: number,
  ): Promise<Rows<T> & { problem: AppError }> {
    const rows: T[] = [];
    let skipped = 0;
    let problem = new AppError('SERVER_FAILED', 'no row can be read');
    const done = (slots: number, full: boolean) => ({ rows, limit: slots, full, skipped, problem });
    for (let slot = 0; slot < size; slot++) {
      const began = performance.now();
      try {
        const found = await this.#ask(asked, offset + slot, 1, FEW_RETRIES);
        if (!found) continue;
        rows.push(...found.rows);
        skipped += found.bad;
        if (!found.full) return done(slot, false);
      } catch (thrown) {
        if (!isBadAnswer(thrown)) throw thrown;
        await this.#answersAtAll(asked.nothing, thrown);
        problem = thrown;
        if (rows.length === 0 && performance.now() - began > SLOW) throw new Unanswerable(thrown);
        const { id, row } = await asked.alone(offset + slot);
        if (row) rows.push(row);
        else if (id === null) this.skip(asked.kind, null, `${thrown.message}${after(rows.at(-1))}`);
        if (!row) skipped += 1;
      }
    }
    return done(size, true);
  }

  /** The id of the row at this place; null: no route tells. */
  async #idAt(entity: Entity, filters: Record<string, unknown>, offset: number): Promise<string | null> {
    if (entity !== 'flow_run') return null;
    try {
      return (
        (
          await this.client.flowRunIds({ ...filters, limit: 1, offset }, { ...this.options, retries: FEW_RETRIES })
        )?.[0] ?? null
      );
    } catch (thrown) {
      if (isBadAnswer(thrown)) return null;
      throw thrown;
    }
  }

  /** One row by its id. null: it is gone, or it cannot be read and is told to `onSkip`. `onGone`: it is not there. */
  async #byId(entity: Entity, id: string, onGone: () => void = () => undefined): Promise<Row | null> {
    try {
      return await this.client.row(entity, id, { ...this.options, retries: FEW_RETRIES });
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'NOT_FOUND') onGone();
      else if (isBadAnswer(thrown)) this.skip(entity, id, thrown.message);
      else throw thrown;
      return null;
    }
  }

  /** Number of the server's rows that match. null: it does not tell, since it lacks a filter or fails at the question. */
  async count(entity: Entity, filters: Record<string, unknown>): Promise<number | null> {
    try {
      return await this.client.count(entity, filters, { ...this.options, retries: FEW_RETRIES });
    } catch (thrown) {
      if (isBadAnswer(thrown) || (thrown instanceof AppError && thrown.code === 'SERVER_REJECTED')) return null;
      throw thrown;
    }
  }

  /** Passes over a row: it cannot be read, or the archive refuses it. */
  skip(kind: Kind, id: string | null, reason: string): void {
    this.skips += 1;
    this.onSkip(kind, id, reason);
  }

  #heard(serverTime: number | null): void {
    if (serverTime === null || (this.clock !== null && serverTime >= this.clock)) return;
    this.clock = serverTime;
    this.ahead = serverTime + HALF_A_SECOND - Date.now() * 1000;
  }

  /** Lowers the limit when the error says that the operator has lowered it since it was learned; otherwise throws the error again. */
  #lower(thrown: unknown, limit: number): void {
    const smaller = smallerLimit(thrown);
    if (smaller === null || smaller >= limit) throw thrown;
    this.limit = smaller;
  }

  /** Reads rows by id, in pages; returns the ids that the server does not have. A row that cannot be read is told to `onSkip`. */
  async byIds(entity: Entity, ids: readonly string[], take: (rows: Row[]) => Promise<void>): Promise<string[]> {
    const unknown = new Set(ids);
    let failed = false;
    for (let from = 0; from < ids.length;) {
      const chunk = ids.slice(from, from + this.#sizes.of(entity, this.limit));
      const asked = this.#rowsOf(entity, sortById(entity), { id: { any_: chunk } }, {});
      try {
        const found = await this.#ask(asked, 0, chunk.length, failed ? 0 : FEW_RETRIES);
        if (!found) continue;
        for (const { value } of found.rows) unknown.delete(value.id);
        // a row that came with an id that is none cannot be told from one that did not come
        if (found.bad > 0) for (const id of chunk) unknown.delete(id);
        await take(found.rows);
        this.#sizes.read(entity, chunk.length);
      } catch (thrown) {
        if (!isBadAnswer(thrown)) throw thrown;
        await this.#answersAtAll(asked.nothing, thrown);
        failed = true;
        if (chunk.length > 1) {
          this.#sizes.failed(entity, chunk.length, isHeavy(thrown));
          continue;
        }
        const [id] = chunk as [string];
        let gone = false;
        const row = await this.#byId(entity, id, () => (gone = true));
        if (!gone) unknown.delete(id);
        if (row) await take([row]);
        this.#sizes.read(entity, 1);
      }
      from += chunk.length;
    }
    return [...unknown];
  }
}

/** The question cannot be answered, though the server answers others of the same route. */
export class Unanswerable extends AppError {
  constructor({ code, message, details }: AppError) {
    super(code, message, details);
  }
}

const sortById = (entity: Entity): string => (entity === 'task_run' || entity === 'flow_run' ? 'ID_DESC' : 'NAME_ASC');

const isHeavy = ({ code, details }: AppError): boolean => code === 'SERVER_TIMEOUT' || details['reason'] === TOO_LARGE;

/** Names the place of a row without an id. */
const after = (row: Kept | undefined): string => (row ? `, listed after ${row.value.id}` : '');

/** `Invalid limit: must be less than or equal to 50.` */
function smallerLimit(thrown: unknown): number | null {
  if (!(thrown instanceof AppError) || thrown.code !== 'SERVER_REJECTED') return null;
  const found = /invalid limit: must be less than or equal to (\d+)/i.exec(thrown.message);
  const limit = Number(found?.[1]);
  return limit >= 1 ? limit : null;
}

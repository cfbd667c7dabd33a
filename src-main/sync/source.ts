/** A server as the sync reads it: pages of the largest size it gives, and its clock. */
import { AppError } from '../contract/errors.ts';
import { plural, type DocumentKind, type Entity } from '../contract/fields.ts';
import type { AskOptions, DocumentRow, PrefectClient, Row } from '../prefect/client.ts';
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
export type Rows = { rows: Row[]; limit: number; full: boolean; skipped: number };
type Asked = { entity: Entity; sort: string; criteria: Criteria; others: Record<string, unknown> };
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
  onSkip: (entity: Entity, id: string | null, reason: string) => void = () => undefined;
  readonly #sizes = new PageSizes();

  constructor(client: PrefectClient, limit: number, options: AskOptions) {
    this.client = client;
    this.limit = limit;
    this.options = options;
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
    { atMost = Infinity, whole = false }: PageOptions = {},
  ): Promise<Rows> {
    const question: Asked = { entity, sort, criteria, others };
    let slots = 0;
    let skipped = 0;
    for (let fails = 0; ;) {
      const most = Math.min(this.limit, atMost);
      const size = this.#sizes.of(entity, most);
      try {
        const found = await this.#ask(question, offset + slots, size, fails > 0 ? 0 : FEW_RETRIES);
        if (found === null) continue; // the operator has lowered the limit
        this.#sizes.read(entity, size);
        slots += size;
        skipped += found.bad;
        if (found.rows.length > 0 || !found.full) return { ...found, limit: slots, skipped };
        continue; // nothing on it can be kept, and more may follow
      } catch (thrown) {
        if (!isBadAnswer(thrown)) throw thrown;
        fails += 1;
        await this.#answersAtAll(entity, thrown);
        if (whole) throw new Unanswerable(thrown);
        if (size > SMALLEST) {
          this.#sizes.failed(entity, size, isHeavy(thrown));
          continue;
        }
      }
      const found = await this.#rowByRow(question, offset + slots, size);
      this.#sizes.read(entity, size);
      slots += found.limit;
      skipped += found.skipped;
      if (found.rows.length > 0 || !found.full) return { ...found, limit: slots, skipped };
      if (skipped >= MOST_UNREADABLE) throw new Unanswerable(found.problem);
    }
  }

  /** null: the server gives no such large pages any more, and the limit is now lower. */
  async #ask(
    { entity, sort, criteria, others }: Asked,
    offset: number,
    limit: number,
    retries: number,
  ): Promise<{ rows: Row[]; bad: number; full: boolean } | null> {
    const body = { sort, limit, offset, ...others, [plural[entity]]: criteria };
    try {
      const { rows, bad, serverTime } = await this.client.page(entity, body, { ...this.options, retries });
      this.#heard(serverTime);
      for (const { id, field, why } of bad) this.#skip(entity, id, `${field}: ${why}`);
      return { rows, bad: bad.length, full: rows.length + bad.length >= limit };
    } catch (thrown) {
      this.#lower(thrown, limit);
      return null;
    }
  }

  /** Throws what the page threw when the route does not answer a question that no row matches either. */
  async #answersAtAll(entity: Entity, thrown: AppError): Promise<void> {
    const sort = sortById(entity);
    const nothing = { entity, sort, criteria: { id: { any_: [] } }, others: {} };
    try {
      await this.#ask(nothing, 0, 1, FEW_RETRIES);
    } catch (failed) {
      throw isBadAnswer(failed) ? thrown : failed;
    }
  }

  /** Reads `size` rows one by one. Ends before a row that has moved: the next page begins there. */
  async #rowByRow(question: Asked, offset: number, size: number): Promise<Rows & { problem: AppError }> {
    const { entity } = question;
    const rows: Row[] = [];
    let skipped = 0;
    let problem = new AppError('SERVER_FAILED', 'no row can be read');
    const done = (slots: number, full: boolean) => ({ rows, limit: slots, full, skipped, problem });
    for (let slot = 0; slot < size; slot++) {
      const began = performance.now();
      try {
        const found = await this.#ask(question, offset + slot, 1, FEW_RETRIES);
        if (!found) continue;
        rows.push(...found.rows);
        skipped += found.bad;
        if (!found.full) return done(slot, false);
      } catch (thrown) {
        if (!isBadAnswer(thrown)) throw thrown;
        await this.#answersAtAll(entity, thrown);
        problem = thrown;
        if (rows.length === 0 && performance.now() - began > SLOW) throw new Unanswerable(thrown);
        const id = await this.#idAt(question, offset + slot);
        const row = id === null ? null : await this.#byId(entity, id);
        if (row) rows.push(row);
        else if (id === null) this.#skip(entity, null, `${thrown.message}${after(rows.at(-1))}`);
        if (!row) skipped += 1;
      }
    }
    return done(size, true);
  }

  /** The id of the row at this place; null: no route tells. */
  async #idAt({ entity, sort, criteria, others }: Asked, offset: number): Promise<string | null> {
    if (entity !== 'flow_run') return null;
    const body = { sort, limit: 1, offset, ...others, flow_runs: criteria };
    try {
      return (await this.client.flowRunIds(body, { ...this.options, retries: FEW_RETRIES }))?.[0] ?? null;
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
      else if (isBadAnswer(thrown)) this.#skip(entity, id, thrown.message);
      else throw thrown;
      return null;
    }
  }

  /** One page of work pools or queues; `pool`: the queues of that pool. null: this server does not show any. */
  async documents(
    kind: DocumentKind,
    offset: number,
    pool: string | null = null,
  ): Promise<{ rows: DocumentRow[]; limit: number; full: boolean; skipped: number } | null> {
    const { limit } = this;
    try {
      const page = await this.client.documents(kind, { limit, offset }, pool, this.options);
      this.#heard(page?.serverTime ?? null);
      return page && { rows: page.rows, limit, full: page.rows.length >= limit, skipped: 0 };
    } catch (thrown) {
      this.#lower(thrown, limit);
      return this.documents(kind, offset, pool);
    }
  }

  #skip(entity: Entity, id: string | null, reason: string): void {
    this.skips += 1;
    this.onSkip(entity, id, reason);
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
      const question = { entity, sort: sortById(entity), criteria: { id: { any_: chunk } }, others: {} };
      try {
        const found = await this.#ask(question, 0, chunk.length, failed ? 0 : FEW_RETRIES);
        if (!found) continue;
        for (const { value } of found.rows) unknown.delete(value.id);
        // a row that came with an id that is none cannot be told from one that did not come
        if (found.bad > 0) for (const id of chunk) unknown.delete(id);
        await take(found.rows);
        this.#sizes.read(entity, chunk.length);
      } catch (thrown) {
        if (!isBadAnswer(thrown)) throw thrown;
        await this.#answersAtAll(entity, thrown);
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
const after = (row: Row | undefined): string => (row ? `, listed after ${row.value.id}` : '');

/** `Invalid limit: must be less than or equal to 50.` */
function smallerLimit(thrown: unknown): number | null {
  if (!(thrown instanceof AppError) || thrown.code !== 'SERVER_REJECTED') return null;
  const found = /invalid limit: must be less than or equal to (\d+)/i.exec(thrown.message);
  const limit = Number(found?.[1]);
  return limit >= 1 ? limit : null;
}

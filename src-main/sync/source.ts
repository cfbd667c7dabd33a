/** A server as the sync reads it: pages of the largest size it gives, and its clock. */
import { AppError } from '../contract/errors.ts';
import { plural, type DocumentKind, type Entity } from '../contract/fields.ts';
import type { AskOptions, DocumentRow, PrefectClient, Row } from '../prefect/client.ts';

/** µs; the Date header has whole seconds. */
const HALF_A_SECOND = 500_000;

/** Criteria on the entity itself, as /filter takes them: `{ id: { any_: […] } }`. */
export type Criteria = Record<string, unknown>;

export class Source {
  readonly client: PrefectClient;
  readonly options: AskOptions;
  /** rows a page */
  limit: number;
  /** µs by the server's clock when it first answered: every later change is in a later reply. The smallest of all Date headers, since one may be wrong */
  clock: number | null = null;
  /** µs; the server's clock less this machine's, exact to about a second */
  ahead: number | null = null;

  constructor(client: PrefectClient, limit: number, options: AskOptions) {
    this.client = client;
    this.limit = limit;
    this.options = options;
  }

  /** One page of full rows. Fewer rows than the returned `limit` mean that there are no more. `limit`: `atMost`, or the largest the server gives. */
  async page(
    entity: Entity,
    sort: string,
    criteria: Criteria,
    offset = 0,
    others: Record<string, unknown> = {},
    atMost = Infinity,
  ): Promise<{ rows: Row[]; limit: number }> {
    const limit = Math.min(this.limit, atMost);
    const body = { sort, limit, offset, ...others, [plural[entity]]: criteria };
    try {
      const { rows, serverTime } = await this.client.page(entity, body, this.options);
      this.#heard(serverTime);
      return { rows, limit };
    } catch (thrown) {
      this.#lower(thrown, limit);
      return this.page(entity, sort, criteria, offset, others, atMost);
    }
  }

  /** One page of work pools or queues; `pool`: the queues of that pool. null: this server does not show any. */
  async documents(
    kind: DocumentKind,
    offset: number,
    pool: string | null = null,
  ): Promise<{ rows: DocumentRow[]; limit: number } | null> {
    const { limit } = this;
    try {
      const page = await this.client.documents(kind, { limit, offset }, pool, this.options);
      this.#heard(page?.serverTime ?? null);
      return page && { rows: page.rows, limit };
    } catch (thrown) {
      this.#lower(thrown, limit);
      return this.documents(kind, offset, pool);
    }
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

  /** Reads rows by id, in pages; returns the ids that the server does not have. */
  async byIds(entity: Entity, ids: readonly string[], take: (rows: Row[]) => Promise<void>): Promise<string[]> {
    const unknown = new Set(ids);
    for (let from = 0; from < ids.length;) {
      const chunk = ids.slice(from, from + this.limit);
      const sort = entity === 'task_run' || entity === 'flow_run' ? 'ID_DESC' : 'NAME_ASC';
      const { rows, limit } = await this.page(entity, sort, { id: { any_: chunk } });
      if (limit < chunk.length) continue; // the page was cut: ask for fewer
      for (const { value } of rows) unknown.delete(value.id);
      await take(rows);
      from += chunk.length;
    }
    return [...unknown];
  }
}

/** `Invalid limit: must be less than or equal to 50.` */
function smallerLimit(thrown: unknown): number | null {
  if (!(thrown instanceof AppError) || thrown.code !== 'SERVER_REJECTED') return null;
  const found = /invalid limit: must be less than or equal to (\d+)/i.exec(thrown.message);
  const limit = Number(found?.[1]);
  return limit >= 1 ? limit : null;
}

/** Reads the runs without an expected start, which no bound on that field finds. */
import { plural } from '../contract/fields.ts';
import type { Row } from '../prefect/client.ts';
import { scanAnchored } from './anchored.ts';
import { END_OF_TIME } from './keyset.ts';
import type { RunEntity } from './pass.ts';
import type { Source } from './source.ts';

/** Rows of the first look: most servers have no such runs, and a whole page to see that takes a server 50 ms. */
const FEW = 10;

/**
 * Nulls lead the ascending order on SQLite and the descending one on Postgres, so one page of each shows them. When a page holds nothing
 * else, the pages after it are read by offset until one holds a time. Ties have no order that a server promises, so pages may repeat rows
 * and miss others: the server's counts tell, and only when they disagree everything is read by id.
 */
export async function readNullStarts(
  source: Source,
  entity: RunEntity,
  take: (rows: Row[]) => Promise<void>,
): Promise<void> {
  for (const order of ['ASC', 'DESC']) {
    const { without, full } = await nullsAt(source, entity, order, 0, FEW);
    if (without.length > 0) await take(without);
    if (!full) continue;
    // counted before and after: a row deleted meanwhile moves another past the offset
    const before = await countNulls(source, entity);
    const read = await pageThrough(source, entity, order, take);
    const after = before && (await countNulls(source, entity));
    const agrees = (counted: Count | null) => counted !== null && read >= counted.least && read <= counted.most;
    if (!agrees(before) || !agrees(after)) await scanAnchored(source, { entity, sort: 'ID_DESC', criteria: {} }, take);
    return;
  }
}

/** Number of different rows without expected start that were read, with those that cannot be. */
async function pageThrough(
  source: Source,
  entity: RunEntity,
  order: string,
  take: (rows: Row[]) => Promise<void>,
): Promise<number> {
  const seen = new Set<string>();
  let unread = 0;
  for (let offset = 0; ;) {
    const { without, full, limit, skipped } = await nullsAt(source, entity, order, offset, Infinity);
    const fresh = without.filter(({ value }) => !seen.has(value.id));
    for (const { value } of fresh) seen.add(value.id);
    if (fresh.length > 0) await take(fresh);
    unread += skipped;
    if (!full) return seen.size + unread;
    offset += limit;
  }
}

/** `least` and `most` differ by the rows with a time that came or went while it was counted. */
type Count = { least: number; most: number };

/** null: the server does not tell. */
async function countNulls(source: Source, entity: RunEntity): Promise<Count | null> {
  const timed = { [plural[entity]]: { expected_start_time: { before_: END_OF_TIME } } };
  const [first, all, last] = [
    await source.count(entity, timed),
    await source.count(entity, {}),
    await source.count(entity, timed),
  ];
  if (first === null || all === null || last === null) return null;
  return { least: all - Math.max(first, last), most: all - Math.min(first, last) };
}

/** The rows without expected start on this page; `full`: it has no others, and more may follow. */
async function nullsAt(source: Source, entity: RunEntity, order: string, offset: number, atMost: number) {
  const { rows, full, ...page } = await source.page(entity, `EXPECTED_START_TIME_${order}`, {}, offset, {}, { atMost });
  const without = rows.filter(({ value }) => typeof value.expected_start_time !== 'string');
  return { ...page, without, full: full && without.length === rows.length };
}

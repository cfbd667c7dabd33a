/** Reads the runs without an expected start, which no bound on that field finds. */
import { plural } from '../contract/fields.ts';
import type { Row } from '../prefect/client.ts';
import { scanAnchored } from './anchored.ts';
import { END_OF_TIME } from './keyset.ts';
import type { RunEntity } from './pass.ts';
import type { Source } from './source.ts';

/** Rows of the first look: most servers have no such runs, and a whole page to see that takes a server 50 ms. */
const FEW = 10;
/** Ids in one count: a body of 40 kB. */
const PORTION = 1000;
/** Times that the pages are read before everything is read by id. Each time adds to what was seen, and ties come in another order. */
const ATTEMPTS = 3;

/**
 * Nulls lead the ascending order on SQLite and the descending one on Postgres, so one page of each shows them. A page that holds a time as
 * well holds all of them. When a page holds nothing else, the pages after it are read by offset until one holds a time. Ties have no order
 * that a server promises, so pages may repeat rows and miss others; `holdsAll` tells. Only when it does not, everything is read by id.
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
    const seen = new Set<string>();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const places = await pageThrough(source, entity, order, seen, take);
      const whole = await holdsAll(source, entity, seen, places);
      if (whole) return;
      if (whole === null) break;
    }
    await scanAnchored(source, { entity, sort: 'ID_DESC', criteria: {} }, take);
    return;
  }
}

/** Adds the ids of the rows to `seen`. Returns the number of places that they took, repeated ones included, without rows that cannot be read. */
async function pageThrough(
  source: Source,
  entity: RunEntity,
  order: string,
  seen: Set<string>,
  take: (rows: Row[]) => Promise<void>,
): Promise<number> {
  let places = 0;
  for (let offset = 0; ;) {
    const { without, full, limit } = await nullsAt(source, entity, order, offset, Infinity);
    const fresh = without.filter(({ value }) => !seen.has(value.id));
    for (const { value } of fresh) seen.add(value.id);
    if (fresh.length > 0) await take(fresh);
    places += without.length;
    if (!full) return places;
    offset += limit;
  }
}

/**
 * True when `seen` has every row without expected start that existed as the last page was answered. That page shows where they end, so there
 * were `places` of them, or fewer; and as many of `seen` still exist without a start, hence existed then. Rows with a start, which come and
 * go all the time, do not enter into it. A row that gets its start meanwhile is counted as one of them first: this errs towards false.
 * null: the server does not tell.
 */
async function holdsAll(
  source: Source,
  entity: RunEntity,
  seen: ReadonlySet<string>,
  places: number,
): Promise<boolean | null> {
  const ids = [...seen];
  let there = 0;
  for (let from = 0; from < ids.length; from += PORTION) {
    const id = { any_: ids.slice(from, from + PORTION) };
    const timed = await source.count(entity, {
      [plural[entity]]: { id, expected_start_time: { before_: END_OF_TIME } },
    });
    const all = timed === null ? null : await source.count(entity, { [plural[entity]]: { id } });
    if (timed === null || all === null) return null;
    there += all - timed;
  }
  return there === places;
}

/** The rows without expected start on this page; `full`: it has no others, and more may follow. */
async function nullsAt(source: Source, entity: RunEntity, order: string, offset: number, atMost: number) {
  const { rows, full, limit } = await source.page(entity, `EXPECTED_START_TIME_${order}`, {}, offset, {}, { atMost });
  const without = rows.filter(({ value }) => typeof value.expected_start_time !== 'string');
  return { limit, without, full: full && without.length === rows.length };
}

/** Reads the runs without an expected start, which no bound on that field finds. */
import type { Row } from '../prefect/client.ts';
import { scanAnchored } from './anchored.ts';
import type { Source } from './source.ts';

/** Rows of the first look: most servers have no such runs, and a whole page to see that takes a server 50 ms. */
const FEW = 10;

/**
 * Nulls lead the ascending order on SQLite and the descending one on Postgres, so one page of each shows them.
 * When a page holds nothing else, there may be more of them, and everything is read by id: expensive, and not seen on a real server yet.
 */
export async function readNullStarts(
  source: Source,
  entity: 'task_run' | 'flow_run',
  take: (rows: Row[]) => Promise<void>,
): Promise<void> {
  for (const order of ['ASC', 'DESC']) {
    let { without, full } = await head(source, entity, order, FEW);
    if (full) ({ without, full } = await head(source, entity, order, Infinity));
    if (full) {
      await scanAnchored(source, { entity, sort: 'ID_DESC', criteria: {} }, take);
      return;
    }
    if (without.length > 0) await take(without);
  }
}

/** The rows without expected start at the top of this order; `full`: the whole page has none, and more may follow. */
async function head(source: Source, entity: 'task_run' | 'flow_run', order: string, atMost: number) {
  const { rows, limit } = await source.page(entity, `EXPECTED_START_TIME_${order}`, {}, 0, {}, atMost);
  const without = rows.filter(({ value }) => typeof value.expected_start_time !== 'string');
  return { without, full: without.length >= limit };
}

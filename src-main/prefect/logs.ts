/** Log lines of task runs, read forward in time. */
import type { LogLine } from '../contract/rows.ts';
import { parseTime } from '../contract/time.ts';
import type { AskOptions, PrefectClient } from './client.ts';
import { logListSchema } from './wire.ts';

/** Lines. A run that logs more is cut, and says so; its first lines are the ones kept. */
const MOST_LINES = 10_000;
/** Lines several runs are read together for; a run that logs more than its neighbours goes on by itself. */
const MOST_TOGETHER = 2_000;

export type RunLogs = { lines: LogLine[]; truncated: boolean };

type Reading = {
  ids: readonly string[];
  limit: number;
  options: AskOptions;
  /** what is read so far, by run and by line id */
  lines: Map<string, Map<string, LogLine>>;
  /** the server's own text of the last line's time; everything before it is read */
  after: string | null;
};

export async function readLogs(
  client: PrefectClient,
  ids: readonly string[],
  limit: number,
  options: AskOptions,
): Promise<Map<string, RunLogs>> {
  const lines = new Map(ids.map((id) => [id, new Map<string, LogLine>()]));
  const together: Reading = { ids, limit, options, lines, after: null };
  const alone = ids.length === 1;
  const all = await readOn(client, together, alone ? MOST_LINES : MOST_TOGETHER);
  const result = new Map<string, RunLogs>();
  for (const id of ids) {
    const whole = all || alone ? all : await readOn(client, { ...together, ids: [id] }, MOST_LINES);
    result.set(id, { lines: [...(lines.get(id)?.values() ?? [])], truncated: !whole });
  }
  return result;
}

/**
 * True when the server has no further line. Bounds are inclusive times, not offsets: deep offsets are slow, and lines of one
 * time have no order of their own, so that pages cut among them could lose some.
 */
async function readOn(client: PrefectClient, reading: Reading, most: number): Promise<boolean> {
  const { ids, limit, options, lines } = reading;
  const count = () => ids.reduce((sum, id) => sum + (lines.get(id)?.size ?? 0), 0);
  for (let offset = 0; count() < most;) {
    const timestamp = reading.after === null ? {} : { timestamp: { after_: reading.after } };
    const body = { logs: { task_run_id: { any_: ids }, ...timestamp }, sort: 'TIMESTAMP_ASC', limit, offset };
    const page = await client.ask(logListSchema, { method: 'POST', path: '/logs/filter', body }, options);
    for (const { task_run_id, id, name, level, message, timestamp } of page) {
      const owner = ids.length === 1 ? ids[0] : task_run_id;
      lines.get(owner ?? '')?.set(id, { id, name, level, message, timestamp: parseTime(timestamp) ?? 0 });
    }
    if (page.length < limit) return true;
    const last = page.at(-1)?.timestamp ?? null;
    // a page of one time and nothing else: no bound gets past it
    offset = last === reading.after ? offset + limit : 0;
    reading.after = last;
  }
  return false;
}

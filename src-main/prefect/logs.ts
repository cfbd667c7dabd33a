/** Log lines of task runs: read forward in time, and of a run that logs too much also backward from its end. */
import type { LogLine } from '../contract/rows.ts';
import { parseTime } from '../contract/time.ts';
import type { AskOptions, PrefectClient } from './client.ts';
import { logListSchema } from './wire.ts';

/** Lines of each end of a run that are kept: how it began and how it failed are what is looked for. */
const MOST_OF_AN_END = 5_000;
/** Lines several runs are read together for; a run that logs more than its neighbours goes on by itself. */
const MOST_TOGETHER = 2_000;

/** `gap`: the server has further lines after the one with this id, then come the last ones; null: all are here. */
export type RunLogs = { lines: LogLine[]; gap: string | null };

type Reading = {
  ids: readonly string[];
  limit: number;
  options: AskOptions;
  sort: 'TIMESTAMP_ASC' | 'TIMESTAMP_DESC';
  /** what is read so far, by run and by line id */
  lines: Map<string, Map<string, LogLine>>;
  /** the server's own text of the last line's time; everything on this side of it is read */
  edge: string | null;
};

export async function readLogs(
  client: PrefectClient,
  ids: readonly string[],
  limit: number,
  options: AskOptions,
): Promise<Map<string, RunLogs>> {
  const none = () => new Map(ids.map((id) => [id, new Map<string, LogLine>()]));
  const together: Reading = { ids, limit, options, sort: 'TIMESTAMP_ASC', lines: none(), edge: null };
  const alone = ids.length === 1;
  const all = await readOn(client, together, alone ? MOST_OF_AN_END : MOST_TOGETHER);
  const result = new Map<string, RunLogs>();
  for (const id of ids) {
    const forward = { ...together, ids: [id] };
    const whole = all || (!alone && (await readOn(client, forward, MOST_OF_AN_END)));
    const first = together.lines.get(id) ?? new Map<string, LogLine>();
    const backward: Reading = { ...forward, sort: 'TIMESTAMP_DESC', lines: none(), edge: null };
    const met = whole || (await readOn(client, backward, MOST_OF_AN_END, first));
    const last = [...(backward.lines.get(id)?.values() ?? [])].filter((line) => !first.has(line.id)).reverse();
    const gap = met ? null : ([...first.keys()].at(-1) ?? null);
    result.set(id, { lines: [...first.values(), ...last], gap });
  }
  return result;
}

/**
 * True when the server has no further line in this direction, or all further ones are in `met`. Bounds are inclusive times, not
 * offsets: deep offsets are slow, and lines of one time have no order of their own, so that pages cut among them could lose some.
 */
async function readOn(
  client: PrefectClient,
  reading: Reading,
  most: number,
  met?: ReadonlyMap<string, LogLine>,
): Promise<boolean> {
  const { ids, limit, options, lines, sort } = reading;
  const bound = sort === 'TIMESTAMP_ASC' ? 'after_' : 'before_';
  const count = () => ids.reduce((sum, id) => sum + (lines.get(id)?.size ?? 0), 0);
  for (let offset = 0; count() < most;) {
    const timestamp = reading.edge === null ? {} : { timestamp: { [bound]: reading.edge } };
    const body = { logs: { task_run_id: { any_: ids }, ...timestamp }, sort, limit, offset };
    const page = await client.ask(logListSchema, { method: 'POST', path: '/logs/filter', body }, options);
    for (const { task_run_id, id, name, level, message, timestamp } of page) {
      const owner = ids.length === 1 ? ids[0] : task_run_id;
      lines.get(owner ?? '')?.set(id, { id, name, level, message, timestamp: parseTime(timestamp) ?? 0 });
    }
    const last = page.at(-1);
    if (page.length < limit || (last && met?.has(last.id))) return true;
    // a page of one time and nothing else: no bound gets past it
    offset = last?.timestamp === reading.edge ? offset + limit : 0;
    reading.edge = last?.timestamp ?? null;
  }
  return false;
}

/** Reads log lines of task runs, or those of a flow run that belong to no task run: forward in time, and of a run with too many lines also backward from its end. */
import { LINES_AT_ONCE, MOST_LINES, type ActivityOwner, type LogLine } from '../contract/run.ts';
import { formatTimeLikePrefect, parseTime } from '../contract/time.ts';
import type { AskOptions, PrefectClient } from './client.ts';
import { logListSchema } from './wire.ts';

/** Lines read of each end of a run at first: people look for how it began and how it failed. The lines between come after them. */
const MOST_OF_AN_END = 5_000;
/** Lines up to which several runs are read together; runs with more are then read one by one. */
const MOST_TOGETHER = 2_000;
/** A run's lines are counted up to here; a server that ignores offsets would have no end. */
const MOST_COUNTED = MOST_LINES * 4;

/** `gap`: id of the line after which lines are missing, before the last ones; null: all lines are here. `count`: the server's lines, when some are missing. */
type RunLogs = { lines: LogLine[]; gap: string | null; count: number | null };

/** Which lines of one run to read: those from `after` (µs) on, since earlier ones are kept. `rest`: many of them, and not the run's end. */
export type LogSpan = { after: number | null; rest: boolean };

type Reading = {
  of: ActivityOwner;
  ids: readonly string[];
  limit: number;
  options: AskOptions;
  sort: 'TIMESTAMP_ASC' | 'TIMESTAMP_DESC';
  /** lines read so far, by run id and by line id */
  lines: Map<string, Map<string, LogLine>>;
  /** the server's own text of the last line's time; all lines up to it are read */
  edge: string | null;
};

/** The criterion of a body. */
const linesOf = (of: ActivityOwner, ids: readonly string[]) =>
  of === 'task_run' ? { task_run_id: { any_: ids } } : { flow_run_id: { any_: ids }, task_run_id: { is_null_: true } };

/** `span` is for one run. Lines of several runs are read from their beginning. */
export async function readLogs(
  client: PrefectClient,
  ids: readonly string[],
  limit: number,
  options: AskOptions,
  { after, rest }: LogSpan = { after: null, rest: false },
  of: ActivityOwner = 'task_run',
): Promise<Map<string, RunLogs>> {
  const none = () => new Map(ids.map((id) => [id, new Map<string, LogLine>()]));
  const edge = after === null ? null : formatTimeLikePrefect(after);
  const together: Reading = { of, ids, limit, options, sort: 'TIMESTAMP_ASC', lines: none(), edge };
  const alone = ids.length === 1;
  const most = rest ? LINES_AT_ONCE : MOST_OF_AN_END;
  const all = await readOn(client, together, alone ? most : MOST_TOGETHER);
  const result = new Map<string, RunLogs>();
  for (const id of ids) {
    const forward = { ...together, ids: [id] };
    const whole = all || (!alone && (await readOn(client, forward, most)));
    const first = together.lines.get(id) ?? new Map<string, LogLine>();
    const lastRead = [...first.keys()].at(-1) ?? null;
    if (whole || rest) {
      result.set(id, { lines: [...first.values()], gap: whole ? null : lastRead, count: null });
      continue;
    }
    // some lines of the edge's own time may be missing: a page can end among them
    const before = forward.edge === null ? null : parseTime(forward.edge);
    const backward: Reading = { ...forward, sort: 'TIMESTAMP_DESC', lines: none(), edge: null };
    const met = await readOn(client, backward, MOST_OF_AN_END, before);
    const last = [...(backward.lines.get(id)?.values() ?? [])].filter((line) => !first.has(line.id)).reverse();
    const lines = [...first.values(), ...last];
    const count = met ? null : await countLogs(client, of, id, lines.length, options);
    result.set(id, { lines, gap: met ? null : lastRead, count });
  }
  return result;
}

/**
 * How many lines the server has of a run; Prefect has no count of them. It has at least `least`; more than MOST_COUNTED are not counted. A line is asked for at growing
 * offsets until there is none, and the place between is halved: 10 to 30 requests of one line.
 */
async function countLogs(
  client: PrefectClient,
  of: ActivityOwner,
  id: string,
  least: number,
  options: AskOptions,
): Promise<number> {
  const hasLine = async (offset: number): Promise<boolean> => {
    const body = { logs: linesOf(of, [id]), sort: 'TIMESTAMP_ASC', limit: 1, offset };
    return (await client.ask(logListSchema, { method: 'POST', path: '/logs/filter', body }, options)).length > 0;
  };
  let [low, high] = [least, least * 2];
  while (high < MOST_COUNTED && (await hasLine(high))) [low, high] = [high, Math.min(high * 2, MOST_COUNTED)];
  // line number `low` exists or is the first that is not known, line number `high` does not exist or is the last that is counted
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await hasLine(middle)) low = middle + 1;
    else high = middle;
  }
  return high;
}

/**
 * Reads until `most` lines are there. Returns true when the server has no further line in this direction, or only lines from before `known`
 * (µs). Pages are bounded by inclusive times and not by offsets: deep offsets are slow, and lines of one time have no fixed order, so pages
 * cut among them could lose some. The first page at an edge may repeat the page before it; a second page without a new line is from a server that
 * ignores bounds or offsets, and ends the reading as if there were no further line.
 */
async function readOn(
  client: PrefectClient,
  reading: Reading,
  most: number,
  known: number | null = null,
): Promise<boolean> {
  const { of, ids, limit, options, lines, sort } = reading;
  const bound = sort === 'TIMESTAMP_ASC' ? 'after_' : 'before_';
  const count = () => ids.reduce((sum, id) => sum + (lines.get(id)?.size ?? 0), 0);
  const seen = new Set<string>();
  let stale = 0;
  for (let offset = 0; count() < most;) {
    const timestamp = reading.edge === null ? {} : { timestamp: { [bound]: reading.edge } };
    const body = { logs: { ...linesOf(of, ids), ...timestamp }, sort, limit, offset };
    const page = await client.ask(logListSchema, { method: 'POST', path: '/logs/filter', body }, options);
    const before = seen.size;
    for (const { task_run_id, id, name, level, message, timestamp } of page) {
      const own = lines.get((ids.length === 1 ? ids[0] : task_run_id) ?? '');
      seen.add(id);
      // a server that does not heed `is_null_` sends the lines of task runs too
      if (!own || (of === 'flow_run' && typeof task_run_id === 'string')) continue;
      own.set(id, { id, name, level, message, timestamp: parseTime(timestamp) ?? 0 });
    }
    const last = page.at(-1);
    stale = seen.size === before ? stale + 1 : 0;
    if (page.length < limit || stale > 1) return true;
    if (last && known !== null && (parseTime(last.timestamp) ?? Infinity) < known) return true;
    // all lines of the page have one time: only an offset gets past it
    offset = last?.timestamp === reading.edge ? offset + limit : 0;
    reading.edge = last?.timestamp ?? null;
  }
  return false;
}

/** A run's state history and logs, read when it is opened. */
import type { LogLine, RunActivity } from '../contract/rows.ts';
import { parseTime } from '../contract/time.ts';
import { USUAL_PAGE_LIMIT, type AskOptions, type PrefectClient } from './client.ts';
import { logListSchema, stateListSchema } from './wire.ts';

/** Lines. A run that logs more is cut, and says so; its first lines are the ones kept. */
const MOST_LOGS = 10_000;

/** Urgent: a person has just opened the run. Throws the client's errors; a run the server does not know has empty lists. */
export async function fetchActivity(client: PrefectClient, id: string, signal?: AbortSignal): Promise<RunActivity> {
  const options: AskOptions = { urgent: true, ...(signal ? { signal } : {}) };
  // the one path with a slash at its end: without it the server redirects
  const path = `/task_run_states/?task_run_id=${encodeURIComponent(id)}`;
  const [states, logs] = await Promise.all([
    client.ask(stateListSchema, { method: 'GET', path }, options),
    readLogs(client, id, options),
  ]);
  return {
    history: states.map((state) => ({
      id: state.id,
      type: state.type,
      name: state.name ?? state.type,
      timestamp: parseTime(state.timestamp) ?? 0, // the schema has checked that it is a time
      message: state.message ?? null,
    })),
    ...logs,
    artifacts: [],
    fetched: Date.now() * 1000,
    problem: null,
  };
}

async function readLogs(
  client: PrefectClient,
  id: string,
  options: AskOptions,
): Promise<{ logs: LogLine[]; truncated: boolean }> {
  const logs: LogLine[] = [];
  const seen = new Set<string>();
  const limit = Math.min(USUAL_PAGE_LIMIT, await client.pageLimit(options));
  // logs only grow at their end, so offsets by ascending time do not shift; ties may, hence the ids
  for (let offset = 0; logs.length < MOST_LOGS; offset += limit) {
    const body = { logs: { task_run_id: { any_: [id] } }, sort: 'TIMESTAMP_ASC', limit, offset };
    const page = await client.ask(logListSchema, { method: 'POST', path: '/logs/filter', body }, options);
    for (const line of page) {
      if (seen.has(line.id)) continue;
      seen.add(line.id);
      logs.push({ ...line, timestamp: parseTime(line.timestamp) ?? 0 });
    }
    if (page.length < limit) return { logs, truncated: false };
  }
  return { logs, truncated: true };
}

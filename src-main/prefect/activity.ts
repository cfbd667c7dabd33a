/** Fetches state history, logs and artifacts of task runs, of one that a person opens or of several together, and of a flow run itself. */
import { toWireError, type AppError } from '../contract/errors.ts';
import type { ActivityOwner, ActivityPart, Artifact, RunActivity, StateHistory } from '../contract/run.ts';
import { parseTime } from '../contract/time.ts';
import { readArtifacts } from './artifacts.ts';
import { USUAL_PAGE_LIMIT, type AskOptions, type PrefectClient } from './client.ts';
import { isRunFailure } from './failures.ts';
import { readLogs, type LogSpan } from './logs.ts';
import { stateListSchema } from './wire.ts';

/** Further attempts at a part that fails: a person waits for the others, and with the SDK's number of them for half a minute. */
const FEW_RETRIES = 2;

/**
 * Asks urgently, since a person has just opened the run. `span`: which of its log lines. A run that the server does not know has empty lists.
 * Throws the client's errors.
 */
export async function fetchActivity(
  client: PrefectClient,
  id: string,
  signal?: AbortSignal,
  span?: LogSpan,
  of?: ActivityOwner,
): Promise<RunActivity> {
  const options: AskOptions = { urgent: true, retries: FEW_RETRIES, ...(signal ? { signal } : {}) };
  const limit = Math.min(USUAL_PAGE_LIMIT, await client.pageLimit(options));
  const found = await fetchActivities(client, [id], limit, options, span, of);
  return found.get(id) as RunActivity;
}

/**
 * Returns one activity for each id. Logs and artifacts of all runs come in one request each, histories one by one: for 20 failed runs of a
 * 3.8.8 server 22 requests and 0.12 s instead of 60 and 0.69 s. `limit`: rows in the server's largest page. Of a single run, a part that
 * cannot be read is named in `missed` as long as another part was read; of several runs, it fails all of them, since one may be the cause.
 */
export async function fetchActivities(
  client: PrefectClient,
  ids: readonly string[],
  limit: number,
  options: AskOptions,
  span?: LogSpan,
  of: ActivityOwner = 'task_run',
): Promise<Map<string, RunActivity>> {
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const asked: AskOptions = { ...options, signal };
  const histories = async () => {
    const all = new Map<string, StateHistory>();
    for (const id of ids) all.set(id, await readHistory(client, id, of, asked));
    return all;
  };
  const none = () => Promise.resolve(new Map<string, Artifact[]>());
  const missed: Partial<Record<ActivityPart, AppError>> = {};
  const part = async <T>(name: ActivityPart, reading: Promise<Map<string, T>>): Promise<Map<string, T>> => {
    try {
      return await reading;
    } catch (thrown) {
      if (ids.length > 1 || !isRunFailure(thrown)) throw thrown;
      missed[name] = thrown;
      return new Map();
    }
  };
  try {
    const [history, logs, artifacts] = await Promise.all([
      part('history', histories()),
      part('logs', readLogs(client, ids, limit, asked, span, of)),
      part('artifacts', of === 'task_run' ? readArtifacts(client, ids, limit, asked) : none()),
    ]);
    if (missed.history && missed.logs && missed.artifacts) throw missed.history;
    const why = Object.fromEntries(Object.entries(missed).map(([name, error]) => [name, toWireError(error)]));
    const fetched = Date.now() * 1000;
    return new Map(
      ids.map((id) => [
        id,
        {
          history: history.get(id) ?? [],
          logs: logs.get(id)?.lines ?? [],
          artifacts: artifacts.get(id) ?? [],
          gap: logs.get(id)?.gap ?? null,
          kept: logs.get(id)?.lines.length ?? 0,
          count: logs.get(id)?.count ?? null,
          fetched,
          problem: null,
          missed: why,
        },
      ]),
    );
  } catch (thrown) {
    failed.abort(); // the other two stop
    throw thrown;
  }
}

async function readHistory(
  client: PrefectClient,
  id: string,
  of: ActivityOwner,
  options: AskOptions,
): Promise<StateHistory> {
  // the only paths that end in a slash: without it the server redirects
  const path = `/${of}_states/?${of}_id=${encodeURIComponent(id)}`;
  const states = await client.ask(stateListSchema, { method: 'GET', path }, options);
  return states.map((state) => ({
    id: state.id,
    type: state.type,
    name: state.name ?? state.type,
    timestamp: parseTime(state.timestamp) ?? 0, // the schema has checked that it is a time
    message: state.message ?? null,
  }));
}

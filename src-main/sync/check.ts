/** Checks one question with the server: how many runs it has, and, where that differs or runs are few, which ones. Differing runs are read anew. */
import { AppError } from '../contract/errors.ts';
import type { Check } from '../contract/sync.ts';
import type { PrefectClient, Row } from '../prefect/client.ts';
import { scanAnchored } from './anchored.ts';
import type { Sink } from './sink.ts';
import { Source } from './source.ts';

/** Rows. Up to here the rows are compared even when the counts are equal: five requests. */
const FEW = 1000;
/** Most rows read, or asked for by id, to find what differs: a hundred requests. */
const MOST = 20_000;
/** Ids named of each kind. */
const NAMED = 200;

export type CheckOptions = {
  client: PrefectClient;
  sink: Sink;
  signal: AbortSignal;
  /** filters of /task_runs/count; null when Prefect has none for the question */
  body: Record<string, unknown> | null;
  /** of the task runs that match here and are not gone */
  ids: readonly string[];
  /** how many match; more than `ids` when those are cut */
  count: number;
};
export type Checked = Omit<Check, 'before' | 'after'>;

/** Throws the client's errors and the sink's. */
export async function checkQuestion({ client, sink, signal, body, ids, count }: CheckOptions): Promise<Checked> {
  const options = { signal, urgent: true };
  const source = new Source(client, await client.pageLimit(options), options);
  const differing = new Differing(sink);
  const server = body === null ? null : await countThere(client, body, options);
  const clock = () => source.clock ?? Date.now() * 1000;
  const done = (more: boolean): Checked => ({
    ...differing.named(),
    exact: server !== null,
    server,
    more,
    at: clock(),
  });

  let unseen: readonly string[] = ids;
  if (body !== null && server !== null) {
    if (server === count && server > FEW) return done(false);
    if (Math.max(server, count) > MOST) return done(true);
    const { task_runs = {}, ...others } = body;
    const scan = {
      entity: 'task_run' as const,
      sort: 'ID_DESC',
      criteria: task_runs as Record<string, unknown>,
      others,
    };
    const seen = await scanAnchored(source, scan, (rows) => differing.take(rows));
    unseen = ids.filter((id) => !seen.has(id));
  }
  const looked = unseen.slice(0, MOST);
  const missing = await source.byIds('task_run', looked, (rows) => differing.take(rows));
  if (missing.length > 0) await sink.markGone('task_run', missing, clock());
  differing.gone.push(...missing);
  return done(looked.length < unseen.length || ids.length < count);
}

/** null: this server has no such filter, as older ones may not. */
async function countThere(
  client: PrefectClient,
  body: Record<string, unknown>,
  options: { signal: AbortSignal; urgent: boolean },
): Promise<number | null> {
  try {
    return await client.count('task_run', body, options);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'SERVER_REJECTED') return null;
    throw thrown;
  }
}

class Differing {
  readonly #sink: Sink;
  readonly added: string[] = [];
  readonly changed: string[] = [];
  readonly gone: string[] = [];

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  async take(rows: Row[]): Promise<void> {
    if (rows.length === 0) return;
    const found = await this.#sink.differing?.('task_run', rows);
    const { refused = [] } = await this.#sink.write([{ entity: 'task_run', rows }], {});
    if (!found) return;
    // a row that cannot be kept differs still; the next sync names it
    const isKept = (id: string) => !refused.some((one) => one.id === id);
    this.added.push(...found.missing.filter(isKept));
    this.changed.push(...found.changed.filter(isKept));
  }

  named(): Pick<Check, 'added' | 'changed' | 'gone'> {
    const first = (ids: string[]) => ids.slice(0, NAMED);
    return { added: first(this.added), changed: first(this.changed), gone: first(this.gone) };
  }
}

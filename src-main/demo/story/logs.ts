/** Log lines and artifacts of a run, made from its states so that they agree. Times in µs. */
import { codeOf, runHistory, taskHistory, type State } from './history.ts';
import { hash, pickBy, unit } from './random.ts';
import type { Story } from './story.ts';
import { flowRunName } from './names.ts';
import { text, type JsonRow } from '../json.ts';
import { taskName } from '../server/wire-rows.ts';

export type Line = { at: number; level: number; message: string; logger: string };

const INFO = 20;
const WARNING = 30;
const ERROR = 40;
const DEBUG = 10;

const work = [
  'Reading {n} rows from {thing}',
  'Wrote {n} rows to lake/{thing}/part-{m}.parquet',
  'Page {m}: {n} items, next cursor eyJpZCI6{n}',
  'Joined {thing} with {n} keys',
  '{thing}: checksum ok ({n} bytes)',
  'Skipping {m} duplicates in {thing}',
  'Connected to {thing} in {m} ms',
];
const things = ['orders', 'customers', 'payments', 'invoices', 'events', 'inventory', 'sessions', 'shipments'];

function workLine(seed: number, n: number): string {
  return pickBy(work, hash(seed, n, 1))
    .replaceAll('{n}', String(40 + (hash(seed, n, 2) % 90_000)))
    .replaceAll('{m}', String(2 + (hash(seed, n, 3) % 60)))
    .replaceAll('{thing}', pickBy(things, hash(seed, n, 4)));
}

/** Lines of the running code between two states; a longer run logs more, up to 40 lines an attempt. */
function workLines(seed: number, from: number, to: number, logger: string): Line[] {
  const seconds = (to - from) / 1e6;
  const count = Math.min(40, 1 + Math.floor(Math.log2(1 + seconds) * 1.6));
  return Array.from({ length: count }, (_, n) => {
    const draw = unit(seed, n, 5);
    const level = draw < 0.06 ? WARNING : draw < 0.2 ? DEBUG : INFO;
    const message = level === WARNING ? `Slow response (${(1 + draw * 90).toFixed(1)} s), going on` : workLine(seed, n);
    return { at: Math.round(from + ((to - from) * (n + 0.5)) / count), level, message, logger };
  });
}

function finished(state: State): string {
  const words = state.message?.split('\n')[0];
  return `Finished in state ${state.name}(${words ? JSON.stringify(words) : ''})`;
}

function linesOf(
  states: State[],
  seed: number,
  now: number,
  logger: string,
  retries: number,
  retryDelay: number,
): Line[] {
  const lines: Line[] = [];
  let attempt = 0;
  for (const [i, state] of states.entries()) {
    const next = states[i + 1];
    if (state.type === 'RUNNING') {
      attempt += 1;
      // a lost run logs nothing after its first minute
      lines.push(...workLines(hash(seed, attempt), state.at, next?.at ?? Math.min(now, state.at + 60e6), logger));
    }
    if (state.name === 'AwaitingRetry' || state.name === 'Failed') {
      const raised = /^Task run encountered an exception ([\s\S]*?)\n\n(Traceback[\s\S]*)$/.exec(state.message ?? '');
      if (raised) {
        const more =
          state.name === 'Failed'
            ? retries > 0
              ? 'Retries are exhausted'
              : 'No retries configured for this task.'
            : `Retry ${attempt}/${retries} will start ${retryDelay} second(s) from now`;
        lines.push({
          at: state.at - 900,
          level: ERROR,
          logger,
          message: `Task run failed with exception: ${raised[1]} - ${more}\n${raised[2]}`,
        });
      }
    }
    if (state.name === 'TimedOut' || state.type === 'CRASHED')
      lines.push({ at: state.at - 900, level: ERROR, logger, message: state.message ?? '' });
    if (['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'].includes(state.type)) {
      const level = state.type === 'COMPLETED' ? INFO : state.type === 'CANCELLED' ? WARNING : ERROR;
      lines.push({ at: state.at, level, logger, message: finished(state) });
    }
  }
  return lines.filter((line) => line.at <= now).sort((a, b) => a.at - b.at);
}

export function taskLines(story: Story, task: number, now: number): Line[] {
  if (story.child(task) >= 0) return [];
  const spec = story.taskSpec(task);
  return linesOf(
    taskHistory(story, task),
    hash(story.seed, task, 101),
    now,
    'prefect.task_runs',
    spec.retries,
    spec.retryDelay,
  );
}

/** The flow's own lines, without those of its tasks. */
export function runLines(story: Story, run: number, now: number): Line[] {
  const lines = linesOf(runHistory(story, run), hash(story.seed, run, 102), now, 'prefect.flow_runs', 0, 0);
  const start = story.runs.at.start[run];
  if (start <= now)
    lines.unshift({
      at: start,
      level: INFO,
      logger: 'prefect.flow_runs',
      message: `Beginning flow run '${flowRunName(story.seed, run)}'`,
    });
  return lines;
}

/** A log row as the server writes it. `salt` keeps the ids of two runs apart. */
export function logJson(
  line: Line,
  salt: number,
  n: number,
  owner: { task: string | null; run: string | null },
): JsonRow {
  const millis = Math.floor(line.at / 1000)
    .toString(16)
    .padStart(12, '0');
  const hex = (k: number) => hash(salt, n, k).toString(16).padStart(8, '0');
  const variant = ((hash(salt, n, 3) & 0x3fffffff) + 0x80000000).toString(16);
  return {
    id: `${millis.slice(0, 8)}-${millis.slice(8)}-7${hex(1).slice(1, 4)}-${variant.slice(0, 4)}-${variant.slice(4)}${hex(2)}`,
    created: text(line.at + 1_200_000),
    updated: text(line.at + 1_200_000),
    name: line.logger,
    level: line.level,
    message: line.message,
    timestamp: text(line.at),
    flow_run_id: owner.run,
    task_run_id: owner.task,
  };
}

/** Null for a task that makes no artifact or has not completed. */
export function artifactJson(story: Story, task: number, now: number): JsonRow | null {
  const spec = story.taskSpec(task);
  const end = story.tasks.at.end[task];
  if (!spec.artifact || !(end <= now) || story.outcome(story.tasks.at.outcome[task]) !== 'Completed') return null;
  const run = story.tasks.at.run[task];
  const code = codeOf(story, task);
  const table = things
    .slice(0, 4)
    .map((thing, n) => ({ table: thing, rows: hash(story.seed, task, n) % 90_000, ok: true }));
  return {
    id: story.deploymentIds.v4(100_000 + task),
    created: text(end),
    updated: text(end),
    key: `${code.function.replaceAll('_', '-')}-report`,
    type: spec.artifact,
    description: `Made by ${taskName(story, task, spec)}`,
    data:
      spec.artifact === 'table'
        ? JSON.stringify(table)
        : `## ${code.function}\n\n${table.map((row) => `- **${row.table}**: ${row.rows} rows`).join('\n')}\n`,
    metadata_: null,
    flow_run_id: run < 0 ? null : story.runId(run),
    task_run_id: story.taskId(task),
  };
}

/** `taskscope sync`: brings a workspace's archive up to date, once or, with --watch, until stopped. */
import { skippedWords } from '../../../contract/skipped-words.ts';
import { METERED_EVERY, type Skipped, type SyncStatus } from '../../../contract/sync.ts';
import { pause } from '../../../contract/time.ts';
import type { App } from '../../../core/app.ts';
import { AppError, fromWireError } from '../../../contract/errors.ts';
import { DONE, FAILED, print, Progress, say, sayError, untilStopped, UsageError } from '../../terminal.ts';
import { common, parse, withApp, workspaceOf, type Command } from './options.ts';

const EVERY = 30; // s between two syncs of --watch when the workspace says "only when asked"

const options = {
  ...common,
  since: { type: 'string' },
  all: { type: 'boolean' },
  watch: { type: 'boolean' },
} as const;

export const sync: Command = (args) => {
  const { values } = parse({ args, options });
  if (values.since !== undefined && values.all) throw new UsageError('--since and --all exclude each other');
  const back = values.since === undefined ? null : spanMicros(values.since);
  const since = values.all ? 0 : back === null ? null : Date.now() * 1000 - back;
  return withApp(values, async (app) => {
    const workspace = await workspaceOf(app, values);
    if (app.readOnly) throw fromWireError(app.readOnly);
    const stopped = untilStopped();
    if (!values.watch) return once(app, workspace, since, stopped);
    const entry = app.workspaces.get(workspace);
    const every = Math.max(app.archives.syncEvery(entry) || EVERY, entry.metered ? METERED_EVERY : 0) * 1000;
    for (let first = true; !stopped.aborted; first = false) {
      // --watch waits for a server that cannot be reached
      const code = await once(app, workspace, first ? since : null, stopped);
      if (first && code === FAILED && !stopped.aborted) say(`Trying again every ${every / 1000} s.`);
      await pause(every, stopped);
    }
    return DONE;
  });
};

/** `30d`, `12h`, `45m`, `2w` to µs. */
function spanMicros(text: string): number {
  const match = /^(\d+)([mhdw])$/.exec(text);
  if (!match) throw new UsageError(`--since takes a span such as 30d, 12h or 2w, not ${text}`);
  const minutes = { m: 1, h: 60, d: 1440, w: 10_080 }[match[2] as 'm' | 'h' | 'd' | 'w'];
  return Number(match[1]) * minutes * 60_000_000;
}

/** Runs one sync and prints its result as one JSON line. */
async function once(app: App, workspace: string, since: number | null, stopped: AbortSignal): Promise<number> {
  const archive = await app.archive(workspace);
  if (archive.notice) sayError(archive.notice);
  const ended = new AbortController();
  const cancel = () => void archive.cancelSync();
  stopped.addEventListener('abort', cancel, { once: true });
  const progress = new Progress();
  const showing = showProgress(archive.sync.watch(ended.signal, 200), progress);
  try {
    if (stopped.aborted) throw new AppError('CANCELLED', 'stopped');
    archive.startSync(since);
    await archive.settled();
  } finally {
    stopped.removeEventListener('abort', cancel);
    ended.abort();
    await showing;
    progress.end();
  }
  const status = archive.sync.get();
  const { received, task_runs, changed, last_success, resumable } = status;
  const total = (await archive.query.stats({})).task_runs;
  const done = status.step === 'done' && status.phase === 'idle' && !stopped.aborted;
  const skipped = status.skipped.count;
  await print(
    JSON.stringify({ workspace, done, total, received, task_runs, changed, skipped, last_success, resumable }),
  );
  saySkipped(status.skipped);
  if (done) return DONE;
  if (status.problem) sayError(status.problem);
  else if (stopped.aborted) say('Stopped. The next sync goes on from here.');
  return FAILED;
}

/** Names what the archive lacks although the server has it. */
function saySkipped(skipped: Skipped): void {
  if (skipped.count === 0) return;
  say(
    'Could not be read or kept, so each sync goes on without it. The server cannot answer with it, answers with what is no run, or the archive cannot keep it:',
  );
  for (const line of skippedWords(skipped)) say(`  ${line}`);
}

async function showProgress(statuses: AsyncIterable<SyncStatus>, progress: Progress): Promise<void> {
  for await (const { phase, step, task_runs, expected, rate, waiting } of statuses) {
    if (phase !== 'running') continue;
    const of = expected === null ? '' : ` of about ${expected}`;
    const wait = waiting ? `, waiting ${waiting.seconds} s (${waiting.reason})` : '';
    progress.show(`${step.replace('_', ' ')}: ${task_runs}${of} task runs, ${Math.round(rate)} rows/s${wait}`);
  }
}

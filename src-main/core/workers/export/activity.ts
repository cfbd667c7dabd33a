/** Exports of what is kept of runs beside their rows: the log lines or the artifacts of all runs of a question, in its order. */
import type { ExportOptions } from '../../../contract/export.ts';
import { LineChooser } from '../../../contract/log-filter.ts';
import { BEFORE_LINES, LINES_AT_ONCE, type LogLine } from '../../../contract/run.ts';
import { artifactFile, logCsv, logHeader, logJson, logText, type OwnRun } from '../../../export/activity-text.ts';
import type { Chunk } from '../../../export/file.ts';
import { timeFormat } from '../../../contract/local-time.ts';
import type { Snapshot } from './snapshot.ts';

/** Fields by which a line or an artifact names its run. */
export const activityFields = ['id', 'name', 'flow_run.name'];

/** Runs after which a chunk ends, so that others get a turn, and characters of lines after which it does. */
const RUNS = 200;
const TEXT = 1_000_000;
/** How many there are of all runs is not known before the end. */
const total = null;

export function* logChunks(rows: Snapshot, options: ExportOptions): Generator<Chunk> {
  const time = timeFormat(options.time_zone);
  const write = {
    csv: (...[line, run]: Parameters<typeof logText>) => logCsv(line, run, time, options),
    jsonl: logJson,
    text: logText,
  }[options.format as 'csv' | 'jsonl' | 'text'];
  let lines = 0;
  if (options.format === 'csv') yield { chunk: Buffer.from(logHeader(options)), rows: 0, total };
  let text = '';
  const chunk = (): Chunk => {
    const whole = Buffer.from(text);
    text = '';
    return { chunk: whole, rows: lines, total };
  };
  for (const { run, last } of runsOf(rows)) {
    const chooser = options.lines && new LineChooser(options.lines);
    for (const line of linesOf(rows, run.id)) {
      const add = (shown: LogLine) => {
        lines += 1;
        text += write(shown, run, time);
      };
      if (chooser) chooser.take(line, add);
      else add(line);
      if (text.length >= TEXT) yield chunk();
    }
    if (last) yield chunk();
  }
}

/** Part by part: a run may have 200 MB of them. */
function* linesOf({ reader }: Snapshot, id: string): Generator<LogLine> {
  for (let after: typeof BEFORE_LINES | undefined = BEFORE_LINES; after;) {
    const part: LogLine[] = reader.lines(id, after, LINES_AT_ONCE);
    yield* part;
    after = part.at(-1);
  }
}

export function* artifactChunks(rows: Snapshot, options: ExportOptions): Generator<Chunk> {
  let artifacts = 0;
  for (const { run, last } of runsOf(rows)) {
    for (const artifact of rows.reader.activity(run.id, Infinity)?.artifacts ?? []) {
      const { name, text } = artifactFile(artifact, run, options);
      artifacts += 1;
      yield { file: name, chunk: Buffer.from(text), rows: artifacts, total };
    }
    if (last) yield { chunk: Buffer.alloc(0), rows: artifacts, total };
  }
}

/** `last`: the run ends a chunk. */
function* runsOf({ order, frozen }: Snapshot): Generator<{ run: OwnRun; last: boolean }> {
  const [id, name, flowRun] = activityFields.map((path) => frozen.reader(path));
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  for (const [at, rid] of order.entries()) {
    const run = { id: text(id(rid)) ?? '', name: text(name(rid)) ?? '', flow_run: text(flowRun(rid)) };
    yield { run, last: (at + 1) % RUNS === 0 || at + 1 === order.length };
  }
}

/** Exports of what is kept of runs beside their rows: the log lines or the artifacts of all runs of a question, in its order. */
import type { ExportOptions } from '../../contract/export.ts';
import { LineChooser, type LogFilter } from '../../contract/log-filter.ts';
import type { LogLine, RunActivity } from '../../contract/run.ts';
import { artifactFile, logColumns, logCsv, logJson, logText, type OwnRun } from '../../export/activity-text.ts';
import { csvHeader, type CsvOptions } from '../../export/csv.ts';
import type { Chunk } from '../../export/file.ts';
import { timeFormat } from '../../export/local-time.ts';
import type { Snapshot } from './export-snapshot.ts';

/** Fields by which a line or an artifact names its run. */
export const activityFields = ['id', 'name', 'flow_run.name'];

/** Runs looked at together. */
const RUNS = 200;
/** How many there are of all runs is not known before the end. */
const total = null;

export function* logChunks(rows: Snapshot, options: ExportOptions): Generator<Chunk> {
  const time = timeFormat(options.time_zone);
  const csv: CsvOptions = { ...options, time };
  const write = {
    csv: (...[line, run]: Parameters<typeof logText>) => logCsv(line, run, time, csv),
    jsonl: logJson,
    text: logText,
  }[options.format as 'csv' | 'jsonl' | 'text'];
  let lines = 0;
  if (options.format === 'csv') yield { chunk: Buffer.from(csvHeader(logColumns, csv)), rows: 0, total };
  for (const some of activities(rows)) {
    let text = '';
    for (const { run, activity } of some) {
      const shown = options.lines ? linesShown(activity.logs, options.lines) : activity.logs;
      lines += shown.length;
      for (const line of shown) text += write(line, run, time);
    }
    yield { chunk: Buffer.from(text), rows: lines, total };
  }
}

function linesShown(all: readonly LogLine[], filter: LogFilter): LogLine[] {
  const chooser = new LineChooser(filter);
  const shown: LogLine[] = [];
  for (const line of all) chooser.take(line, (one) => shown.push(one));
  return shown;
}

export function* artifactChunks(rows: Snapshot): Generator<Chunk> {
  let artifacts = 0;
  for (const some of activities(rows)) {
    for (const { run, activity } of some)
      for (const artifact of activity.artifacts) {
        const { name, text } = artifactFile(artifact, run);
        artifacts += 1;
        yield { file: name, chunk: Buffer.from(text), rows: artifacts, total };
      }
    yield { chunk: Buffer.alloc(0), rows: artifacts, total };
  }
}

/** The runs of which something is kept. */
function* activities({ order, frozen, reader }: Snapshot): Generator<{ run: OwnRun; activity: RunActivity }[]> {
  const [id, name, flowRun] = activityFields.map((path) => frozen.reader(path));
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  for (let at = 0; at < order.length; at += RUNS) {
    const found = [];
    for (const rid of order.subarray(at, at + RUNS)) {
      const run = { id: text(id(rid)) ?? '', name: text(name(rid)) ?? '', flow_run: text(flowRun(rid)) };
      const activity = reader.activity(run.id);
      if (activity) found.push({ run, activity });
    }
    yield found;
  }
}

/** An archive of chosen runs, made from another one: their rows and those of their parents byte for byte, and what is kept beside them. */
import { rmSync } from 'node:fs';
import { AppError } from '../../contract/errors.ts';
import type { CaseContents } from '../../contract/case-file.ts';
import type { Entity } from '../../contract/fields.ts';
import type { About, Note } from '../../contract/note.ts';
import type { RunActivity } from '../../contract/run.ts';
import type { Engine } from '../../query/engine.ts';
import type { NotesFile } from '../../store/notes/notes-file.ts';
import type { Reader } from '../../store/read/reader.ts';
import { encodeRows } from '../../store/write/encode.ts';
import { openWriter, type Writer } from '../../store/write/writer.ts';
import { nextTurn } from './turn.ts';

/** Rows read and written at once, about 5 ms: questions come in between. */
const PIECE = 100;
const MOST_PARAMETERS = 50;

type Rids = Record<Entity, number[]>;

/** What a case of these runs would hold; an id that is not here is left out. `unread`: runs of which no activity is kept. */
export function caseContents(
  { engine, reader, notes }: { engine: Engine; reader: Reader; notes: NotesFile },
  ids: readonly string[],
): { contents: CaseContents; unread: string[] } {
  const rids = ridsOf(engine, ids);
  const contents: CaseContents = {
    task_runs: rids.task_run.length,
    flow_runs: rids.flow_run.length,
    with_activity: 0,
    states: 0,
    log_lines: 0,
    artifacts: 0,
    parameters: parameterNames(reader.json('flow_run', rids.flow_run)),
    notes: notesOf(engine, notes, ids).length,
  };
  const add = ({ history, kept, artifacts }: RunActivity) => {
    contents.states += history.length;
    contents.log_lines += kept;
    contents.artifacts += artifacts.length;
  };
  for (const rid of rids.flow_run) {
    const own = reader.activity(engine.idOf('flow_run', rid), Infinity);
    if (own) add(own);
  }
  const unread: string[] = [];
  for (const rid of rids.task_run) {
    const id = engine.idOf('task_run', rid);
    const activity = reader.activity(id, Infinity);
    if (activity === null || activity.fetched === null || Object.keys(activity.missed).length > 0) unread.push(id);
    if (activity === null) continue;
    contents.with_activity++;
    add(activity);
  }
  return { contents, unread };
}

/**
 * Writes the archive to `path`, where no file is; yields how many task runs are in it so far. Ended early, it leaves no file. Throws
 * DISK_FULL and FOLDER_READ_ONLY.
 */
export async function* writeCaseArchive(
  engine: Engine,
  reader: Reader,
  { ids, path, activity }: { ids: readonly string[]; path: string; activity: boolean },
  signal: AbortSignal,
): AsyncGenerator<{ done: number; total: number }, void, undefined> {
  const rids = ridsOf(engine, ids);
  let whole = false;
  const writer = openWriter(path, { onChange: () => undefined });
  try {
    for (const entity of ['flow', 'deployment', 'flow_run'] as const)
      for (const piece of pieces(rids[entity])) {
        copyRows(engine, reader, writer, entity, piece);
        if (activity && entity === 'flow_run') copyActivity(engine, reader, writer, entity, piece);
        await nextTurn(signal);
      }
    const total = rids.task_run.length;
    let done = 0;
    yield { done, total };
    for (const piece of pieces(rids.task_run)) {
      copyRows(engine, reader, writer, 'task_run', piece);
      if (activity) copyActivity(engine, reader, writer, 'task_run', piece);
      done += piece.length;
      yield { done, total };
      await nextTurn(signal);
    }
    // who opens it searches it at once
    while (writer.indexTexts()) await nextTurn(signal);
    whole = true;
  } finally {
    writer.close();
    if (!whole) for (const end of ['', '-wal', '-shm', '-journal']) rmSync(path + end, { force: true });
  }
}

/** Texts and bookmarks on these runs, on their flow runs and on their failures. What was marked as seen is this person's own affair. */
export function notesOf(engine: Engine, notes: NotesFile, ids: readonly string[]): Note[] {
  if (notes.size === 0) return [];
  const { task_run, flow_run } = ridsOf(engine, ids);
  const failureOf = engine.accessor('failure');
  const failures = new Set(task_run.map(failureOf).filter((failure) => typeof failure === 'string'));
  const about: About[] = [
    ...task_run.map((rid): About => ({ kind: 'task_run', id: engine.idOf('task_run', rid) })),
    ...flow_run.map((rid): About => ({ kind: 'flow_run', id: engine.idOf('flow_run', rid) })),
    ...[...failures].map((id): About => ({ kind: 'failure', id })),
  ];
  return about
    .flatMap((one) => notes.get(one) ?? [])
    .filter(({ text, bookmarked }) => text !== '' || bookmarked)
    .map((note) => ({ ...note, seen: null }));
}

function* pieces(rids: readonly number[]): Generator<number[]> {
  for (let at = 0; at < rids.length; at += PIECE) yield rids.slice(at, at + PIECE);
}

function copyRows(engine: Engine, reader: Reader, writer: Writer, entity: Entity, rids: readonly number[]): void {
  const rows = reader
    .json(entity, rids)
    .filter((json) => json !== 'null')
    .map((json) => ({ json, value: JSON.parse(json) as Record<string, unknown> }));
  const { refused: [refused] = [] } = writer.write({ batches: [encodeRows(entity, rows)] });
  if (refused) throw new AppError('INTERNAL', `${entity} ${refused.id}: ${refused.reason}`); // a case file has all that was chosen
  const gone = engine.accessor('gone', entity);
  for (const rid of rids) {
    const at = gone(rid);
    if (typeof at === 'number') writer.markGone(entity, [engine.idOf(entity, rid)], at);
  }
}

function copyActivity(
  engine: Engine,
  reader: Reader,
  writer: Writer,
  of: 'task_run' | 'flow_run',
  rids: readonly number[],
): void {
  for (const rid of rids) {
    const id = engine.idOf(of, rid);
    const activity = reader.activity(id);
    if (activity) writer.saveActivity(id, activity, null);
  }
}

/** The runs, the flow runs they belong to or have started, and the flows and deployments of these. Those known by their id only are left out. */
function ridsOf(engine: Engine, ids: readonly string[]): Rids {
  const task_run = known(ids.map((id) => engine.ridOf('task_run', id)));
  const parent = (field: string, from: 'task_run' | 'flow_run', to: Entity) => {
    const idOf = engine.accessor(field, from);
    return (rid: number) => {
      const id = idOf(rid);
      return typeof id === 'string' ? engine.ridOf(to, id) : null;
    };
  };
  const flowRun = parent('flow_run_id', 'task_run', 'flow_run');
  const flow_run = known([
    ...task_run.map(flowRun),
    ...task_run.flatMap((rid) => [...engine.related('task_run', rid, 'subflow_runs')]),
  ]);
  return {
    task_run,
    flow_run,
    flow: known(flow_run.map(parent('flow_id', 'flow_run', 'flow'))),
    deployment: known(flow_run.map(parent('deployment_id', 'flow_run', 'deployment'))),
  };
}

const known = (rids: readonly (number | null)[]): number[] => [...new Set(rids.filter((rid) => rid !== null))];

function parameterNames(rows: readonly string[]): string[] {
  const names = new Set<string>();
  for (const row of rows) {
    const { parameters } = (JSON.parse(row) ?? {}) as { parameters?: unknown };
    if (typeof parameters === 'object' && parameters !== null)
      for (const name of Object.keys(parameters)) names.add(name);
  }
  return [...names].sort().slice(0, MOST_PARAMETERS);
}

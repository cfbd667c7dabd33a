/** Reads a flow run and all its task runs for the flow run view, in pieces short enough that questions are answered in between. */
import { performance } from 'node:perf_hooks';
import { AppError } from '../../contract/errors.ts';
import {
  MOST_MERGED,
  type FlowRunHead,
  type FlowRunLinks,
  type FlowRunItem,
  type FlowRunLine,
  type FlowRunLogs,
  type Subflow,
} from '../../contract/flow-run.ts';
import { BEFORE_LINES } from '../../contract/run.ts';
import type { Engine } from '../../query/engine.ts';
import type { Reader } from '../../store/read/reader.ts';
import { nextTurn } from './turn.ts';

/** Task runs in one piece of columns: 5 ms, and 1 MB on its way to the window. */
const RUNS_PER_PIECE = 2_000;
/** ms for which JSON is read before other questions get a turn. */
const SLICE_MS = 12;
/** Rows whose JSON is read before the clock is looked at. */
const STEP = 50;
/** Most lines of one task run in the merged log: read at once in 20 ms. */
const MOST_OF_ONE = 5_000;
/** Characters of one task run's lines, and of a piece, after which it ends: several pieces may wait for the window at once. */
const TEXT_OF_ONE = 1_000_000;
const TEXT_PER_PIECE = 2_000_000;

type Archive = { engine: Engine; reader: Reader };

const textOf = (value: unknown) => (typeof value === 'string' ? value : null);
const numberOf = (value: unknown) => (typeof value === 'number' ? value : null);

function ridOf(engine: Engine, id: string): number {
  const rid = engine.ridOf('flow_run', id);
  if (rid === null) throw new AppError('NOT_FOUND', `no flow run ${id} in the archive`, { id });
  return rid;
}

/**
 * Head, task runs, then links and kept states. `linked`: task runs whose links the caller has, the last of them being `last`; they are left out
 * where they still are the first ones. Throws NOT_FOUND.
 */
export async function* readFlowRun(
  { engine, reader }: Archive,
  { id, linked }: { id: string; linked: { count: number; last: string } | null },
  signal: AbortSignal,
): AsyncGenerator<FlowRunItem> {
  const rid = ridOf(engine, id);
  const rids = engine.related('flow_run', rid, 'task_runs');
  yield head(engine, reader, rid, rids.length);

  const ids = rids.map((one) => engine.idOf('task_run', one));
  const places = new Map(ids.map((one, place) => [one, place]));
  const column = <T>(path: string, as: (value: unknown) => T) => {
    const read = engine.accessor(path, 'task_run');
    return (piece: readonly number[]) => piece.map((one) => as(read(one)));
  };
  const columns = {
    name: column('name', textOf),
    task_key: column('task_key', textOf),
    state_type: column('state_type', textOf),
    state_name: column('state_name', textOf),
    state_timestamp: column('state_timestamp', numberOf),
    expected_start_time: column('expected_start_time', numberOf),
    start_time: column('start_time', numberOf),
    end_time: column('end_time', numberOf),
    run_count: column('run_count', (value) => numberOf(value) ?? 0),
    total_run_time: column('total_run_time', (value) => numberOf(value) ?? 0),
  };
  for (let from = 0; from < rids.length; from += RUNS_PER_PIECE) {
    if (from > 0) await nextTurn(signal);
    const piece = rids.slice(from, from + RUNS_PER_PIECE);
    yield {
      kind: 'runs',
      from,
      id: ids.slice(from, from + RUNS_PER_PIECE),
      name: columns.name(piece),
      task_key: columns.task_key(piece),
      state_type: columns.state_type(piece),
      state_name: columns.state_name(piece),
      state_timestamp: columns.state_timestamp(piece),
      expected_start_time: columns.expected_start_time(piece),
      start_time: columns.start_time(piece),
      end_time: columns.end_time(piece),
      run_count: columns.run_count(piece),
      total_run_time: columns.total_run_time(piece),
    };
  }

  const begun = linked && ids[linked.count - 1] === linked.last ? linked.count : 0;
  for (let from = begun; from < rids.length;) {
    await nextTurn(signal);
    const links = readLinks(reader, rids, ids, places, from);
    yield links;
    from += links.dynamic_key.length;
  }
}

function head(engine: Engine, reader: Reader, rid: number, runs: number): FlowRunHead & { kind: 'head' } {
  const read = (path: string) => engine.accessor(path, 'flow_run')(rid);
  const json = reader.json('flow_run', [rid])[0] ?? 'null';
  const parent = textOf(read('parent_task_run_id'));
  const parentRid = parent === null ? null : engine.ridOf('task_run', parent);
  const ofParent = (path: string) => (parentRid === null ? null : textOf(engine.accessor(path, 'task_run')(parentRid)));
  const tags = read('tags');
  return {
    kind: 'head',
    ...factsOf(engine, rid),
    flow_name: textOf(read('flow.name')),
    deployment_name: textOf(read('deployment.name')),
    run_count: numberOf(read('run_count')),
    total_run_time: numberOf(read('total_run_time')),
    tags: Array.isArray(tags) ? tags : [],
    gone: numberOf(read('gone')),
    json: json === 'null' ? null : json,
    parent:
      parent === null
        ? null
        : {
            task_run_id: parent,
            task_run_name: ofParent('name'),
            flow_run_id: ofParent('flow_run_id'),
            flow_run_name: ofParent('flow_run.name'),
          },
    runs,
    subflows: subflows(engine, engine.idOf('flow_run', rid)),
  };
}

function factsOf(engine: Engine, rid: number) {
  const read = (path: string) => engine.accessor(path, 'flow_run')(rid);
  return {
    id: engine.idOf('flow_run', rid),
    name: textOf(read('name')),
    state_type: textOf(read('state_type')),
    state_name: textOf(read('state_name')),
    expected_start_time: numberOf(read('expected_start_time')),
    start_time: numberOf(read('start_time')),
    end_time: numberOf(read('end_time')),
  };
}

function subflows(engine: Engine, id: string): Subflow[] {
  const where = { field: 'parent_task_run.flow_run_id', in: [id] };
  const { order } = engine.ask({ entity: 'flow_run', where, sort: [], now: 0 });
  const parent = engine.accessor('parent_task_run_id', 'flow_run');
  const flow = engine.accessor('flow.name', 'flow_run');
  const runs = engine.taskRunCounts(order);
  return Array.from(order, (rid, i) => {
    const facts = factsOf(engine, rid);
    return {
      ...facts,
      parent_task_run_id: String(parent(rid)),
      flow_name: textOf(flow(rid)),
      runs: runs[i],
    };
  });
}

/** As many as are read within SLICE_MS, at least STEP. */
function readLinks(
  reader: Reader,
  rids: readonly number[],
  ids: readonly string[],
  places: ReadonlyMap<string, number>,
  from: number,
): FlowRunLinks {
  const links: FlowRunLinks = { kind: 'links', from, dynamic_key: [], upstream: [], outside: [], states: [], kept: 0 };
  const ends = performance.now() + SLICE_MS;
  for (let at = from; at < rids.length && performance.now() < ends; at += STEP) {
    const texts = reader.json('task_run', rids.slice(at, at + STEP));
    reader.kept((lists) => {
      texts.forEach((json, i) => {
        const place = at + i;
        const { dynamicKey, inputs } = recordOf(json);
        const known = new Set<number>();
        let outside = 0;
        for (const input of inputs) {
          const other = places.get(input);
          if (other === undefined) outside += 1;
          else if (other !== place) known.add(other);
        }
        links.dynamic_key.push(dynamicKey);
        links.upstream.push([...known]);
        links.outside.push(outside);
        const states = lists.states(ids[place]);
        if (states.length > 0) links.kept += 1;
        for (const { type, name, timestamp } of states) links.states.push([place, type, name, timestamp]);
      });
    });
  }
  return links;
}

type Input = { input_type?: unknown; id?: unknown } | null;

/** Read by hand: a schema would take three times as long, and 10,000 of these are read before a graph can be drawn. */
function recordOf(json: string): { dynamicKey: string | null; inputs: string[] } {
  const record = JSON.parse(json) as { dynamic_key?: unknown; task_inputs?: unknown } | null;
  const lists: unknown[] =
    typeof record?.task_inputs === 'object' && record.task_inputs !== null ? Object.values(record.task_inputs) : [];
  const inputs = lists.flatMap((list) =>
    Array.isArray(list)
      ? list.flatMap((one: Input) => (one?.input_type === 'task_run' && typeof one.id === 'string' ? [one.id] : []))
      : [],
  );
  return { dynamicKey: textOf(record?.dynamic_key), inputs };
}

/** The kept lines of the flow run itself, then those of its task runs in their order, until `most` are read. Throws NOT_FOUND. */
export async function* readFlowRunLogs(
  { engine, reader }: Archive,
  id: string,
  signal: AbortSignal,
  most = MOST_MERGED,
): AsyncGenerator<FlowRunLogs> {
  const rids = engine.related('flow_run', ridOf(engine, id), 'task_runs');
  const ids = rids.map((rid) => engine.idOf('task_run', rid));
  const linesOf = (run: string, room: number) => {
    const count = reader.lineCount(run);
    const lines = count === null ? [] : reader.lines(run, BEFORE_LINES, Math.min(MOST_OF_ONE, room), TEXT_OF_ONE);
    return {
      isKept: count !== null,
      isCut: lines.length < (count ?? 0),
      text: lines.reduce((sum, { message }) => sum + message.length, 0),
      lines: lines.map((line) => ({ ...line, run })),
    };
  };
  const own = linesOf(id, most.lines);
  yield { done: 0, kept: 0, own: own.isKept, cut: Number(own.isCut), full: false, lines: own.lines };
  let [done, kept, read, characters] = [0, 0, own.lines.length, own.text];
  const hasRoom = () => read < most.lines && characters < most.characters;
  while (done < ids.length && hasRoom()) {
    await nextTurn(signal);
    const lines: FlowRunLine[] = [];
    let cut = 0;
    let text = 0;
    const ends = performance.now() + SLICE_MS;
    for (; done < ids.length && hasRoom() && text < TEXT_PER_PIECE && performance.now() < ends; done++) {
      const some = linesOf(ids[done], most.lines - read);
      kept += Number(some.isKept);
      cut += Number(some.isCut);
      read += some.lines.length;
      text += some.text;
      characters += some.text;
      for (const line of some.lines) lines.push(line);
    }
    yield { done, kept, own: own.isKept, cut, full: !hasRoom() && (done < ids.length || cut > 0), lines };
  }
}

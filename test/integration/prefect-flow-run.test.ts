/**
 * A flow run as a whole, of a real server: what the view shows equals the server's own rows, read through its API, for a map of 200, subflows
 * three deep, retries, a crash, a killed process and a cancelled run; and what was fetched is there without the server.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { contract, type Contract } from '../../src-main/contract/calls.ts';
import type { Client } from '../../src-main/contract/define.ts';
import type { Subflow } from '../../src-main/contract/flow-run.ts';
import { terminalStateTypes } from '../../src-main/contract/fields.ts';
import { parseTime } from '../../src-main/contract/time.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { portChannel } from '../../src-main/rpc/channels.ts';
import { connect } from '../../src-main/rpc/rpc.ts';
import { criticalPath } from '../../src-renderer/state/flow-run/critical-path.ts';
import { PartBuilder, type Part, type TaskRun } from '../../src-renderer/state/flow-run/model.ts';
import { spansOf } from '../../src-renderer/state/flow-run/spans.ts';
import { itemsOf, rowsOf, countStates } from '../../src-renderer/state/flow-run/tree.ts';
import { attemptErrors } from '../../src-renderer/ui/charts/attempt-errors.ts';
import { noPrefect, startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';
import { until } from '../fixtures/until.ts';

const workspace = 'real';
const MAPPED = 200;
type Row = Record<string, unknown> & { id: string };
type State = { id: string; type: string; name: string; timestamp: string; message: string | null };
type Log = { id: string; message: string; task_run_id: string | null };
type Name = 'whole' | 'again' | 'crashed' | 'killed' | 'cancelled';

const micros = (value: unknown) => (typeof value === 'string' ? parseTime(value) : null);
const sorted = (list: Iterable<string>) => [...list].sort();
const inputsOf = (row: Row): string[] =>
  Object.values((row['task_inputs'] ?? {}) as Record<string, { input_type: string; id: string }[]>)
    .flat()
    .filter(({ input_type }) => input_type === 'task_run')
    .map(({ id }) => id);

describe('a flow run of a real server', { skip: noPrefect() }, () => {
  let server: PrefectServer;
  let app: App;
  let client: Client<Contract>;
  let channel: MessageChannel;
  let dir = '';
  let ids: Record<Name, string>;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'taskscope-flow-run-'));
    server = await startPrefect();
    ids = JSON.parse(await server.run('flow_run_flows.py')) as typeof ids;
    app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
    channel = new MessageChannel();
    app.serve(portChannel(channel.port1));
    client = connect(contract, portChannel(channel.port2));
    await client['workspace.add']({ name: workspace, api_url: server.apiUrl, auth: { kind: 'none' } });
    const archive = await app.archive(workspace);
    archive.startSync();
    await archive.settled();
    assert.equal(archive.sync.get().problem, null);
  });
  after(async () => {
    channel?.port2.close();
    await app?.close();
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function ask<T>(path: string, body?: unknown): Promise<T> {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const reply = await fetch(server.apiUrl + path, body === undefined ? {} : post);
    assert.ok(reply.ok, `${path}: ${reply.status}`);
    return (await reply.json()) as T;
  }
  async function all<T>(path: string, body: object): Promise<T[]> {
    const rows: T[] = [];
    for (let page: T[] = [], offset = 0; offset === 0 || page.length === 200; offset += 200)
      rows.push(...(page = await ask<T[]>(path, { ...body, offset, limit: 200 })));
    return rows;
  }
  const rowsThere = (id: string) =>
    all<Row>('/task_runs/filter', { flow_runs: { id: { any_: [id] } }, sort: 'ID_DESC' });
  const statesThere = (of: 'task_run' | 'flow_run', id: string) => ask<State[]>(`/${of}_states/?${of}_id=${id}`);

  async function view(id: string): Promise<Part> {
    let builder: PartBuilder | null = null;
    for await (const item of client['flow_run.read']({ workspace, id })) {
      if (item.kind === 'head') builder = new PartBuilder(item, null);
      else if (item.kind === 'runs') builder?.addRuns(item);
      else builder?.addLinks(item);
    }
    assert.ok(builder);
    return builder.part(true);
  }

  /** Rows, edges, folded tasks and their counts, and the head. Returns the view and the server's rows. */
  async function equal(id: string): Promise<{ part: Part; rows: Map<string, Row> }> {
    const [part, there, list] = await Promise.all([view(id), ask<Row>(`/flow_runs/${id}`), rowsThere(id)]);
    const { head } = part;
    assert.deepEqual(
      [head.id, head.name, head.state_type, head.state_name, head.start_time, head.end_time, head.run_count],
      [id, there['name'], there['state_type'], there['state_name'], micros(there['start_time']), micros(there['end_time']), there['run_count']],
    ); // prettier-ignore
    assert.deepEqual((JSON.parse(head.json ?? '') as Row)['parameters'], there['parameters']);
    assert.equal(head.parent?.task_run_id ?? null, there['parent_task_run_id']);

    const rows = new Map(list.map((row) => [row.id, row]));
    assert.deepEqual(sorted(part.runs.map((run) => run.id)), sorted(rows.keys()));
    for (const run of part.runs) {
      const row = rows.get(run.id)!;
      for (const key of ['name', 'task_key', 'dynamic_key', 'state_type', 'state_name', 'run_count'] as const)
        assert.equal(run[key], row[key], `${run.name} ${key}`);
      assert.equal(run.total_run_time, row['total_run_time']);
      for (const key of ['expected_start_time', 'start_time', 'end_time'] as const)
        assert.equal(run[key], micros(row[key]), `${run.name} ${key}`);
      const inputs = inputsOf(row);
      const inside = new Set(inputs.filter((input) => rows.has(input) && input !== run.id));
      assert.deepEqual(sorted(run.upstream.map((place) => part.runs[place].id)), sorted(inside), run.name);
      assert.equal(run.outside, inputs.filter((input) => !rows.has(input)).length);
    }
    for (const { key, runs } of itemsOf(part.runs, (task) => task)) {
      const own = list.filter((row) => (key.startsWith('task:') ? `task:${String(row['task_key'])}` : row.id) === key);
      assert.deepEqual(countStates(runs), {
        of: own.length,
        over: own.filter((row) => terminalStateTypes.includes(String(row['state_type']))).length,
        failed: own.filter((row) => ['FAILED', 'CRASHED'].includes(String(row['state_type']))).length,
        running: own.filter((row) => row['state_type'] === 'RUNNING').length,
      });
    }
    const children = await all<Row>('/flow_runs/filter', { flow_runs: { parent_flow_run_id: { any_: [id] } } });
    assert.deepEqual(
      sorted(part.runs.flatMap(({ id, subflows }) => subflows.map((sub) => `${id} ${sub.id} ${sub.state_type}`))),
      sorted(children.map((row) => `${String(row['parent_task_run_id'])} ${row.id} ${String(row['state_type'])}`)),
    );
    return { part, rows };
  }

  /** Attempts by the states that the server keeps: each time the run was RUNNING, until the next state. */
  async function attemptsThere(id: string): Promise<[number, number][]> {
    const states = (await statesThere('task_run', id)).sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
    return states.flatMap(({ type, timestamp }, i): [number, number][] => {
      const next = states[i + 1];
      return type === 'RUNNING' && next ? [[micros(timestamp)!, micros(next.timestamp)!]] : [];
    });
  }
  const attempts = (run: TaskRun): [number, number][] =>
    spansOf(run, 0).flatMap(({ attempt, open, from, to }): [number, number][] =>
      attempt === null || open ? [] : [[from, to]],
    );

  /** What opening the view fetches. */
  async function fetchAll(id: string): Promise<void> {
    const own = await client['run.activity']({ workspace, id, of: 'flow_run' });
    assert.equal(own.problem, null);
    const where = {
      and: [
        { field: 'flow_run_id', in: [id] },
        { field: 'end_time', isNull: false },
      ],
    };
    for await (const _ of client['run.fetch']({ workspace, query: { where, sort: [] } }));
  }

  test('a map of 200, and a retry in a subflow of a subflow of a subflow', async () => {
    const { part, rows } = await equal(ids.whole);
    const mapped = itemsOf(part.runs, (task) => task).find(({ runs }) => runs.length === MAPPED);
    assert.ok(mapped);
    assert.deepEqual(countStates(mapped.runs), { of: MAPPED, over: MAPPED, failed: 2, running: 0 });
    assert.ok(mapped.runs.every((run) => run.upstream.length === 1));

    // the critical path: from an input to a run that it was given to, always the one that ended last
    const end = (run: TaskRun) => run.end_time ?? -Infinity;
    const path = criticalPath(part.runs, Date.now() * 1000).map((place) => part.runs[place]);
    assert.equal(end(path.at(-1)!), Math.max(...part.runs.map(end)));
    path.forEach((run, i) => {
      const inputs = inputsOf(rows.get(run.id)!).flatMap((id) => part.runs.find((one) => one.id === id) ?? []);
      assert.equal(path[i - 1]?.id, inputs.sort((a, b) => end(b) - end(a))[0]?.id, run.name);
    });
    assert.deepEqual(path.map((run) => run.name?.replace(/-.*/, '')).slice(0, 2), ['numbers', 'double']);

    const parts = new Map([[ids.whole, part]]);
    const flows: (string | null)[] = [];
    for (let deep: Part | undefined = part; deep;) {
      const [sub]: Subflow[] = deep.runs.flatMap(({ subflows }) => subflows);
      if (!sub) break;
      deep = (await equal(sub.id)).part;
      parts.set(sub.id, deep);
      flows.push(sub.flow_name);
      assert.equal(sub.runs, deep.runs.length);
    }
    assert.deepEqual(flows, ['level-1', 'level-2', 'level-3']);
    const open = new Set([...parts].flatMap(([id, { runs }]) => runs.map((run) => `${id}/${run.id}`)));
    const shown = rowsOf(part, (one) => itemsOf(one.runs, (task) => task), open, parts);
    const levels = shown.flatMap((row) => (row.kind === 'run' && row.run.run_count === 3 ? [row.level] : []));
    assert.deepEqual(levels, [4], 'the run with three attempts stands three subflows deep');
  });

  test('a flow that tried again, one that crashed, one whose process was killed and one that was cancelled', async () => {
    const again = await equal(ids.again);
    assert.equal(again.part.head.run_count, 2);
    // of the runs of both tries the box leaves those of the second
    const where = {
      and: [
        { field: 'flow_run_id', in: [ids.again] },
        { field: 'latest_attempt', in: [true] },
      ],
    };
    const { rows: latest } = await client['query.ask']({ workspace, query: { where, sort: [] }, rows: { from: 0, to: 9 }, facets: [], histogram: null }); // prettier-ignore
    const ofSecond = [...again.rows.values()].filter((row) => row['flow_run_run_count'] === 2);
    assert.deepEqual(sorted(latest.map(({ id }) => id)), sorted(ofSecond.map(({ id }) => id)));
    assert.deepEqual([again.rows.size, latest.length], [2, 1]);
    assert.equal((await equal(ids.crashed)).part.head.state_type, 'CRASHED');
    const killed = await equal(ids.killed);
    assert.equal(killed.part.head.state_type, 'RUNNING');
    assert.deepEqual(countStates(killed.part.runs), { of: 2, over: 1, failed: 0, running: 1 });
    const cancelled = await equal(ids.cancelled);
    assert.equal(cancelled.part.head.state_type, 'CANCELLED');
    assert.deepEqual(countStates(cancelled.part.runs), { of: 2, over: 1, failed: 0, running: 1 });
  });

  test('opened, it has its states, attempts and lines; and keeps them when the server is gone', async () => {
    const deep = (await view(ids.whole)).runs.flatMap(({ subflows }) => subflows)[0].id;
    const below = (await view((await view(deep)).runs.flatMap(({ subflows }) => subflows)[0].id)).runs;
    const third = below.flatMap(({ subflows }) => subflows)[0].id;
    const opened = [ids.whole, ids.again, ids.crashed, third];
    // clients send their lines some seconds later
    const isSent = async (id: string, text: string) =>
      (await all<Log>('/logs/filter', { logs: { flow_run_id: { any_: [id] } } })).some(({ message }) => message.includes(text)); // prettier-ignore
    await until(() => isSent(ids.again, 'the first try'), 60);
    await until(() => isSent(third, 'attempt 2 of 3'), 60);

    type There = { states: State[]; logs: Log[]; attempts: Map<string, [number, number][]> };
    const there = new Map<string, There>();
    for (const id of opened) {
      await fetchAll(id);
      const attempts = new Map<string, [number, number][]>();
      for (const row of await rowsThere(id)) attempts.set(row.id, await attemptsThere(row.id));
      const logs = await all<Log>('/logs/filter', { logs: { flow_run_id: { any_: [id] } }, sort: 'TIMESTAMP_ASC' });
      there.set(id, { states: await statesThere('flow_run', id), logs, attempts });
    }
    const [retried] = [...there.get(third)!.attempts].find(([, list]) => list.length > 1)!;
    assert.equal(there.get(third)!.attempts.get(retried)?.length, 3);
    const kept = await client['run.activity']({ workspace, id: retried, only_kept: true });
    assert.deepEqual(attemptErrors(kept.history, kept.logs), [
      "RuntimeError('attempt 1 of 3')",
      "RuntimeError('attempt 2 of 3')",
      null,
    ]);
    await server.stop();

    for (const id of opened) {
      const { states, logs, attempts: spans } = there.get(id)!;
      const own = await client['run.activity']({ workspace, id, of: 'flow_run' });
      assert.equal(own.problem?.code, 'SERVER_UNREACHABLE');
      assert.deepEqual(
        own.history.map((state) => [state.id, state.type, state.name, state.timestamp, state.message]),
        states
          .map((state) => [state.id, state.type, state.name, micros(state.timestamp), state.message])
          .sort((a, b) => Number(a[3]) - Number(b[3])),
      );
      const part = await view(id);
      for (const run of part.runs) assert.deepEqual(attempts(run), spans.get(run.id), run.name ?? run.id);
      const lines: string[] = [];
      let ownKept = false;
      for await (const piece of client['flow_run.logs']({ workspace, id })) {
        lines.push(...piece.lines.map((line) => `${line.run} ${line.id} ${line.message}`));
        ownKept = piece.own;
      }
      assert.ok(ownKept);
      // lines that came after they were fetched
      const wanted = new Set(logs.map((line) => `${line.task_run_id ?? id} ${line.id} ${line.message}`));
      assert.deepEqual(
        lines.filter((line) => !wanted.has(line)),
        [],
      );
      assert.ok(lines.length >= logs.length - 1, `${lines.length} of ${logs.length} lines`);
      if (id === ids.again) assert.ok(lines.some((line) => line.startsWith(id) && line.includes('the first try')));
    }
  });
});

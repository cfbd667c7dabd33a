/** Other programs read an archive made from a real Prefect server: Python gives back every byte, sqlite3 answers what README shows. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { documentKinds, entities, type DocumentKind, type Entity } from '../../src-main/contract/fields.ts';
import { TRUE, type Condition, type SortKey } from '../../src-main/contract/query.ts';
import { byTimeAndId, type RunActivity } from '../../src-main/contract/run.ts';
import { formatTime, parseTime } from '../../src-main/contract/time.ts';
import { bodyOf, pythonOfQuery, pythonOfRun } from '../../src-main/core/write-as/requests.ts';
import { fetchActivity } from '../../src-main/prefect/activity.ts';
import { createClient } from '../../src-main/prefect/client.ts';
import { toPrefectRequest } from '../../src-main/query/language/to-prefect.ts';
import { toSql } from '../../src-main/query/language/to-sql.ts';
import { columns } from '../../src-main/store/columns.ts';
import { failureOf } from '../../src-main/store/failure.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { syncArchive, type SyncedArchive } from '../fixtures/prefect/archive.ts';
import { noPrefect, startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const sqlite3 = process.env.TASKSCOPE_SQLITE3;
const noSqlite = sqlite3 ? false : 'no sqlite3: TASKSCOPE_SQLITE3 is not set';
/** ms; Prefect's client sends its logs some seconds after they were written */
const LOGS_WITHIN = 60_000;

type Values = Record<string, unknown> & { id: string };
const views: Record<Entity, string> = {
  task_run: 'task_runs',
  flow_run: 'flow_runs',
  flow: 'flows',
  deployment: 'deployments',
};

/** Passes everything on to `to` and keeps what comes back, as the bytes were on the wire. */
async function recordingProxy(to: string): Promise<{ url: string; replies: Buffer[]; server: Server }> {
  const replies: Buffer[] = [];
  const server = createServer((asked, answered) => {
    const headers = { ...asked.headers, 'accept-encoding': 'identity', host: new URL(to).host };
    const passed = request(new URL(asked.url ?? '/', to), { method: asked.method, headers }, (reply) => {
      const parts: Buffer[] = [];
      answered.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.on('data', (part: Buffer) => parts.push(part));
      reply.on('end', () => replies.push(Buffer.concat(parts)));
      reply.pipe(answered);
    });
    passed.on('error', () => answered.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, replies, server };
}

describe('an archive of a real server, read by other programs', { skip: noPrefect() }, () => {
  let server: PrefectServer | null = null;
  let proxy: Awaited<ReturnType<typeof recordingProxy>> | null = null;
  let archive: SyncedArchive | null = null;
  const kept = new Map<string, RunActivity>();

  before(async () => {
    server = await startPrefect();
    await server.run('published.py');
    await server.run('edge_rows.py');
    const api = new URL(server.apiUrl);
    proxy = await recordingProxy(api.origin);
    archive = await syncArchive(proxy.url + api.pathname);
    const failed = rowsOf('task_run').filter(
      ({ name, state_type }) => /^publish/.test(String(name)) && state_type === 'FAILED',
    );
    assert.equal(failed.length, 1);
    const client = createClient({ api_url: server.apiUrl, auth: null });
    const writer = openWriter(archive.path, { onChange: () => undefined });
    for (const { id } of failed) {
      const end = Date.now() + LOGS_WITHIN;
      let activity = await fetchActivity(client, id);
      for (; activity.logs.length < 4 && Date.now() < end; await delay(500)) activity = await fetchActivity(client, id);
      writer.saveActivity(id, activity, null);
      kept.set(id, { ...activity, logs: [...activity.logs].sort(byTimeAndId) });
    }
    writer.close();
    await client.close();
  });
  after(async () => {
    await archive?.close();
    proxy?.server.close();
    await server?.stop();
  });

  /** What read_archive.py prints, a line a row. */
  function printed(entity: Entity | DocumentKind): Buffer[] {
    assert.ok(server && archive);
    const script = fileURLToPath(new URL('../../resources/read_archive.py', import.meta.url));
    // -I: without the packages of the environment, which has Prefect
    const out = execFileSync(server.python, ['-I', script, archive.path, '--entity', entity], { maxBuffer: 2 ** 28 });
    const lines: Buffer[] = [];
    for (let from = 0; from < out.length;) {
      const end = out.indexOf('\n', from);
      assert.ok(end > from, 'every line ends');
      lines.push(out.subarray(from, end));
      from = end + 1;
    }
    return lines;
  }
  const rowsOf = (entity: Entity): Values[] => printed(entity).map((line) => JSON.parse(line.toString()) as Values);

  async function idsOnServer(path: string): Promise<Set<string>> {
    assert.ok(server);
    const ids = new Set<string>();
    for (let offset = 0; ; offset += 200) {
      const reply = await fetch(`${server.apiUrl}/${path}/filter`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ limit: 200, offset }),
      });
      const page = (await reply.json()) as Values[];
      for (const { id } of page) ids.add(id);
      if (page.length < 200) return ids;
    }
  }

  test('read_archive.py prints every row, byte for byte as the server sent it', async (t) => {
    assert.ok(proxy);
    const { replies } = proxy;
    const wasSent = (line: Buffer) =>
      replies.some((reply) => {
        for (let at = reply.indexOf(line); at >= 0; at = reply.indexOf(line, at + 1))
          if (
            '[,'.includes(String.fromCharCode(reply[at - 1])) &&
            '],'.includes(String.fromCharCode(reply[at + line.length]))
          )
            return true;
        return false;
      });
    for (const entity of [...entities, ...documentKinds]) {
      const lines = printed(entity);
      t.diagnostic(`${lines.length} ${entity}`);
      assert.ok(lines.length > 0, entity);
      const ids = lines.map((line) => (JSON.parse(line.toString()) as Values).id);
      const path = entity === 'work_pool' ? 'work_pools' : entity === 'work_queue' ? 'work_queues' : views[entity];
      assert.deepEqual(new Set(ids), await idsOnServer(path), entity);
      assert.equal(new Set(ids).size, ids.length);
      for (const line of lines) assert.ok(wasSent(line), line.toString());
    }
  });

  test('without an entity it prints all of them', () => {
    assert.ok(server && archive);
    const script = `${root}resources/read_archive.py`;
    const out = execFileSync(server.python, ['-I', script, archive.path], { maxBuffer: 2 ** 28, encoding: 'utf8' });
    const all = [...entities, ...documentKinds].flatMap((entity) => printed(entity).map(String));
    assert.deepEqual(out.trimEnd().split('\n'), all);
  });

  test('it needs the standard library alone and has at most 60 lines', () => {
    const text = readFileSync(`${root}resources/read_archive.py`, 'utf8');
    assert.ok(text.trimEnd().split('\n').length <= 60);
    const imported = Array.from(text.matchAll(/^(?:import|from) (\S+)/gm), ([, name]) => name);
    assert.deepEqual(imported.sort(), ['argparse', 'pathlib', 'signal', 'sqlite3', 'sys', 'zlib']);
  });

  /** Rows as the sqlite3 shell prints them. */
  function asked(sql: string): Record<string, unknown>[] {
    assert.ok(sqlite3 && archive);
    const out = execFileSync(sqlite3, ['-readonly', '-json', archive.path, sql], {
      maxBuffer: 2 ** 28,
      encoding: 'utf8',
    });
    return out === '' ? [] : (JSON.parse(out) as Record<string, unknown>[]);
  }

  /** A day ago, µs. */
  const yesterday = () => Date.now() * 1000 - 86_400e6;
  /** Views that Prefect can be asked with the same meaning. */
  const prefectViews = (): Condition[] => {
    const rows = rowsOf('task_run');
    const tagged = rows.find(({ tags }) => (tags as string[]).length > 0);
    const flow = rowsOf('flow')[0];
    assert.ok(tagged && flow);
    return [
      { field: 'state_type', in: ['FAILED', 'CRASHED'] },
      { field: 'tags', all: tagged['tags'] as string[] },
      { field: 'flow_run.flow.name', in: [String(flow['name'])] },
      { field: 'flow_run_id', in: [...new Set(rows.map((row) => String(row['flow_run_id'])))].slice(0, 2) },
      { field: 'name', contains: 'publish' },
      { field: 'end_time', isNull: true },
      {
        and: [
          { field: 'start_time', from: yesterday() },
          { field: 'state_name', in: ['Completed'] },
        ],
      },
      { has: 'subflow_runs', where: TRUE },
      TRUE,
    ];
  };
  const idsOf = (where: Condition, sort: SortKey[]): string[] => {
    assert.ok(archive);
    const { engine } = archive;
    return Array.from(engine.ask({ where, sort, now: Date.now() * 1000 }).order, (rid) => engine.idOf('task_run', rid));
  };

  test('a view as SQL gives the sqlite3 shell the runs on screen, in their order', { skip: noSqlite }, () => {
    const sort: SortKey[] = [{ field: 'start_time', dir: 'desc' }];
    const more: Condition[] = [
      { field: 'task_key', contains: 'PUBLISH' },
      { not: { field: 'flow_run.flow.name', contains: 'a' } },
      {
        or: [
          { field: 'duration', from: 0.001 },
          { field: 'run_count', from: 2 },
        ],
      },
    ];
    for (const where of [...prefectViews(), ...more]) {
      const sql = toSql(
        { where, sort },
        ['name', 'flow_run.flow.name'],
        archive?.dialect ?? 'sqlite',
        Date.now() * 1000,
      );
      assert.deepEqual(
        asked(`/* a comment first */\n${sql}`).map(({ id }) => id),
        idsOf(where, sort),
        sql,
      );
    }
  });

  test('a view as a body and as Python gives what Prefect’s own client reads', async () => {
    assert.ok(server);
    const target = { api_url: server.apiUrl, auth: 'none', headers: [], insecure_tls: false, ca_file: null } as const;
    const sort: SortKey[] = [{ field: 'expected_start_time', dir: 'asc' }];
    const programs: string[] = [];
    const expected: string[][] = [];
    for (const where of prefectViews()) {
      const request = toPrefectRequest({ where, sort }, Date.now() * 1000);
      assert.deepEqual([request.lost, request.orderLost], [[], false]);
      const reply: Response = await fetch(`${server.apiUrl}/task_runs/filter`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: bodyOf(request),
      });
      const ids = idsOf(where, sort);
      const page = ((await reply.json()) as Values[]).map(({ id }) => id);
      assert.equal(page.length, Math.min(ids.length, 200));
      for (const id of page) assert.ok(ids.includes(id), bodyOf(request));
      programs.push(pythonOfQuery(request, target));
      expected.push(ids);
    }
    // one process for all: importing Prefect takes a second
    const driver = `import json, sys\nfor code in json.load(sys.stdin):\n    exec(code, {})\n    print("--")\n`;
    const printed = execFileSync(server.python, ['-c', driver], {
      input: JSON.stringify([...programs, pythonOfRun(expected.flat()[0], target)]),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    }).split('--\n');
    expected.forEach((ids, i) => {
      const found = printed[i].split('\n').flatMap((line) => (line === '' ? [] : [line.slice(0, 36)]));
      assert.deepEqual(new Set(found.filter((line) => /^[0-9a-f-]{36}$/.test(line))), new Set(ids), programs[i]);
    });
    assert.equal((JSON.parse(printed[expected.length]) as Values).id, expected.flat()[0]);
  });

  test('README’s three queries, in the sqlite3 shell', { skip: noSqlite }, () => {
    const readme = readFileSync(`${root}README.md`, 'utf8');
    const section = readme.slice(readme.indexOf('## The archive is yours')).split('\n## ')[0] ?? '';
    const [states, failures, logs, ...more] = Array.from(section.matchAll(/```sql\n([^]*?)```/g), ([, sql]) => sql);
    assert.ok(states && failures && logs);
    assert.equal(more.length, 0);
    const rows = rowsOf('task_run');

    const byState = new Map<unknown, number>();
    for (const { state_name } of rows) byState.set(state_name, (byState.get(state_name) ?? 0) + 1);
    assert.deepEqual(new Map(asked(states).map(({ state_name, runs }) => [state_name, runs])), byState);

    const byFailure = new Map<string, { runs: number; last: number | null }>();
    for (const { state, end_time } of rows) {
      const { type, message } = (state ?? {}) as Values;
      const failure = failureOf(type, message);
      if (failure === null) continue;
      const { runs, last } = byFailure.get(failure) ?? { runs: 0, last: null };
      const end = typeof end_time === 'string' ? parseTime(end_time) : null;
      byFailure.set(failure, { runs: runs + 1, last: end === null ? last : Math.max(end, last ?? end) });
    }
    assert.ok(byFailure.size > 0 && byFailure.size <= 10);
    assert.deepEqual(
      new Map(asked(failures).map(({ failure, runs, last_seen }) => [failure, { runs, last_seen }])),
      new Map(
        [...byFailure].map(([failure, { runs, last }]) => [failure, { runs, last_seen: last && formatTime(last) }]),
      ),
    );

    const [[id, activity]] = kept;
    const run = rows.find((row) => row.id === id);
    const severe = activity.logs.filter(({ level }) => level >= 40).sort((a, b) => b.timestamp - a.timestamp);
    assert.ok(severe.length > 3);
    const found = asked(logs);
    assert.deepEqual(
      found.map(({ timestamp, level_name, message }) => [timestamp, level_name, message]),
      severe.map(({ timestamp, message }) => [formatTime(timestamp), 'ERROR', message]),
    );
    assert.ok(found.every(({ task_run_name }) => task_run_name === run?.name));
    const flowRun = rowsOf('flow_run').find((row) => row.id === run?.['flow_run_id']);
    const flow = rowsOf('flow').find((row) => row.id === flowRun?.['flow_id']);
    assert.ok(flow && found.every(({ flow_name }) => flow_name === flow['name']));
  });

  test('the views of rows show what the rows say', { skip: noSqlite }, () => {
    const rows = Object.fromEntries(
      entities.map((entity) => [entity, new Map(rowsOf(entity).map((row) => [row.id, row]))]),
    ) as Record<Entity, Map<string, Values>>;
    const parent = (entity: Entity, id: unknown) => (typeof id === 'string' ? rows[entity].get(id) : undefined);
    for (const entity of entities) {
      const shown = asked(`SELECT * FROM ${views[entity]}`);
      assert.deepEqual(new Set(shown.map(({ id }) => id)), new Set(rows[entity].keys()));
      for (const view of shown) {
        const row = parent(entity, view['id']);
        assert.ok(row);
        for (const [name, kind] of Object.entries(columns[entity])) {
          const sent: unknown = row[name];
          if (kind === 'time' && name in row)
            assert.equal(view[name], typeof sent === 'string' ? formatTime(parseTime(sent) ?? NaN) : null, name);
          if (kind === 'tags') assert.deepEqual(JSON.parse(String(view[name])), sent);
          if ((kind === 'text' || kind === 'term') && name in row) assert.equal(view[name] ?? null, sent ?? null, name);
        }
        if (entity === 'flow') continue;
        const flowRun = entity === 'task_run' ? parent('flow_run', row['flow_run_id']) : row;
        const flow = parent('flow', flowRun?.['flow_id']);
        assert.equal(view['flow_id'], flow?.id ?? (entity === 'task_run' ? null : row['flow_id']) ?? null);
        assert.equal(view['flow_name'], flow?.['name'] ?? null);
        if (entity === 'deployment') continue;
        assert.equal(view['deployment_name'], parent('deployment', flowRun?.['deployment_id'])?.['name'] ?? null);
        if (entity === 'task_run') {
          assert.equal(view['flow_run_id'], row['flow_run_id'] ?? null);
          assert.equal(view['flow_run_name'], flowRun?.['name'] ?? null);
        } else
          assert.equal(view['parent_task_run_name'], parent('task_run', row['parent_task_run_id'])?.['name'] ?? null);
      }
    }
  });

  test('the views of states, logs and artifacts show what was kept', { skip: noSqlite }, () => {
    assert.ok(archive);
    for (const [id, activity] of kept) {
      assert.deepEqual(archive.reader.activity(id), activity);
      const where = `WHERE task_run_id = '${id}'`;
      assert.deepEqual(
        asked(`SELECT id, type, name, timestamp, message FROM states ${where}`),
        activity.history
          .map(({ timestamp, ...state }) => ({ ...state, timestamp: formatTime(timestamp) }))
          .map(inOrder),
      );
      assert.deepEqual(
        asked(`SELECT id, timestamp, level, typeof(level) AS shown, name, message FROM logs ${where}`),
        activity.logs.map(({ id: log, timestamp, level, name, message }) => ({
          id: log,
          timestamp: formatTime(timestamp),
          level,
          shown: 'integer', // 40, not 40.0
          name,
          message,
        })),
      );
      assert.deepEqual(
        asked(`SELECT id, key, type, description, data FROM artifacts ${where}`),
        activity.artifacts.map(({ id: artifact, key, type, description, data }) => ({
          id: artifact,
          key,
          type,
          description,
          data,
        })),
      );
      assert.ok(activity.artifacts.length > 3);
    }
  });
});

const inOrder = ({ id, type, name, timestamp, message }: Record<string, unknown>) => ({
  id,
  type,
  name,
  timestamp,
  message,
});

/**
 * A real Prefect server over the same rows, and Taskscope as it is served over the archive: both over HTTP, asked for `/task_runs/paginate`.
 * The rows are put straight into the server's own tables, which it has made itself: sending 200,000 runs would take hours.
 */
import { rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import Sqlite from 'better-sqlite3';
import { entities, type Entity } from '../../../src-main/contract/fields.ts';
import { startPrefect, type PrefectServer } from '../../fixtures/prefect/server.ts';
import { kept, sourceOf } from '../archives.ts';
import { child, end, says } from '../children.ts';
import { wireRow } from '../wire-rows.ts';
import type { HostSays } from './host-process.ts';
import type { Answer, Peer } from './peer.ts';
import { PAGE } from './sql.ts';

const urlOf = (path: string) => `sqlite+aiosqlite:///${path}`;

function prefectFile(taskRuns: number): Promise<string> {
  return kept(`prefect-3.8.8-${taskRuns}.db`, async (path) => {
    const server = await startPrefect({ postgresUrl: urlOf(path) });
    await server.stop();
    const db = new Sqlite(path);
    db.pragma('foreign_keys = OFF');
    db.pragma('synchronous = OFF');
    const source = sourceOf(taskRuns);
    db.exec('BEGIN');
    for (const entity of [...entities].reverse()) {
      const row = inserter(db, entity);
      const state = entity === 'task_run' || entity === 'flow_run' ? inserter(db, `${entity}_state`) : null;
      for (let rid = 1; rid <= source.maxRid(entity); rid++) {
        const { value } = wireRow(source, entity, rid);
        const told = value['state'] as Record<string, unknown> | undefined;
        row({ ...value, state_timestamp: told?.['timestamp'] });
        if (told)
          state?.({ ...told, created: told['timestamp'], updated: told['timestamp'], [`${entity}_id`]: value['id'] });
      }
    }
    db.exec('COMMIT; ANALYZE');
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    for (const suffix of ['-wal', '-shm']) await rm(path + suffix, { force: true });
  });
}

/** Puts a row's JSON into the table of that name, by its columns' own declared types. */
function inserter(db: Sqlite.Database, table: Entity | `${Entity}_state`): (row: Record<string, unknown>) => void {
  const known = db
    .prepare(`SELECT name, type, "notnull" AS needed, dflt_value FROM pragma_table_info(?)`)
    .all(table) as Column[];
  const statements = new Map<string, Sqlite.Statement>();
  return (row) => {
    const columns = known.filter(({ name }) => row[name] !== undefined && row[name] !== null);
    const names = columns.map(({ name }) => name).join(', ');
    let statement = statements.get(names);
    if (!statement) {
      statement = db.prepare(`INSERT INTO ${table} (${names}) VALUES (${columns.map(() => '?').join(', ')})`);
      statements.set(names, statement);
    }
    statement.run(columns.map((column) => cell(column, row[column.name])));
  };
}
type Column = { name: string; type: string };

function cell({ name, type }: Column, value: unknown): unknown {
  if (type === 'JSON') return JSON.stringify(value);
  if (type === 'BOOLEAN') return value ? 1 : 0;
  // an interval is kept as the time that long after 1970
  if (name === 'total_run_time') return stamp(new Date(Number(value) * 1000).toISOString());
  return type === 'DATETIME' ? stamp(String(value)) : value;
}

/** `2025-10-09T08:53:20.000001Z` → `2025-10-09 08:53:20.000001` */
function stamp(text: string): string {
  const [whole = '', rest = ''] = text.replace('T', ' ').replace('Z', '').split('.');
  return `${whole}.${rest.padEnd(6, '0').slice(0, 6)}`;
}

function paginate(api: string, token: string | null, agent: Agent, body: unknown): Promise<Answer> {
  const text = JSON.stringify({ ...(body as object), sort: 'EXPECTED_START_TIME_DESC', limit: PAGE });
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  return new Promise((resolve, reject) => {
    const sent = request(`${api}/task_runs/paginate`, { method: 'POST', agent, headers }, (reply) => {
      const parts: Buffer[] = [];
      reply.on('data', (part: Buffer) => parts.push(part));
      reply.on('end', () => {
        const told = () => Buffer.concat(parts).toString('utf8');
        if (reply.statusCode !== 200)
          return reject(new Error(`${reply.statusCode} to ${text.slice(0, 300)}: ${told().slice(0, 300)}`));
        resolve(() => {
          const { count, results } = JSON.parse(told()) as { count: number; results: { id: string }[] };
          return { count, ids: results.map(({ id }) => id) };
        });
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

export async function localApiPeer(taskRuns: number): Promise<Peer> {
  const host = child('peers/host-process.ts', String(taskRuns));
  const { apiUrl, token } = await says<HostSays>(host);
  const agent = new Agent({ keepAlive: true });
  return {
    name: 'Taskscope over HTTP',
    page: ({ body }) => paginate(apiUrl, token, agent, body),
    close: async () => {
      agent.destroy();
      await end(host);
    },
  };
}

/** A real server that has that many task runs. */
export async function startFilled(taskRuns: number): Promise<PrefectServer> {
  return startPrefect({ postgresUrl: urlOf(await prefectFile(taskRuns)) });
}

export async function prefectPeer(taskRuns: number): Promise<Peer> {
  const server = await startFilled(taskRuns);
  const agent = new Agent({ keepAlive: true });
  return {
    name: 'Prefect 3.8.8 over HTTP',
    page: ({ body }) => paginate(server.apiUrl, null, agent, body),
    close: async () => {
      agent.destroy();
      await server.stop();
    },
  };
}

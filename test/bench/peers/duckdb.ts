/** DuckDB with the same columns in memory, two threads. */
import { DuckDBInstance } from '@duckdb/node-api';
import Sqlite from 'better-sqlite3';
import { kept } from '../archives.ts';
import type { Peer } from './peer.ts';
import { count, page, rest, type Dialect, type Statement } from './sql.ts';
import { sqlFile } from './sqlite.ts';

const dialect: Dialect = {
  tagged: 'list_contains(tags, ?)',
  tagFacet: (where) =>
    `SELECT tag, count(*) AS n FROM (SELECT unnest(list_distinct(tags)) AS tag FROM task_run WHERE ${where}) GROUP BY tag ORDER BY n DESC LIMIT 50`,
  divide: (column, by) => `(${column}) // ${by}`,
};

const tables: Record<string, string> = {
  task_run:
    'rid INTEGER, id VARCHAR, name VARCHAR, task_key VARCHAR, state_type VARCHAR, state_name VARCHAR, tags VARCHAR, flow_run INTEGER, flow INTEGER, deployment INTEGER, expected_start_time BIGINT, start_time BIGINT, end_time BIGINT, run_count INTEGER, total_run_time DOUBLE',
  flow_run: 'rid INTEGER, id VARCHAR, name VARCHAR, flow INTEGER, deployment INTEGER',
  flow: 'rid INTEGER, id VARCHAR, name VARCHAR',
  deployment: 'rid INTEGER, id VARCHAR, name VARCHAR',
};

/** DuckDB's own file, filled from the SQL peer's by appending: its SQLite reader is an extension it would have to download. */
export function duckFile(taskRuns: number): Promise<string> {
  return kept(`duck-${taskRuns}.duckdb`, async (path) => {
    const db = new Sqlite(await sqlFile(taskRuns), { readonly: true });
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    for (const [table, columns] of Object.entries(tables)) {
      await connection.run(`CREATE TABLE ${table} (${columns})`);
      const kinds = columns.split(', ').map((column) => column.split(' ')[1]);
      const appender = await connection.createAppender(table);
      for (const row of db.prepare(`SELECT * FROM ${table} ORDER BY rid`).raw().iterate() as Iterable<unknown[]>) {
        row.forEach((cell, i) => {
          if (cell === null) appender.appendNull();
          else if (kinds[i] === 'VARCHAR') appender.appendVarchar(cell as string);
          else if (kinds[i] === 'BIGINT') appender.appendBigInt(BigInt(cell as number));
          else if (kinds[i] === 'DOUBLE') appender.appendDouble(cell as number);
          else appender.appendInteger(cell as number);
        });
        appender.endRow();
      }
      appender.closeSync();
    }
    await connection.run(
      `ALTER TABLE task_run ALTER tags TYPE VARCHAR[] USING CASE WHEN tags IS NULL OR tags = '[]' THEN [] ELSE string_split(replace(substr(tags, 2, length(tags) - 2), '"', ''), ',') END`,
    );
    connection.closeSync();
    instance.closeSync();
    db.close();
  });
}

export async function duckdbPeer(taskRuns: number): Promise<Peer> {
  const instance = await DuckDBInstance.create(await duckFile(taskRuns), { threads: '2', access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const all = async ({ sql, values }: Statement) => {
    let n = 0;
    const reader = await connection.runAndReadAll(
      sql.replace(/\?/g, () => `$${++n}`),
      values.map((value) => (typeof value === 'number' ? BigInt(value) : value)),
    );
    return reader.getRows();
  };
  const answer = async (question: Parameters<Peer['page']>[0]) => {
    const rows = await all(page(question, dialect));
    const [[found]] = (await all(count(question, dialect))) as [[bigint]];
    return { count: Number(found), ids: rows.map(([id]) => id as string) };
  };
  return {
    name: 'DuckDB',
    page: answer,
    click: async (question) => {
      await answer(question);
      for (const statement of rest(question, dialect)) await all(statement);
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

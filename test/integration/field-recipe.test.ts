/**
 * Follows CONTRIBUTING.md's recipe for a field in a copy of the source: one line in contract/fields.ts, and the archive and its view, the index,
 * lists, facets, the query language, exports, the panel and the grid have the field; one migration, and rows that were kept have it too.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newestVersion } from '../../src-main/store/file/migrate.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { root, textOf } from '../fixtures/source-files.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const declaration =
  "    task_version: { kind: 'term', title: 'Task version', word: 'version', column: { group: 'Run' } },\n";
/** the field that is declared before it */
const before = "    created: { kind: 'time', title: 'Created'";

test('a field that is declared in one place is everywhere', (t) => {
  const dir = tempDir(t);
  for (const folder of ['src-main', 'src-renderer', 'test/fixtures'])
    cpSync(join(root, folder), join(dir, folder), { recursive: true });
  cpSync(join(root, 'package.json'), join(dir, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  const fields = join(dir, 'src-main/contract/fields.ts');
  const text = readFileSync(fields, 'utf8');
  assert.equal(text.split(before).length, 2);
  writeFileSync(fields, text.replace(before, declaration + before));

  // an archive of before the field, and the migration that the recipe asks for
  const kept = { id: '00000000-0000-4000-8000-000000000009', name: 'kept', task_version: 'v0' };
  const writer = openWriter(join(dir, 'archive.sqlite'), { onChange: () => undefined });
  writer.write({ batches: [encodeRows('task_run', [{ json: JSON.stringify(kept), value: kept }])] });
  writer.close();
  const steps = join(dir, 'src-main/store/file/migrate.ts');
  const migrations = readFileSync(steps, 'utf8');
  const list = /(?<=export const migrations: readonly Migration\[\] = \[)[^]*?(?=\n?\];)/;
  assert.match(migrations, list);
  const step = `{
    version: ${newestVersion() + 1},
    sql: addColumnSql('task_run', 'task_version'),
    move: (db) => fillColumn(db, 'task_run', 'task_version'),
  },`;
  writeFileSync(
    steps,
    `import { fillColumn as fill } from '../write/fill-column.ts';\nimport { addColumnSql as add } from './schema.ts';\n` +
      migrations.replace(list, (others) => others + step.replace('addColumnSql', 'add').replace('fillColumn', 'fill')),
  );

  const child = join(dir, 'test/fixtures/field-recipe-child.ts');
  const told = JSON.parse(execFileSync(process.execPath, [child, dir], { encoding: 'utf8' })) as Record<
    string,
    unknown
  >;

  assert.deepEqual(told.view, ['v1', 'v2', 'v2', null, 'v0']);
  const { name, task_version } = told.rows as { name: string[]; task_version: (string | null)[] };
  assert.deepEqual(
    name.map((one, i) => [one, task_version[i]]).sort(),
    [['kept', 'v0'], ['run-0', 'v1'], ['run-1', 'v2'], ['run-2', 'v2'], ['run-3', null]], // prettier-ignore
  );
  assert.equal(told.found, 2);
  assert.deepEqual(told.facet, [
    { value: 'v2', label: 'v2', count: 2 },
    { value: null, label: '', count: 1 },
    { value: 'v0', label: 'v0', count: 1 },
    { value: 'v1', label: 'v1', count: 1 },
  ]);
  assert.match(told.csv as string, /^name,task_version\r\n/);
  assert.match(told.csv as string, /run-0,v1\r\n/);
  const { label, short } = told.panel as { label: string; short: string };
  assert.deepEqual([label, short], ['Task version', 'task version']);
  assert.equal((told.grid as { label: string }).label, 'Task version');
});

test('the recipe touches at most eight files', () => {
  const [, recipe] = /### A filter field, or a column\n([^]*?)\n### /.exec(textOf('CONTRIBUTING.md')) ?? [];
  const files = new Set([...recipe.matchAll(/`([^`]*(?:\.ts|\/))`/g)].map(([, path]) => path));
  // a value that store/layout.ts makes is stored, one that query/columns/table.ts computes is not: no field needs both
  const touched = files.size - 1;
  assert.ok(touched >= 3 && touched <= 8, [...files].join(' '));
});

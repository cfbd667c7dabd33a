/**
 * Views for people: an archive opened with `sqlite3`, Datasette or DBeaver shows ids as text, words, times as ISO 8601 with µs, and the
 * names of parents. They are made from `columns`. They use SQLite's own functions only, since a function of ours would be missing there.
 */
import { entities, plural, type Entity } from '../../contract/fields.ts';
import { levelNames } from '../../contract/run.ts';
import { columns } from '../columns.ts';
import { isRef } from '../layout.ts';
import { keptColumns, keptTables, type KeptKind, type KeptTable } from '../kept-columns.ts';

const keptNames = { kept_log: 'logs', kept_state: 'states', kept_artifact: 'artifacts' } as const;

/** 16 bytes → `01a2b3c4-d5e6-7f89-8abc-def012345678`; NULL stays NULL. */
const uuid = (cell: string): string => {
  const part = (from: number, bytes: number) => `hex(substr(${cell}, ${from}, ${bytes}))`;
  const text = [part(1, 4), part(5, 2), part(7, 2), part(9, 2), part(11, 6)].join(" || '-' || ");
  return `CASE WHEN ${cell} IS NOT NULL THEN lower(${text}) END`;
};
/** µs → `2026-11-23T08:00:00.000001Z`; the remainder is made positive first, for times before 1970. */
const time = (cell: string): string => {
  const micros = `((${cell} % 1000000 + 1000000) % 1000000)`;
  return `strftime('%Y-%m-%dT%H:%M:%S', (${cell} - ${micros}) / 1000000, 'unixepoch') || printf('.%06dZ', ${micros})`;
};
const word = (cell: string): string => `(SELECT text FROM term WHERE term.id = ${cell})`;

function shown(kind: KeptKind, cell: string): string {
  switch (kind) {
    case 'uuid':
      return uuid(cell);
    case 'id':
      return `CASE typeof(${cell}) WHEN 'blob' THEN ${uuid(cell)} ELSE ${cell} END`;
    case 'time':
      return time(cell);
    case 'term':
    case 'tags':
      return word(cell);
    default:
      return cell;
  }
}

type Parent = { name: string; entity: Entity; join: string };

/**
 * Rows that the columns of `entity` lead to, nearest first: the flow run of a task run, then its flow and its deployment. A way back to
 * an entity that was passed is not taken, and of two ways to the same name the shorter one is.
 */
function parentsOf(entity: Entity, alias: string): Parent[] {
  const found = new Map<string, Parent>();
  let level = [{ entity, alias, passed: [entity] }];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const from of level) {
      for (const [name, kind] of Object.entries(columns[from.entity])) {
        if (!isRef(kind) || from.passed.includes(kind) || found.has(name)) continue;
        const join = `LEFT JOIN ${kind} AS parent_${name} ON parent_${name}.rid = ${from.alias}.${name}`;
        found.set(name, { name, entity: kind, join });
        next.push({ entity: kind, alias: `parent_${name}`, passed: [...from.passed, kind] });
      }
    }
    level = next;
  }
  return [...found.values()];
}

const named = (expression: string, name: string): string => `  ${expression} AS ${name}`;
const nameOf = ({ name }: Parent): string => named(`parent_${name}.name`, `${name}_name`);
const idOf = ({ name }: Parent): string => named(uuid(`parent_${name}.id`), `${name}_id`);

/** Rows of which only the id is known (`known` 0) are left out; rows that the server has lost are there, with a time in `gone`. */
function entityView(entity: Entity): string {
  const parents = parentsOf(entity, 't');
  const own = Object.entries(columns[entity]).filter(([name, kind]) => name !== 'known' && !isRef(kind));
  const list = [
    ...own.map(([name, kind]) => named(shown(kind, `t.${name}`), name)),
    ...parents.flatMap((parent) => [idOf(parent), nameOf(parent)]),
  ];
  return `CREATE VIEW ${plural[entity]} AS SELECT\n${list.join(',\n')}
FROM ${[`${entity} AS t`, ...parents.map(({ join }) => join)].join('\n')}
WHERE t.known = 1;`;
}

const levelName = `CASE t.level ${Object.entries(levelNames)
  .map(([level, name]) => `WHEN ${level} THEN '${name}'`)
  .join(' ')} END`;

function keptView(table: KeptTable): string {
  const parents = parentsOf('task_run', 'run').filter(({ name }) => name !== 'parent_task_run');
  const own = Object.entries(keptColumns[table] as Record<string, KeptKind>).flatMap(([name, kind]) => [
    named(shown(kind, `t.${name}`), name),
    ...(name === 'level' ? [named(levelName, 'level_name')] : []),
  ]);
  const joinOf = ({ name, join }: Parent) =>
    name === 'flow_run' ? join.replace('run.flow_run', 'coalesce(run.flow_run, own.rid)') : join;
  const list = [
    ...own,
    // what is kept is of a task run, or of a flow run itself
    named(`CASE WHEN own.id IS NULL THEN ${uuid('a.run')} END`, 'task_run_id'),
    named('run.name', 'task_run_name'),
    ...parents.flatMap((parent) => (parent.name === 'flow_run' ? [idOf(parent), nameOf(parent)] : [nameOf(parent)])),
  ];
  return `CREATE VIEW ${keptNames[table]} AS SELECT\n${list.join(',\n')}
FROM ${[`${table} AS t`, 'JOIN activity AS a ON a.rid = t.activity', 'LEFT JOIN task_run AS run ON run.id = a.run', 'LEFT JOIN flow_run AS own ON own.id = a.run', ...parents.map(joinOf)].join('\n')};`;
}

export const viewsSql = [...entities.map(entityView), ...keptTables.map(keptView)].join('\n\n');

export const dropViewsSql = [...Object.values(plural), ...Object.values(keptNames)]
  .map((name) => `DROP VIEW IF EXISTS ${name};`)
  .join('\n');

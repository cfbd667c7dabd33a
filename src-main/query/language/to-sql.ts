/**
 * A question as SQL over the archive's views (store/file/views.ts), for the `sqlite3` shell and every other program: the same rows as on
 * screen. Truth is two-valued here as in the index, so `NOT x` is written `x IS NOT TRUE`. Relations are sub-selects that do not refer to
 * the row outside: each is read once, however many rows there are.
 */
import { AppError } from '../../contract/errors.ts';
import { plural, relations, resolveField, type Entity, type FieldKind, type Relation } from '../../contract/fields.ts';
import {
  hasLeaf,
  instantAt,
  searches,
  type Condition,
  type Dialect,
  type Query,
  type SortKey,
} from '../../contract/query.ts';
import { formatTime, MICROS_PER_SECOND } from '../../contract/time.ts';
import { dashed, uuidStart } from '../../contract/uuid.ts';
import { nullsFirst } from './collation.ts';
import { isNoteField } from '../columns/note-columns.ts';
import { followsFromMany } from '../columns/run-rules.ts';
import { backReference } from './conditions.ts';

type Comparison = Extract<Condition, { field: string }>;
type Context = { dialect: Dialect; now: number };

/** `columns`: field paths from a task run. `now` in µs: relative times become moments. What `sayable` calls lost is left out. Throws BAD_INPUT for a field that does not exist. */
export function toSql({ where, sort }: Query, columns: readonly string[], dialect: Dialect, now: number): string {
  const context = { dialect, now };
  const shown = ['id', ...columns.filter((path) => path !== 'id')].map((path) => {
    const value = pathValue(path, now);
    return value === path ? `  ${path}` : `  ${value} AS "${path}"`;
  });
  const order = [
    ...sayableSort(sort).map(({ field, dir }) => {
      const nulls = nullsFirst(dialect, dir) ? 'NULLS FIRST' : 'NULLS LAST';
      const value = pathValue(field, now);
      // an empty list of tags sorts as none
      const key = resolved('task_run', field).kind === 'tags' ? `nullif(${value}, '[]')` : value;
      return `${key} ${dir.toUpperCase()} ${nulls}`;
    }),
    'id DESC',
  ];
  const { said } = sayable(where);
  const conditions = said.map((part) => condition('task_run', part, context));
  return [
    `SELECT\n${shown.join(',\n')}`,
    'FROM task_runs AS run',
    ...(conditions.length > 0 ? [`WHERE ${conditions.join('\n  AND ')}`] : []),
    `ORDER BY ${order.join(', ')};`,
  ].join('\n');
}

/**
 * The conditions that SQL over the views can say, and those it cannot: a search has tables of its own, and rules of its own; what is left
 * behind, longer than a percentile or a new failure follows from other runs; notes are in
 * another file.
 */
export function sayable(where: Condition): { said: Condition[]; lost: Condition[] } {
  const parts = 'and' in where ? where.and : [where];
  const isLost = (part: Condition) => searches(part) || hasLeaf(part, (one) => 'field' in one && !hasValue(one.field));
  return { said: parts.filter((part) => !isLost(part)), lost: parts.filter(isLost) };
}

export const sayableSort = (sort: readonly SortKey[]): SortKey[] => sort.filter(({ field }) => hasValue(field));

function hasValue(path: string): boolean {
  const field = path.slice(path.lastIndexOf('.') + 1);
  return !followsFromMany(field) && !isNoteField(field);
}

/** What the view of task runs shows of their parents. */
const parentColumns: Record<string, string> = {
  'flow_run.name': 'flow_run_name',
  'flow_run.flow_id': 'flow_id',
  'flow_run.flow.name': 'flow_name',
  'flow_run.deployment_id': 'deployment_id',
  'flow_run.deployment.name': 'deployment_name',
};

/** A value of a task run or of a parent, as an expression over `task_runs`. */
function pathValue(path: string, now: number): string {
  if (Object.hasOwn(parentColumns, path)) return parentColumns[path];
  const { via, entity, field } = resolved('task_run', path);
  const value = fieldValue(field, now);
  if (via.length === 0) return value;
  let key = 'run.flow_run_id';
  let at: Entity = 'flow_run';
  for (const name of via.slice(1)) {
    key = `(SELECT ${name}_id FROM ${plural[at]} WHERE id = ${key})`;
    const known: Record<string, Relation> = relations[at];
    at = known[name].to;
  }
  return `(SELECT ${value} FROM ${plural[entity]} WHERE id = ${key})`;
}

function condition(entity: Entity, one: Condition, context: Context): string {
  const both = (list: Condition[], word: string, none: string): string =>
    list.length === 0 ? none : `(${list.map((part) => condition(entity, part, context)).join(` ${word} `)})`;
  if ('and' in one) return both(one.and, 'AND', '1');
  if ('or' in one) return both(one.or, 'OR', '0');
  if ('not' in one) return `(${condition(entity, one.not, context)}) IS NOT TRUE`;
  if ('has' in one) return has(entity, one.has, one.where, context);
  if ('text' in one || 'log' in one) throw new AppError('BAD_INPUT', 'searches have no words in SQL over the views');
  const { via, kind, field } = resolved(entity, one.field);
  if ('isNull' in one && one.isNull)
    return `(${condition(entity, { field: one.field, isNull: false }, context)}) IS NOT TRUE`;
  if ('all' in one && one.all.length === 0 && kind === 'tags') return '1';
  if (via.length > 0) {
    let where: Condition = { ...one, field };
    for (const relation of via.toReversed()) where = { has: relation, where };
    return condition(entity, where, context);
  }
  return compared(one, kind, fieldValue(field, context.now), context);
}

function has(entity: Entity, name: string, where: Condition, context: Context): string {
  const known: Record<string, Relation> = relations[entity];
  const relation = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!relation) throw new AppError('BAD_INPUT', `${entity} has no relation ${name}`, { field: name });
  const [key, column] =
    relation.kind === 'one' ? [`${name}_id`, 'id'] : ['id', `${backReference[`${entity}.${name}`]}_id`];
  const inner = condition(relation.to, where, context);
  return `${key} IN (SELECT ${column} FROM ${plural[relation.to]}${inner === '1' ? '' : ` WHERE ${inner}`})`;
}

function compared(one: Comparison, kind: FieldKind, value: string, context: Context): string {
  if ('isNull' in one) return kind === 'tags' ? `coalesce(${value}, '[]') <> '[]'` : `${value} IS NOT NULL`;
  if ('in' in one) {
    if (kind === 'tags') return anyTag(value, isOneOf('value', one.in, 'text'));
    return kind === 'uuid' ? isId(value, one.in) : isOneOf(value, one.in, kind);
  }
  if ('like' in one || 'contains' in one) {
    const test = (text: string) =>
      'like' in one ? like(text, one.like, context.dialect) : contains(text, one.contains);
    return kind === 'tags' ? anyTag(value, test('value')) : test(value);
  }
  if ('all' in one) return `(${one.all.map((tag) => anyTag(value, `value = ${text(tag)}`)).join(' AND ')})`;
  if ('any' in one) return anyTag(value, isOneOf('value', one.any, 'text'));
  const { from, to } = one as { from?: number | { ago: number }; to?: number | { ago: number } };
  const bounds = [
    ...(from === undefined ? [] : [`${value} >= ${bound(instantAt(from, context.now), kind, Math.ceil)}`]),
    ...(to === undefined ? [] : [`${value} <= ${bound(instantAt(to, context.now), kind, Math.floor)}`]),
  ];
  return bounds.length === 0 ? `${value} IS NOT NULL` : bounds.length === 1 ? bounds[0] : `(${bounds.join(' AND ')})`;
}

function isOneOf(value: string, wanted: readonly (string | number | boolean)[], kind: FieldKind): string {
  const type = kind === 'time' || kind === 'number' ? 'number' : kind === 'boolean' ? 'boolean' : 'string';
  const list = wanted
    .filter((one) => typeof one === type)
    .map((one) =>
      typeof one === 'string'
        ? text(one)
        : typeof one === 'number'
          ? bound(one, kind, (micros) => micros)
          : String(Number(one)),
    );
  if (list.length === 0) return '0';
  return list.length === 1 ? `${value} = ${list[0]}` : `${value} IN (${list.join(', ')})`;
}

/** Ids, and beginnings of ids: LIKE folds the letters, which hex digits allow. */
function isId(value: string, wanted: readonly (string | number | boolean)[]): string {
  const starts = wanted.flatMap((one) => (typeof one === 'string' ? (uuidStart(one) ?? []) : []));
  const whole = isOneOf(value, starts.filter((hex) => hex.length === 32).map(dashed), 'uuid');
  const begun = starts
    .filter((hex) => hex.length < 32)
    .map((hex) => `${value} LIKE ${text(`${dashed(hex).replace(/-+$/, '')}%`)}`);
  const either = whole === '0' && begun.length > 0 ? begun : [whole, ...begun];
  return either.length === 1 ? either[0] : `(${either.join(' OR ')})`;
}

/** The view has tags as the JSON text of a list. */
const anyTag = (tags: string, test: string): string =>
  test === '0' ? '0' : `EXISTS (SELECT 1 FROM json_each(${tags}) WHERE ${test})`;

/** A time as the views write it; the text sorts as the time does, up to the year 9999. */
function bound(number: number, kind: FieldKind, whole: (micros: number) => number): string {
  if (kind !== 'time') return String(number);
  return text(formatTime(Math.min(Math.max(whole(number), EARLIEST), LATEST)));
}
const EARLIEST = -62_167_219_200_000_000; // year 0, µs
const LATEST = 253_402_300_799_000_000; // the last second of year 9999, µs

/** µs since 1970 of a time in a view; SQLite's own functions know milliseconds only. */
const micros = (time: string): string =>
  `(strftime('%s', substr(${time}, 1, 19)) * ${MICROS_PER_SECOND} + substr(${time}, 21, 6))`;
/** `from`: a time in a view; `to`: µs */
const seconds = (from: string, to: string): string => `(${to} - ${micros(from)}) / ${MICROS_PER_SECOND}.0`;

/** The views have a column for each stored field; the others follow from these. `now` in µs. */
function fieldValue(field: string, now: number): string {
  switch (field) {
    case 'duration':
      return seconds('start_time', micros('end_time'));
    case 'wait':
      return seconds('expected_start_time', micros('start_time'));
    case 'estimated_run_time':
      return `(total_run_time + CASE state_type WHEN 'RUNNING' THEN ${seconds('state_timestamp', String(now))} ELSE 0 END)`;
    case 'latest_attempt':
      return `coalesce(NOT (flow_run_run_count >= 1 AND flow_run_run_count < (SELECT run_count FROM flow_runs WHERE id = flow_run_id)), 1)`;
    case 'start_or_expected_time':
      return 'coalesce(start_time, expected_start_time)';
    default:
      return field;
  }
}

/** SQLite's shell ends a statement's text at a NUL. */
const text = (value: string): string => `'${value.replaceAll("'", "''").split('\0').join("' || char(0) || '")}'`;

/** `ILIKE '%pattern%'` of the server's database. SQLite compares C strings: with a NUL nothing matches. */
function like(value: string, pattern: string, dialect: Dialect): string {
  if (pattern.includes('\0')) return '0';
  if (dialect === 'sqlite') return `${value} LIKE ${text(`%${pattern}%`)}`;
  const folded = pattern.toLowerCase();
  return `${lower(value, folded)} LIKE ${text(`%${folded}%`)} ESCAPE '\\'`;
}

function contains(value: string, needle: string): string {
  const folded = needle.toLowerCase();
  return folded === '' ? `${value} IS NOT NULL` : `instr(${lower(value, folded)}, ${text(folded)}) > 0`;
}

/** SQLite's `lower` knows ASCII only: other capitals that could match a letter of `needle` are replaced one by one. */
function lower(value: string, needle: string): string {
  const letters = new Set(needle);
  const replaced = capitals()
    .filter(({ small }) => [...small].some((letter) => letters.has(letter)))
    .reduce((so, { capital, small }) => `replace(${so}, '${capital}', '${small}')`, value);
  return `lower(${replaced})`;
}

const LAST_WITH_CASE = 0x1e943;
let known: { capital: string; small: string }[] | null = null;
/** Every letter beyond ASCII that has a small one. */
function capitals(): { capital: string; small: string }[] {
  if (known) return known;
  known = [];
  for (let code = 0x80; code <= LAST_WITH_CASE; code++) {
    const capital = String.fromCodePoint(code);
    const small = capital.toLowerCase();
    if (small !== capital) known.push({ capital, small });
  }
  return known;
}

function resolved(entity: Entity, path: string): NonNullable<ReturnType<typeof resolveField>> {
  const found = resolveField(entity, path);
  if (!found) throw new AppError('BAD_INPUT', `unknown field ${path}`, { field: path });
  return found;
}

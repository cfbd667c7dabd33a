/**
 * The filter panel, the chips and the query are one condition tree. These functions read the panel's view of a field out of
 * the tree's top-level conjuncts and write it back; a conjunct in a shape they do not know (an imported preset, a
 * hand-written OR group) stays as it is and shows as a chip that can be removed.
 */
import type { Search } from '../../../src-main/contract/found-in.ts';
import { TRUE, type Condition, type Instant } from '../../../src-main/contract/query.ts';

export type Value = string | number | boolean;

/** What is ticked in the panel for one field. `null` in a list is "without a value" ("untagged" for tags). */
export type Choice = {
  include: (Value | null)[];
  exclude: (Value | null)[];
  /** tags only: a run must carry all of `include`, or any of them */
  mode: 'all' | 'any';
};

export type Range = { from?: Instant; to?: Instant };

export function conjuncts(where: Condition): Condition[] {
  return 'and' in where ? where.and.flatMap(conjuncts) : [where];
}

export function joined(list: Condition[]): Condition {
  return list.length === 0 ? TRUE : { and: list };
}

/** The one field a condition is about; null when it is about several or none. */
export function fieldOf(condition: Condition): string | null {
  if ('field' in condition) return condition.field;
  if ('not' in condition) return fieldOf(condition.not);
  const parts = 'and' in condition ? condition.and : 'or' in condition ? condition.or : null;
  if (!parts || parts.length === 0) return null;
  const names = new Set(parts.map(fieldOf));
  return names.size === 1 ? ([...names][0] ?? null) : null;
}

/** Puts `next` where the conjuncts chosen by `drop` were, so that chips keep their places while they are edited. */
function replaced(where: Condition, drop: (one: Condition) => boolean, next: Condition[]): Condition {
  const list = conjuncts(where);
  const place = list.findIndex(drop);
  const kept = list.filter((one) => !drop(one));
  const at = place < 0 ? kept.length : list.slice(0, place).filter((one) => !drop(one)).length;
  return joined([...kept.slice(0, at), ...next, ...kept.slice(at)]);
}

export function without(where: Condition, gone: Condition): Condition {
  return replaced(where, (one) => one === gone, []);
}

// ── lists of values: terms, ids, booleans ──────────────────────────────────────────────────────────────────────────────

function valuesOf(condition: Condition): (Value | null)[] | null {
  if ('in' in condition) return condition.in;
  if ('isNull' in condition) return condition.isNull ? [null] : null;
  if ('or' in condition && condition.or.length > 0) {
    const parts = condition.or.map(valuesOf);
    return parts.every((part) => part !== null) ? parts.flat() : null;
  }
  return null;
}

function valuesCondition(field: string, values: (Value | null)[]): Condition {
  const present = values.filter((value) => value !== null);
  const parts: Condition[] = [];
  if (present.length > 0) parts.push({ field, in: present });
  if (values.includes(null)) parts.push({ field, isNull: true });
  return parts.length === 1 && parts[0] ? parts[0] : { or: parts };
}

// ── tags ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

function tagsOf(condition: Condition): { values: (Value | null)[]; mode: 'all' | 'any' } | null {
  if ('all' in condition) return { values: condition.all, mode: 'all' };
  if ('any' in condition) return { values: condition.any, mode: 'any' };
  if ('isNull' in condition && condition.isNull) return { values: [null], mode: 'any' };
  if ('or' in condition && condition.or.length === 2) {
    const [first, second] = condition.or.map(tagsOf);
    if (first && second && second.values[0] === null) return { values: [...first.values, null], mode: first.mode };
  }
  return null;
}

function tagsCondition(field: string, values: (Value | null)[], mode: 'all' | 'any'): Condition {
  const present = values.filter((value) => value !== null).map(String);
  const carrying: Condition = mode === 'all' ? { field, all: present } : { field, any: present };
  if (!values.includes(null)) return carrying;
  const untagged: Condition = { field, isNull: true };
  return present.length === 0 ? untagged : { or: [carrying, untagged] };
}

// ── a field's choice ───────────────────────────────────────────────────────────────────────────────────────────────────

type Read = { include: (Value | null)[]; exclude: (Value | null)[]; mode: 'all' | 'any' | null };

function readOne(one: Condition, field: string, tags: boolean): Read | null {
  if (fieldOf(one) !== field) return null;
  const negated = 'not' in one;
  const inner = negated ? one.not : one;
  if (!negated && 'isNull' in inner && !inner.isNull) return { include: [], exclude: [null], mode: null };
  if (tags) {
    const read = tagsOf(inner);
    if (!read) return null;
    if (negated) return read.mode === 'any' ? { include: [], exclude: read.values, mode: null } : null;
    return { include: read.values, exclude: [], mode: read.mode };
  }
  const values = valuesOf(inner);
  if (!values) return null;
  return negated ? { include: [], exclude: values, mode: null } : { include: values, exclude: [], mode: null };
}

/** Two including conjuncts on one field mean an intersection, which no tick can show: only the first is read. */
export function readChoice(where: Condition, field: string, tags = false): Choice {
  const choice: Choice = { include: [], exclude: [], mode: 'all' };
  for (const one of conjuncts(where)) {
    const read = readOne(one, field, tags);
    if (!read) continue;
    if (choice.include.length === 0 && read.include.length > 0) {
      choice.include = read.include;
      // an untagged-only choice has no mode of its own
      if (read.include.some((value) => value !== null)) choice.mode = read.mode ?? 'all';
    }
    choice.exclude = [...choice.exclude, ...read.exclude];
  }
  return choice;
}

export function writeChoice(where: Condition, field: string, choice: Choice, tags = false): Condition {
  const next: Condition[] = [];
  if (choice.include.length > 0)
    next.push(tags ? tagsCondition(field, choice.include, choice.mode) : valuesCondition(field, choice.include));
  if (choice.exclude.length > 0)
    next.push({
      not: tags ? tagsCondition(field, choice.exclude, 'any') : valuesCondition(field, choice.exclude),
    });
  return replaced(where, (one) => readOne(one, field, tags) !== null, next);
}

export type Gesture = 'include' | 'exclude' | 'only';

/** A second click undoes the first. Including an excluded value, or the reverse, moves it. */
export function toggled(choice: Choice, value: Value | null, gesture: Gesture): Choice {
  const included = choice.include.includes(value);
  const excluded = choice.exclude.includes(value);
  const include = choice.include.filter((one) => one !== value);
  const exclude = choice.exclude.filter((one) => one !== value);
  if (gesture === 'only') return { ...choice, include: [value], exclude: [] };
  if (gesture === 'include')
    return { ...choice, include: included || excluded ? include : [...include, value], exclude };
  return { ...choice, include, exclude: excluded ? exclude : [...exclude, value] };
}

// ── ranges, text, yes or no ────────────────────────────────────────────────────────────────────────────────────────────

const isRangeOn = (field: string) => (one: Condition) =>
  'field' in one && one.field === field && ('from' in one || 'to' in one);

/** The range that the question sets for a field. null: none. */
export function readRange(where: Condition, field: string): Range | null {
  const one = conjuncts(where).find(isRangeOn(field));
  if (!one || !('field' in one) || !('from' in one || 'to' in one)) return null;
  const range: Range = {};
  if ('from' in one && one.from !== undefined) range.from = one.from;
  if ('to' in one && one.to !== undefined) range.to = one.to;
  return range;
}

/** null, or a range open on both ends, removes it */
export function writeRange(where: Condition, field: string, range: Range | null): Condition {
  const next: Condition[] =
    range && (range.from !== undefined || range.to !== undefined)
      ? [
          {
            field,
            ...(range.from === undefined ? {} : { from: range.from }),
            ...(range.to === undefined ? {} : { to: range.to }),
          },
        ]
      : [];
  return replaced(where, isRangeOn(field), next);
}

const isText = (one: Condition) => 'text' in one;

/** The free text of the query bar. */
export function readText(where: Condition): string {
  const one = conjuncts(where).find(isText);
  return one && 'text' in one ? one.text : '';
}

/** What the question searches for in texts. */
export function searchedFor(where: Condition): Search {
  const list = conjuncts(where);
  return {
    text: list.flatMap((one) => ('text' in one ? one.text : [])).join(' '),
    log: list.flatMap((one) => ('log' in one ? one.log : [])).join(' '),
  };
}

export function writeText(where: Condition, text: string): Condition {
  return replaced(where, isText, text.trim() === '' ? [] : [{ text: text.trim() }]);
}

const isContains = (field: string) => (one: Condition) => 'field' in one && one.field === field && 'contains' in one;

export function readContains(where: Condition, field: string): string {
  const one = conjuncts(where).find(isContains(field));
  return one && 'contains' in one ? one.contains : '';
}

export function writeContains(where: Condition, field: string, text: string): Condition {
  return replaced(where, isContains(field), text === '' ? [] : [{ field, contains: text }]);
}

const isNullCheck = (field: string) => (one: Condition) => 'field' in one && one.field === field && 'isNull' in one;

/** 'none': only runs without a value; 'some': only runs with one; null: both. */
export function readPresence(where: Condition, field: string): 'none' | 'some' | null {
  const one = conjuncts(where).find(isNullCheck(field));
  if (!one || !('isNull' in one)) return null;
  return one.isNull ? 'none' : 'some';
}

export function writePresence(where: Condition, field: string, presence: 'none' | 'some' | null): Condition {
  return replaced(where, isNullCheck(field), presence === null ? [] : [{ field, isNull: presence === 'none' }]);
}

/** `has` a relation or not, for "started a subflow". */
function hasOf(one: Condition, relation: string): boolean | null {
  const inner = 'not' in one ? one.not : one;
  if (!('has' in inner) || inner.has !== relation) return null;
  if (!('and' in inner.where) || inner.where.and.length > 0) return null;
  return !('not' in one);
}

/** Whether the question asks for rows with (true) or without (false) the relation. null: it does not ask. */
export function readHas(where: Condition, relation: string): boolean | null {
  for (const one of conjuncts(where)) {
    const read = hasOf(one, relation);
    if (read !== null) return read;
  }
  return null;
}

export function writeHas(where: Condition, relation: string, wanted: boolean | null): Condition {
  const has: Condition = { has: relation, where: TRUE };
  const next = wanted === null ? [] : [wanted ? has : { not: has }];
  return replaced(where, (one) => hasOf(one, relation) !== null, next);
}

/** Same question? Both sides are plain data that this file or zod built, so key order is not a concern in practice. */
export function sameCondition(a: Condition, b: Condition): boolean {
  return JSON.stringify(conjuncts(a)) === JSON.stringify(conjuncts(b));
}

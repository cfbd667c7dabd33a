/** The one evaluator of conditions: a condition tree over an entity → the listed rows for which it is true. */
import { relations, resolveField, type Entity, type Relation } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import { instantAt, TRUE, type Condition, type Dialect } from '../../contract/query.ts';
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import { idOf, searchTerms, termText, wanted, type SearchTerm } from '../../contract/search-text.ts';
import { matchOf, type SearchTable } from '../../store/search/search-tables.ts';
import type { Column, RefColumn } from '../columns/columns.ts';
import { byReference, pointedAt } from './masks.ts';
import { hasAllTags, hasAnyTag, inRange, isIn, matches, matcherOf, notNull, type Context } from './predicates.ts';
import { LEFT_BEHIND } from '../columns/run-rules.ts';
import { RUN_TIME } from '../columns/run-times.ts';
import type { Table } from '../columns/table.ts';

/** For each relation of kind `many`, the column of the other table that points back. */
export const backReference: Record<string, string> = {
  'task_run.subflow_runs': 'parent_task_run',
  'flow_run.task_runs': 'flow_run',
  'flow.flow_runs': 'flow',
  'flow.deployments': 'flow',
  'deployment.flow_runs': 'deployment',
};

/** One term of a search as a condition over the names and notes it is looked for in. Fields behind one relation are in one `has`, so that the relation is followed once. */
function inNames(entity: Entity, text: string): Condition {
  const own = (...names: string[]): Condition[] => names.map((field) => ({ field, contains: text }));
  const name = { or: own('name') };
  switch (entity) {
    case 'task_run': {
      const behind = [...own('name', 'note'), { has: 'flow', where: name }, { has: 'deployment', where: name }];
      return {
        or: [
          ...own('name', 'task_key', 'state_name', 'failure', 'tags', 'note', 'failure_note'),
          { has: 'flow_run', where: { or: behind } },
        ],
      };
    }
    case 'flow_run':
      return {
        or: [
          ...own('name', 'state_name', 'tags', 'note'),
          { has: 'flow', where: name },
          { has: 'deployment', where: name },
        ],
      };
    case 'flow':
      return { or: own('name', 'tags') };
    case 'deployment':
      return { or: [...own('name', 'tags'), { has: 'flow', where: name }] };
  }
}

/** An id, or the id in a pasted address of Prefect's UI, of the row itself or of a parent. */
function byId(entity: Entity, id: string): Condition {
  const all: Condition[] = [{ field: 'id', in: [id] }];
  for (const [name, { to, kind }] of Object.entries(relations[entity] as Record<string, Relation>)) {
    // not back to the task run that started the flow run
    if (kind !== 'one' || name === 'parent_task_run') continue;
    // the reference itself: of a parent perhaps nothing but its id is known
    all.push({ field: `${name}_id`, in: [id] });
    if (to === 'flow_run') all.push({ has: name, where: byId(to, id) });
  }
  return { or: all };
}

/**
 * A search of several terms, or of one that is to be missing, as conditions of one term each. Signs between words, such as the comma of a pasted
 * `File "flows.py", line 29`, are passed over: the full-text index has no signs.
 */
function split(terms: readonly SearchTerm[], one: (text: string) => Condition): Condition {
  const words = terms.filter((term) => term.not || wanted(term) !== null);
  return {
    and: (words.some(({ not }) => !not) ? words : terms).map((term) => {
      const condition = one(termText({ ...term, not: false }));
      return term.not ? { not: condition } : condition;
    }),
  };
}

/** Bytes of masks kept between questions: about 250 masks at a million rows. */
const CACHE_BYTES = 32_000_000;
/** Searches in kept activity whose masks follow the activity: 4 MB at a million rows. */
const MOST_ACTIVITY = 32;
/** Runs that a mask is asked anew about; after more changes it is made anew. */
const MOST_CHANGED = 200;

export class Evaluator {
  readonly #tables: Record<Entity, Table>;
  readonly #context: Context;
  readonly #cache = new Map<string, RowSet>();
  #cached = 0;
  /**
   * Rows found by their kept logs, states and artifacts, which stay as they are when rows change: a common word takes 100 ms and more.
   * `seen`: how many of `#changed` the mask takes in.
   */
  readonly #inActivity = new Map<string, { mask: RowSet; seen: number }>();
  /** Task runs whose kept activity has changed, or that are gone, in order. */
  #changed: number[] = [];

  constructor(tables: Record<Entity, Table>, context: Context) {
    this.#tables = tables;
    this.#context = context;
  }

  get dialect(): Dialect {
    return this.#context.dialect;
  }

  /** Drops the kept masks, after any change of rows. `texts`: task runs whose kept activity has changed, and those that are gone. */
  forget(texts: readonly number[] | 'all'): void {
    this.#cache.clear();
    this.#cached = 0;
    if (texts === 'all' || this.#changed.length + texts.length > MOST_CHANGED) {
      this.#inActivity.clear();
      this.#changed = [];
    } else if (this.#inActivity.size > 0) this.#changed.push(...texts);
  }

  /** `now` in µs anchors relative times. Throws BAD_INPUT for a field, relation or comparison that does not exist. */
  mask(entity: Entity, condition: Condition, now: number): RowSet {
    if ('and' in condition) {
      if (condition.and.length === 0) return this.#tables[entity].listed();
      if (condition.and.length === 1) return this.mask(entity, condition.and[0], now);
    }
    const text = JSON.stringify(condition);
    const moves = text.includes('"ago"') || text.includes(RUN_TIME) || text.includes(LEFT_BEHIND);
    const key = `${entity} ${moves ? now : ''} ${text}`;
    const kept = this.#cache.get(key);
    if (kept) {
      this.#cache.delete(key);
      this.#cache.set(key, kept);
      return kept;
    }
    const made = this.#evaluate(entity, condition, now);
    this.#keep(key, made);
    return made;
  }

  #keep(key: string, mask: RowSet): void {
    const cost = (k: string, m: RowSet) => m.byteLength + k.length * 2;
    this.#cache.set(key, mask);
    this.#cached += cost(key, mask);
    for (const [oldKey, old] of this.#cache) {
      if (this.#cached <= CACHE_BYTES) break;
      this.#cache.delete(oldKey);
      this.#cached -= cost(oldKey, old);
    }
  }

  #evaluate(entity: Entity, condition: Condition, now: number): RowSet {
    const table = this.#tables[entity];
    if ('and' in condition) return condition.and.map((c) => this.mask(entity, c, now)).reduce(rowSet.and);
    if ('or' in condition) {
      if (condition.or.length === 0) return new Int32Array(table.words);
      return condition.or.map((c) => this.mask(entity, c, now)).reduce(rowSet.or);
    }
    if ('not' in condition) return rowSet.andNot(table.listed(), this.mask(entity, condition.not, now));
    if ('has' in condition) return this.#has(entity, condition.has, condition.where, now);
    if ('text' in condition) return this.#text(entity, condition.text, now);
    if ('log' in condition) return this.#log(entity, condition.log, now);
    return this.#compare(entity, condition, now);
  }

  #text(entity: Entity, text: string, now: number): RowSet {
    const terms = searchTerms(text);
    const [term] = terms;
    if (terms.length !== 1 || term.not)
      return this.mask(
        entity,
        split(terms, (one) => ({ text: one })),
        now,
      );
    const named = idOf(term.text);
    if (named?.address) return this.mask(entity, byId(entity, named.id), now);
    const masks = [this.mask(entity, inNames(entity, term.text), now)];
    if (named) masks.push(this.mask(entity, byId(entity, named.id), now));
    if (entity === 'task_run') {
      for (const table of ['task_run', 'activity', 'log'] as const) masks.push(this.#found(entity, table, term));
      masks.push(this.#gather(entity, 'flow_run', this.#found('flow_run', 'flow_run', term)));
    }
    if (entity === 'flow_run') masks.push(this.#found(entity, 'flow_run', term));
    return rowSet.and(masks.reduce(rowSet.or), this.#tables[entity].listed());
  }

  /** Of a flow run: the logs of its task runs; of its parents likewise. */
  #log(entity: Entity, text: string, now: number): RowSet {
    if (entity !== 'task_run') {
      const has = entity === 'flow_run' ? 'task_runs' : 'flow_runs';
      return this.mask(entity, { has, where: { log: text } }, now);
    }
    const listed = this.#tables[entity].listed();
    if (text === '')
      return rowSet.and(
        this.#activityMask('', (among) => this.#context.withLogs(among)),
        listed,
      );
    const terms = searchTerms(text);
    const [term] = terms;
    if (terms.length !== 1 || term.not) {
      // "not in the logs" is known only of runs whose logs are kept
      return rowSet.and(
        this.mask(
          entity,
          split(terms, (one) => ({ log: one })),
          now,
        ),
        this.#log(entity, '', now),
      );
    }
    return rowSet.and(this.#found(entity, 'log', term), listed);
  }

  #found(entity: Entity, table: SearchTable, term: SearchTerm): RowSet {
    const match = matchOf(term);
    if (match === null) return this.#marked(entity, []);
    const search = (among?: readonly number[]) => this.#context.search(table, match, among);
    return table === 'log' || table === 'activity'
      ? this.#activityMask(`${table} ${match}`, search)
      : this.#marked(entity, search());
  }

  /** Of task runs, by what is kept of them besides their rows. */
  #activityMask(key: string, search: (among?: readonly number[]) => ArrayLike<number>): RowSet {
    const { words } = this.#tables.task_run;
    const kept = this.#inActivity.get(key);
    let mask = kept?.mask ?? this.#marked('task_run', search());
    const changed = kept ? this.#changed.slice(kept.seen) : [];
    if (mask.length !== words || changed.length > 0) {
      const next: RowSet = new Int32Array(words);
      next.set(mask.subarray(0, words)); // rows came since
      for (const rid of changed) rowSet.remove(next, rid);
      mask = changed.length === 0 ? next : rowSet.or(next, this.#marked('task_run', search([...new Set(changed)])));
    }
    this.#inActivity.delete(key);
    this.#inActivity.set(key, { mask, seen: this.#changed.length });
    for (const old of this.#inActivity.keys()) if (this.#inActivity.size > MOST_ACTIVITY) this.#inActivity.delete(old);
    return mask;
  }

  /** Rows that came into the archive after the index was last brought up to date are left out. */
  #marked(entity: Entity, rids: ArrayLike<number>): RowSet {
    const { words, size } = this.#tables[entity];
    const out: RowSet = new Int32Array(words);
    for (let i = 0; i < rids.length; i++) if (rids[i] < size) out[rids[i] >> 5] |= 1 << (rids[i] & 31);
    return out;
  }

  #has(entity: Entity, name: string, where: Condition, now: number): RowSet {
    const known: Record<string, Relation> = relations[entity];
    const relation = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!relation) throw new AppError('BAD_INPUT', `${entity} has no relation ${name}`, { field: name });
    const mask = this.mask(relation.to, where, now);
    if (relation.kind === 'one') return this.#gather(entity, name, mask);
    const back = this.#tables[relation.to].columns.get(backReference[`${entity}.${name}`]) as RefColumn;
    const table = this.#tables[entity];
    return rowSet.and(pointedAt(back.codes, mask, table.words), table.listed());
  }

  #gather(entity: Entity, relation: string, mask: RowSet): RowSet {
    const table = this.#tables[entity];
    const refs = table.columns.get(relation) as RefColumn;
    return rowSet.and(byReference(refs.codes, mask, table.words), table.listed());
  }

  #compare(root: Entity, condition: Extract<Condition, { field: string }>, now: number): RowSet {
    const resolved = resolveField(root, condition.field);
    if (!resolved) throw new AppError('BAD_INPUT', `unknown field ${condition.field}`, { field: condition.field });
    if ('isNull' in condition && condition.isNull) {
      const listed = this.#tables[root].listed();
      return rowSet.andNot(listed, this.mask(root, { field: condition.field, isNull: false }, now));
    }
    // "all of no tags" is true of every row, also of a row without a list
    if ('all' in condition && condition.all.length === 0 && resolved.kind === 'tags') return this.mask(root, TRUE, now);
    if (resolved.via.length > 0) {
      let where: Condition = { ...condition, field: resolved.field };
      for (const relation of resolved.via.toReversed()) where = { has: relation, where };
      return this.mask(root, where, now);
    }
    const table = this.#tables[root];
    const column = table.field(resolved.field);
    return rowSet.and(this.#onColumn(table, column, condition, now), table.listed());
  }

  #onColumn(table: Table, column: Column, condition: Extract<Condition, { field: string }>, now: number): RowSet {
    if ('isNull' in condition) return notNull(table, column);
    if ('in' in condition) return isIn(table, column, condition.in, this.#context);
    if ('like' in condition || 'contains' in condition)
      return matches(table, column, matcherOf(condition, this.#context.dialect), this.#context);
    if ('all' in condition || 'any' in condition) {
      if (column.kind !== 'tags')
        throw new AppError('BAD_INPUT', `${condition.field} is not a list of tags`, { field: condition.field });
      return 'all' in condition ? hasAllTags(table, column, condition.all) : hasAnyTag(table, column, condition.any);
    }
    if (column.kind !== 'number' && column.kind !== 'difference')
      throw new AppError('BAD_INPUT', `${condition.field} has no range`, { field: condition.field });
    const from = condition.from === undefined ? -Infinity : instantAt(condition.from, now);
    const to = condition.to === undefined ? Infinity : instantAt(condition.to, now);
    return inRange(column, from, to, table.words);
  }
}

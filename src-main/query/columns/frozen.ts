/**
 * Fields of the index as they were at one moment, for a reader that takes a while, such as an export. What a commit is about to change is
 * kept before: memory grows with the rows that change meanwhile, not with the index. Fields that follow from many rows are copied.
 */
import { resolveField, type Entity } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import type { Change } from '../../store/columns.ts';
import type { RefColumn } from './columns.ts';
import * as rowSet from './row-set.ts';
import { accessor, copyReader, type Value } from './row-values.ts';
import { isRule } from './run-rules.ts';
import type { Table, Tables } from './table.ts';

/** What a row was: whether it was listed, its values and the rows it referred to, in the order of `Watched`. */
type Kept = { listed: boolean; values: Value[]; refs: number[] };
type Step = { from: Map<number, Kept>; refs: RefColumn; place: number; to: Map<number, Kept>; table: Table };
type Watched = {
  fields: string[];
  relations: string[];
  read: ((rid: number) => Value)[];
  refs: RefColumn[];
  kept: Map<number, Kept>;
};

export class Frozen {
  readonly #tables: Tables;
  readonly #watched = new Map<Entity, Watched>();
  /** From a task run to the parents that the paths name. */
  readonly #ways: Step[][] = [];
  readonly #paths = new Map<string, (rid: number) => Value>();
  /** A path follows from other rows and from the clock too: it may change while its own row does not. */
  #follows = false;

  /** `paths`: fields from a task run. Throws BAD_INPUT for one that does not exist. */
  constructor(tables: Tables, paths: readonly string[]) {
    this.#tables = tables;
    for (const path of paths) this.#paths.set(path, this.#reader(path));
  }

  /** Reads one of the paths, as `Engine.accessor` did at that moment. */
  reader(path: string): (rid: number) => Value {
    const read = this.#paths.get(path);
    if (!read) throw new AppError('INTERNAL', `${path} was not frozen`);
    return read;
  }

  /** Does the index still have what every path had for these rows? Then its arrays can be read instead. */
  unchanged(rids: Uint32Array): boolean {
    if (this.#follows) return false;
    const own = this.#watched.get('task_run')?.kept;
    if ([...this.#watched.values()].every(({ kept }) => kept.size === 0)) return true;
    for (const rid of rids) {
      if (own?.has(rid)) return false;
      for (const way of this.#ways) {
        let row = rid;
        for (const { refs, to } of way) {
          row = refs.codes[row];
          if (to.has(row)) return false;
        }
      }
    }
    return true;
  }

  /** To be called before the index takes in a commit. */
  before({ changed, removed }: Change): void {
    for (const [entity, { kept, read, refs }] of this.#watched) {
      const table = this.#tables[entity];
      for (const rid of [...(changed[entity] ?? []), ...(removed[entity] ?? [])]) {
        // a row that is not there yet is in no result, and no row refers to it
        if (kept.has(rid) || rid >= table.size || !rowSet.has(table.present, rid)) continue;
        kept.set(rid, {
          listed: rowSet.has(table.alive, rid),
          values: read.map((one) => one(rid)),
          refs: refs.map(({ codes }) => codes[rid]),
        });
      }
    }
  }

  #watch(entity: Entity): Watched {
    let watched = this.#watched.get(entity);
    if (!watched)
      this.#watched.set(entity, (watched = { fields: [], relations: [], read: [], refs: [], kept: new Map() }));
    return watched;
  }

  #reader(path: string): (rid: number) => Value {
    const resolved = resolveField('task_run', path);
    if (!resolved) throw new AppError('BAD_INPUT', `unknown field ${path}`, { field: path });
    const { via, entity, field, kind } = resolved;
    let at: Entity = 'task_run';
    const steps = via.map((relation): Step => {
      const from = this.#watch(at);
      const refs = this.#tables[at].columns.get(relation) as RefColumn;
      const place = placeOf(from.relations, relation, () => from.refs.push(refs));
      at = refs.target;
      return { from: from.kept, refs, place, to: this.#watch(at).kept, table: this.#tables[at] };
    });
    if (steps.length > 0) this.#ways.push(steps);
    const watched = this.#watch(entity);
    const follows = entity === 'task_run' && isRule(field);
    if (follows) this.#follows = true;
    const read = follows ? copyReader(this.#tables.task_run, field) : accessor(this.#tables, entity, field);
    const place = placeOf(watched.fields, field, () => watched.read.push(read));
    const none = kind === 'tags' ? [] : null;
    return (rid) => {
      let row = rid;
      for (const step of steps) {
        const was = step.from.get(row);
        row = was ? was.refs[step.place] : step.refs.codes[row];
        if (row === 0) return none;
        const parent = step.to.get(row);
        if (!(parent ? parent.listed : rowSet.has(step.table.alive, row))) return none;
      }
      const was = watched.kept.get(row);
      return was ? was.values[place] : read(row);
    };
  }
}

/** The place of a name in a list; a new one is added. */
function placeOf(names: string[], name: string, add: () => void): number {
  const found = names.indexOf(name);
  if (found >= 0) return found;
  add();
  return names.push(name) - 1;
}

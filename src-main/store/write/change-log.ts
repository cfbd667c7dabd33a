/** Keeps which rows the last commits touched, so that an index saved on disk can catch up. */
import type { Database, Statement } from 'better-sqlite3';
import { entities, type Entity } from '../../contract/fields.ts';
import type { Change } from '../columns.ts';
import { packRids, unpackRids } from './rid-list.ts';

/** Commits kept, some 400,000 rows of a full harvest. For more of them, reading all rows anew (3 s at a million) takes less time. */
const KEPT_BATCHES = 2000;

/** Collects the rows that one transaction, or several commits taken as one, have touched. */
export class Touches {
  readonly #changed = new Map<Entity, Set<number>>();
  readonly #removed = new Map<Entity, Set<number>>();

  changed(entity: Entity, rid: number): void {
    set(this.#changed, entity).add(rid);
  }

  removed(entity: Entity, rid: number): void {
    this.#changed.get(entity)?.delete(rid);
    set(this.#removed, entity).add(rid);
  }

  add({ changed, removed }: Pick<Change, 'changed' | 'removed'>): void {
    for (const entity of entities) {
      for (const rid of changed[entity] ?? []) this.changed(entity, rid);
      for (const rid of removed[entity] ?? []) this.removed(entity, rid);
    }
  }

  /** null when nothing was touched */
  change(batch: number): Change | null {
    const change: Change = { batch, changed: lists(this.#changed), removed: lists(this.#removed) };
    return Object.keys(change.changed).length + Object.keys(change.removed).length === 0 ? null : change;
  }
}

export class ChangeLog {
  readonly #insert: Statement;
  readonly #prune: Statement;
  #last: number;

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO change (batch, rids) VALUES (?, ?)');
    this.#prune = db.prepare('DELETE FROM change WHERE batch <= ?');
    this.#last = lastBatch(db);
  }

  get next(): number {
    return this.#last + 1;
  }

  /** Inside the transaction. */
  add(change: Change): void {
    this.#insert.run(change.batch, packChange(change));
    this.#prune.run(change.batch - KEPT_BATCHES);
  }

  /** After the commit. */
  committed(change: Change): void {
    this.#last = change.batch;
  }
}

/** Number of the last commit that has changed rows; 0: none has. */
export function lastBatch(db: Database): number {
  return db.prepare('SELECT ifnull(max(batch), 0) FROM change').pluck().get() as number;
}

/** The commits after `batch` as one; null when some of them are no longer kept. */
export function changesSince(db: Database, batch: number): Change | null {
  const last = lastBatch(db);
  if (batch > last) return null;
  const rows = db.prepare('SELECT rids FROM change WHERE batch > ? ORDER BY batch').pluck().all(batch) as Buffer[];
  if (rows.length !== last - batch) return null;
  const touches = new Touches();
  for (const packed of rows) touches.add(unpackChange(packed));
  return touches.change(last) ?? { batch: last, changed: {}, removed: {} };
}

function set(of: Map<Entity, Set<number>>, entity: Entity): Set<number> {
  const found = of.get(entity);
  if (found) return found;
  const made = new Set<number>();
  of.set(entity, made);
  return made;
}

function lists(of: Map<Entity, Set<number>>): Partial<Record<Entity, number[]>> {
  return Object.fromEntries([...of].filter(([, rids]) => rids.size > 0).map(([entity, rids]) => [entity, [...rids]]));
}

/** For each entity: how many changed, which, how many removed, which. */
function packChange({ changed, removed }: Change): Uint8Array {
  return packRids(
    entities
      .flatMap((entity) => [changed[entity] ?? [], removed[entity] ?? []])
      .flatMap((rids) => [rids.length, ...rids]),
  );
}

function unpackChange(packed: Uint8Array): Pick<Change, 'changed' | 'removed'> {
  const numbers = unpackRids(packed);
  const change: Pick<Change, 'changed' | 'removed'> = { changed: {}, removed: {} };
  let at = 0;
  const take = () => {
    const count = numbers[at++] ?? 0;
    return numbers.slice(at, (at += count));
  };
  for (const entity of entities) {
    change.changed[entity] = take();
    change.removed[entity] = take();
  }
  return change;
}

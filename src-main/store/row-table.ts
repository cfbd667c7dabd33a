/** Writes one entity's rows: new ones, changed ones under their old row number, and skips what is as it was. */
import type { Database, Statement } from 'better-sqlite3';
import type { Entity } from '../contract/fields.ts';
import type { Batch, Keys } from './encode.ts';
import type { Rids, Terms } from './interner.ts';
import type { JsonTable } from './json-table.ts';
import { columnNames, isRef, layouts } from './layout.ts';
import { uuidBytes, uuidText } from './uuid.ts';

export type Shared = { terms: Terms; rids: Record<Entity, Rids>; json: JsonTable };
/** Row numbers a transaction touches; a stub that is made counts as changed. */
export type Touched = { changed(entity: Entity, rid: number): void; removed(entity: Entity, rid: number): void };
export type Counts = { inserted: number; changed: number; unchanged: number };

type Probe = [rid: number, hash: number | null, updated: number | null, known: number, gone: number | null];
type Bound = Uint8Array | string | number | null;

const KEEP = -1;

function isSame({ hashes, stamps }: Keys, i: number, [, hash, updated, known]: Probe): boolean {
  const sameTime = updated === null ? Number.isNaN(stamps[i]) : updated === stamps[i];
  return known === 1 && hash === hashes[i] && sameTime;
}

export class RowTable {
  readonly #entity: Entity;
  readonly #shared: Shared;
  readonly #probe: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #back: Statement;
  readonly #gone: Statement;
  readonly #toStub: Statement;
  readonly #delete: Statement;
  readonly #isReferred: Statement | null;

  constructor(db: Database, entity: Entity, shared: Shared) {
    this.#entity = entity;
    this.#shared = shared;
    // the order in which #bind gives them
    const names = ['known', ...layouts[entity].columns.map(({ name }) => name), 'gone', 'hash', 'rid'];
    this.#probe = db.prepare(`SELECT rid, hash, updated, known, gone FROM ${entity} WHERE id = ?`).raw();
    this.#insert = db.prepare(
      `INSERT INTO ${entity} (${names.join(', ')}, id) VALUES (${names.map(() => '?').join(', ')}, ?)`,
    );
    const set = names.slice(0, -1).map((name) => `${name} = ?`);
    this.#update = db.prepare(`UPDATE ${entity} SET ${set.join(', ')} WHERE rid = ?`);
    this.#back = db.prepare(`UPDATE ${entity} SET gone = NULL WHERE rid = ?`);
    this.#gone = db.prepare(`UPDATE ${entity} SET gone = ? WHERE id = ? AND gone IS NULL RETURNING rid`).pluck();
    const blank = columnNames(entity).filter((name) => name !== 'id' && name !== 'known');
    this.#toStub = db.prepare(
      `UPDATE ${entity} SET known = 0, ${[...blank, 'hash'].map((name) => `${name} = NULL`).join(', ')} WHERE rid = ?`,
    );
    this.#delete = db.prepare(`DELETE FROM ${entity} WHERE rid = ?`);
    this.#isReferred =
      entity === 'task_run' ? db.prepare('SELECT 1 FROM flow_run WHERE parent_task_run = ? LIMIT 1').pluck() : null;
  }

  write(batch: Batch, touched: Touched, counts: Counts): void {
    const { rows } = batch;
    counts.unchanged += batch.skipped;
    const rids = new Array<number>(rows).fill(KEEP);
    const isNew = new Array<boolean>(rows).fill(false);
    for (let i = 0; i < rows; i++) {
      const found = this.#find(batch, i);
      if (!found) {
        rids[i] = this.#shared.rids[this.#entity].take();
        isNew[i] = true;
        counts.inserted++;
        continue;
      }
      const [rid, , , known, gone] = found;
      if (isSame(batch, i, found)) {
        counts.unchanged++;
        if (gone === null) continue;
        this.#back.run(rid);
        touched.changed(this.#entity, rid);
        continue;
      }
      rids[i] = rid;
      if (known === 1) counts.changed++;
      else counts.inserted++;
    }
    this.#store(batch, rids, isNew, touched);
  }

  /** Which rows of the batch are not there or gone, and which are there but otherwise. */
  compare(keys: Keys): { missing: string[]; changed: string[] } {
    const missing: string[] = [];
    const changed: string[] = [];
    for (let i = 0; i < keys.rows; i++) {
      const found = this.#find(keys, i);
      const there = found !== undefined && found[3] === 1 && found[4] === null;
      if (!there) missing.push(uuidText(keys.ids, i * 16));
      else if (!isSame(keys, i, found)) changed.push(uuidText(keys.ids, i * 16));
    }
    return { missing, changed };
  }

  /** 1 for each row that `write` would do something about. */
  needed(keys: Keys): Uint8Array {
    const needed = new Uint8Array(keys.rows);
    for (let i = 0; i < keys.rows; i++) {
      const found = this.#find(keys, i);
      if (!found || found[4] !== null || !isSame(keys, i, found)) needed[i] = 1;
    }
    return needed;
  }

  #find({ ids }: Keys, i: number): Probe | undefined {
    return this.#probe.get(ids.subarray(i * 16, i * 16 + 16)) as Probe | undefined;
  }

  /** Marks rows as lost by the server since `at` µs, unless they already are; also ids known from references only, so that they are asked for once. */
  markGone(ids: readonly string[], at: number, touched: Touched): void {
    for (const id of ids) {
      const rid = this.#gone.get(at, uuidBytes(id)) as number | undefined;
      if (rid !== undefined) touched.changed(this.#entity, rid);
    }
  }

  /** Takes rows out of the archive. What other rows may refer to stays as a bare id. Returns how many there were. */
  remove(ids: readonly string[], touched: Touched): number {
    let removed = 0;
    for (const id of ids) {
      const found = this.#probe.get(uuidBytes(id)) as Probe | undefined;
      if (!found || found[3] === 0) continue;
      const [rid] = found;
      removed++;
      this.#shared.json.delete(this.#entity, rid);
      if (this.#isReferred && this.#isReferred.get(rid) === undefined) {
        this.#delete.run(rid);
        touched.removed(this.#entity, rid);
      } else {
        this.#toStub.run(rid);
        touched.changed(this.#entity, rid);
      }
    }
    if (removed > 0) this.#shared.rids[this.#entity].forget();
    return removed;
  }

  #store(batch: Batch, rids: number[], isNew: boolean[], touched: Touched): void {
    const terms = new Array<number>(batch.terms.length).fill(0);
    const refs: Partial<Record<Entity, number[]>> = {};
    const needed = rids.some((rid) => rid !== KEEP);
    if (!needed) return;
    batch.terms.forEach((text, i) => (terms[i] = this.#shared.terms.id(text)));
    for (const [entity, list] of Object.entries(batch.refs) as [Entity, string[]][]) {
      refs[entity] = list.map((id) => this.#shared.rids[entity].of(id, (rid) => touched.changed(entity, rid)));
    }
    const json = this.#shared.json.prepare(this.#entity, batch);
    rids.forEach((rid, i) => {
      if (rid === KEEP) return;
      const bound = this.#bind(batch, i, terms, refs, rid);
      if (isNew[i]) this.#insert.run(bound, batch.ids.subarray(i * 16, i * 16 + 16));
      else this.#update.run(bound);
      this.#shared.json.put(this.#entity, rid, json[i]);
      touched.changed(this.#entity, rid);
    });
  }

  #bind(batch: Batch, i: number, terms: number[], refs: Partial<Record<Entity, number[]>>, rid: number): Bound[] {
    const layout = layouts[this.#entity];
    const bound: Bound[] = [1];
    for (const { kind, slot } of layout.columns) {
      if (kind === 'text') {
        bound.push(batch.texts[i * layout.texts + slot] ?? null);
        continue;
      }
      const number = batch.numbers[i * layout.numbers + slot];
      if (Number.isNaN(number)) bound.push(null);
      else if (kind === 'term' || kind === 'tags') bound.push(terms[number]);
      else if (isRef(kind)) bound.push(refs[kind]?.[number] ?? null);
      else bound.push(number);
    }
    bound.push(null, batch.hashes[i], rid);
    return bound;
  }
}

/** Writes one entity's rows: inserts new ones, updates changed ones under their row number, and skips unchanged ones. */
import type { Database, Statement } from 'better-sqlite3';
import type { WriteCounts } from '../../contract/archive.ts';
import type { Entity } from '../../contract/fields.ts';
import type { Batch, Keys } from './encode.ts';
import type { Rids, Terms } from './interner.ts';
import type { JsonTable } from '../json/json-table.ts';
import { columnNames, isRef, layouts } from '../layout.ts';
import type { SearchIndex } from '../search/search-index.ts';
import { uuidBytes, uuidText } from '../uuid.ts';

export type Shared = { terms: Terms; rids: Record<Entity, Rids>; json: JsonTable; search: SearchIndex };
/** Takes note of the row numbers that a transaction touches; a new row that holds only an id counts as changed. */
type Touched = { changed(entity: Entity, rid: number): void; removed(entity: Entity, rid: number): void };

type Probe = [rid: number, hash: number | null, updated: number | null, known: number, gone: number | null];
type Bound = Uint8Array | string | number | null;
/** A batch's terms and references as the archive's numbers, by their positions in the batch; the JSON texts by row. */
type Resolved = { terms: number[]; refs: Partial<Record<Entity, number[]>>; texts: Uint8Array[] };

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
  /** Most rows of the last batch were new: rows are then inserted without looking for them first, which saves a statement a row. */
  #expectsNew = false;

  constructor(db: Database, entity: Entity, shared: Shared) {
    this.#entity = entity;
    this.#shared = shared;
    // the order in which #bind gives them
    const names = ['known', ...layouts[entity].columns.map(({ name }) => name), 'gone', 'hash', 'rid'];
    this.#probe = db.prepare(`SELECT rid, hash, updated, known, gone FROM ${entity} WHERE id = ?`).raw();
    this.#insert = db.prepare(
      `INSERT INTO ${entity} (${names.join(', ')}, id) VALUES (${names.map(() => '?').join(', ')}, ?) ON CONFLICT (id) DO NOTHING`,
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

  write(batch: Batch, touched: Touched, counts: WriteCounts): void {
    counts.unchanged += batch.skipped;
    const before = counts.inserted;
    let made: Resolved | null = null;
    const resolved = () => (made ??= this.#resolve(batch, touched));
    for (let i = 0; i < batch.rows; i++) {
      if (this.#expectsNew && this.#insertNew(batch, i, resolved(), touched)) {
        counts.inserted++;
        continue;
      }
      const found = this.#find(batch, i);
      if (!found) {
        this.#insertNew(batch, i, resolved(), touched);
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
      this.#update.run(...this.#bind(batch, i, resolved()), rid);
      this.#putJson(rid, resolved().texts[i], touched);
      this.#shared.search.row(this.#entity, rid, batch.words[i], false);
      if (known === 1) counts.changed++;
      else counts.inserted++;
    }
    if (batch.rows > 0) this.#expectsNew = counts.inserted - before > batch.rows / 2;
  }

  /** Ids of rows that are not kept or are marked gone, and of rows that are kept and differ. */
  differing(keys: Keys): { missing: string[]; changed: string[] } {
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

  /** By row: 1 when `write` would insert, update or unmark it. */
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

  /** Marks rows as lost by the server since `at` µs, unless they are marked already; also rows of which only the id is known, so that the server is asked for them once. */
  markGone(ids: readonly string[], at: number, touched: Touched): void {
    for (const id of ids) {
      const rid = this.#gone.get(at, uuidBytes(id)) as number | undefined;
      if (rid !== undefined) touched.changed(this.#entity, rid);
    }
  }

  /** Deletes rows. Of a row that others may refer to, the id stays. Returns how many rows there were. */
  remove(ids: readonly string[], touched: Touched): number {
    let removed = 0;
    for (const id of ids) {
      const found = this.#probe.get(uuidBytes(id)) as Probe | undefined;
      if (!found || found[3] === 0) continue;
      const [rid] = found;
      removed++;
      this.#shared.json.delete(this.#entity, rid);
      this.#shared.search.dropRow(this.#entity, rid);
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

  #resolve(batch: Batch, touched: Touched): Resolved {
    const terms = batch.terms.map((text) => this.#shared.terms.id(text));
    const refs: Resolved['refs'] = {};
    for (const [entity, list] of Object.entries(batch.refs) as [Entity, string[]][]) {
      refs[entity] = list.map((id) => this.#shared.rids[entity].of(id, (rid) => touched.changed(entity, rid)));
    }
    return { terms, refs, texts: this.#shared.json.split(this.#entity, batch) };
  }

  /** false when there is a row with the id */
  #insertNew(batch: Batch, i: number, resolved: Resolved, touched: Touched): boolean {
    const rids = this.#shared.rids[this.#entity];
    const rid = rids.next;
    const id = batch.ids.subarray(i * 16, i * 16 + 16);
    if (this.#insert.run(...this.#bind(batch, i, resolved), rid, id).changes === 0) return false;
    rids.take();
    this.#putJson(rid, resolved.texts[i], touched);
    this.#shared.search.row(this.#entity, rid, batch.words[i], true);
    return true;
  }

  #putJson(rid: number, text: Uint8Array, touched: Touched): void {
    this.#shared.json.put(this.#entity, rid, text);
    touched.changed(this.#entity, rid);
  }

  /** Values in the order of the statements' parameters up to `hash`. */
  #bind(batch: Batch, i: number, { terms, refs }: Resolved): Bound[] {
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
    bound.push(null, batch.hashes[i]);
    return bound;
  }
}

/** Writes one entity's rows: new ones, changed ones under their old row number, and skips what is as it was. */
import type { Database, Statement } from 'better-sqlite3';
import type { Entity } from '../contract/fields.ts';
import type { BlockTable } from './block-table.ts';
import type { Batch, Keys } from './encode.ts';
import type { Block } from './frames.ts';
import type { Rids, Terms } from './interner.ts';
import { columnNames, isRef, layouts } from './layout.ts';
import { uuidBytes, uuidText } from './uuid.ts';

export type Shared = { terms: Terms; rids: Record<Entity, Rids>; blocks: BlockTable };
/** Row numbers a transaction touches; a stub that is made counts as changed. */
export type Touched = { changed(entity: Entity, rid: number): void; removed(entity: Entity, rid: number): void };
export type Counts = { inserted: number; changed: number; unchanged: number };

type Probe = [
  rid: number,
  hash: number | null,
  updated: number | null,
  known: number,
  gone: number | null,
  blk: number | null,
];
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
    const names = ['known', ...layouts[entity].columns.map(({ name }) => name), 'gone', 'hash', 'blk', 'bix', 'rid'];
    this.#probe = db.prepare(`SELECT rid, hash, updated, known, gone, blk FROM ${entity} WHERE id = ?`).raw();
    this.#insert = db.prepare(
      `INSERT INTO ${entity} (${names.join(', ')}, id) VALUES (${names.map(() => '?').join(', ')}, ?)`,
    );
    const set = names.slice(0, -1).map((name) => `${name} = ?`);
    this.#update = db.prepare(`UPDATE ${entity} SET ${set.join(', ')} WHERE rid = ?`);
    this.#back = db.prepare(`UPDATE ${entity} SET gone = NULL WHERE rid = ?`);
    this.#gone = db.prepare(`UPDATE ${entity} SET gone = ? WHERE id = ? AND gone IS NULL RETURNING rid`).pluck();
    const blank = columnNames(entity).filter((name) => name !== 'id' && name !== 'known');
    this.#toStub = db.prepare(
      `UPDATE ${entity} SET known = 0, ${[...blank, 'hash', 'blk', 'bix'].map((name) => `${name} = NULL`).join(', ')} WHERE rid = ?`,
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
      const [rid, , , known, gone, blk] = found;
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
      if (blk !== null) this.#shared.blocks.leave(blk);
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
      const [rid, , , , , blk] = found;
      removed++;
      if (blk !== null) this.#shared.blocks.leave(blk);
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
    this.#shared.blocks.require(batch.dictionary);
    if (!this.#shared.blocks.dictionary(this.#entity))
      this.#shared.blocks.learn(this.#entity, this.#first(batch).rows());
    const save = (i: number, blk: number, bix: number) => {
      const rid = rids[i];
      const bound = this.#bind(batch, i, terms, refs, blk, bix, rid);
      if (isNew[i]) this.#insert.run(bound, batch.ids.subarray(i * 16, i * 16 + 16));
      else this.#update.run(bound);
      touched.changed(this.#entity, rid);
    };
    const loose: { row: number; text: Buffer }[] = [];
    let row = 0;
    let start = 0;
    batch.blockRows.forEach((count, b) => {
      const end = batch.blockEnds[b];
      const z = batch.blocks.subarray(start, end);
      const part = rids.slice(row, row + count);
      if (!part.includes(KEEP)) {
        const blk = this.#shared.blocks.add(this.#entity, part, z, batch.dictionary);
        for (let bix = 0; bix < count; bix++) save(row + bix, blk, bix);
      } else if (part.some((rid) => rid !== KEEP)) {
        const opened = this.#shared.blocks.open(z, batch.dictionary);
        part.forEach((rid, bix) => {
          if (rid !== KEEP) loose.push({ row: row + bix, text: opened.row(bix) });
        });
      }
      row += count;
      start = end;
    });
    // a few changed rows among many unchanged ones: together into blocks of their own, without the unchanged
    let at = 0;
    this.#shared.blocks.addRows(
      this.#entity,
      loose.map(({ row }) => rids[row]),
      loose.map(({ text }) => text),
      (_, { blk, bix }) => save((loose[at++] as { row: number }).row, blk, bix),
    );
  }

  #first(batch: Batch): Block {
    return this.#shared.blocks.open(batch.blocks.subarray(0, batch.blockEnds[0]), batch.dictionary);
  }

  #bind(
    batch: Batch,
    i: number,
    terms: number[],
    refs: Partial<Record<Entity, number[]>>,
    blk: number,
    bix: number,
    rid: number,
  ): Bound[] {
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
    bound.push(null, batch.hashes[i], blk, bix, rid);
    return bound;
  }
}

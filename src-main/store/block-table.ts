/** The table of blocks: new ones, counting what is still current in the old ones, and rewriting those that are mostly dead. */
import type { Database, Statement } from 'better-sqlite3';
import { entities, type Entity } from '../contract/fields.ts';
import { dictionaryOf, joinRows, MAX_BLOCK_ROWS, planBlocks, type Dictionary } from './blocks.ts';
import { Dictionaries, NO_DICTIONARY } from './dictionaries.ts';
import { Block, packRows } from './frames.ts';
import { packRids, unpackRids } from './rid-list.ts';

/** Blocks with fewer current rows are rewritten: about a quarter of a full one. The partial index `block_sparse` names the same number. */
const SPARSE_ROWS = 7;
/** Blocks rewritten with one write of about 200 rows. Random updates of 200 rows make some 11 sparse, so they never pile up. */
const BLOCKS_PER_STEP = 16;

export type Place = { blk: number; bix: number };

export class BlockTable {
  readonly #insert: Statement;
  readonly #get: Statement;
  readonly #lessen: Statement;
  readonly #delete: Statement;
  readonly #sparse: Statement;
  readonly #sparseOf: Statement;
  readonly #isAt: Record<Entity, Statement>;
  readonly #move: Record<Entity, Statement>;
  readonly #dictionaries: Dictionaries;
  readonly #lost = new Map<number, number>();
  #next: number;

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO block (blk, entity, live, rids, z, dict) VALUES (?, ?, ?, ?, ?, ?)');
    this.#get = db.prepare('SELECT rids, z, dict FROM block WHERE blk = ?').raw();
    this.#lessen = db.prepare('UPDATE block SET live = live - ? WHERE blk = ? RETURNING live').pluck();
    this.#delete = db.prepare('DELETE FROM block WHERE blk = ?');
    this.#sparse = db
      .prepare(
        `SELECT entity FROM block WHERE live < ${SPARSE_ROWS} GROUP BY entity
         HAVING sum(live) >= ${MAX_BLOCK_ROWS} OR count(*) >= ${BLOCKS_PER_STEP}`,
      )
      .pluck();
    this.#sparseOf = db
      .prepare(
        `SELECT blk FROM block WHERE entity = ? AND live < ${SPARSE_ROWS} ORDER BY rowid LIMIT ${BLOCKS_PER_STEP}`,
      )
      .pluck();
    const each = (sql: (entity: Entity) => string) =>
      Object.fromEntries(entities.map((entity) => [entity, db.prepare(sql(entity))])) as Record<Entity, Statement>;
    this.#isAt = each((entity) => `SELECT 1 FROM ${entity} WHERE rid = ? AND blk = ? AND bix = ?`);
    this.#move = each((entity) => `UPDATE ${entity} SET blk = ?, bix = ? WHERE rid = ?`);
    this.#dictionaries = new Dictionaries(db);
    this.#next = (db.prepare('SELECT ifnull(max(blk), 0) FROM block').pluck().get() as number) + 1;
  }

  /** Stores a block and returns its number; the rows are told where they are by the caller. */
  add(entity: Entity, rids: readonly number[], z: Uint8Array, dictionary: number): number {
    const blk = this.#next++;
    this.#insert.run(blk, entities.indexOf(entity), rids.length, packRids(rids), z, dictionary);
    return blk;
  }

  /** What new rows of the entity are compressed against; null until there has been one to take. */
  dictionary(entity: Entity): Dictionary | null {
    return this.#dictionaries.current(entity);
  }

  /** Throws when blocks made with it could not be read again. */
  require(dictionary: number): void {
    this.#dictionaries.opener(dictionary);
  }

  /** Takes the row of middle length as typical, when there is no dictionary yet. */
  learn(entity: Entity, rows: readonly Uint8Array[]): void {
    const row = [...rows].sort((a, b) => a.length - b.length)[rows.length >> 1];
    if (row && !this.dictionary(entity)) this.#dictionaries.add(entity, dictionaryOf(row));
  }

  /** `dictionary`: as the block's row names it. Throws ARCHIVE_DAMAGED. */
  open(z: Uint8Array, dictionary: number | null): Block {
    return new Block(z, this.#dictionaries.opener(dictionary));
  }

  /** Loose rows into as many blocks as they need. */
  addRows(
    entity: Entity,
    rids: readonly number[],
    rows: readonly Uint8Array[],
    placed: (rid: number, place: Place) => void,
  ): void {
    const dictionary = this.dictionary(entity);
    let from = 0;
    for (const count of planBlocks(rows.map((row) => row.length))) {
      const part = rids.slice(from, from + count);
      const { bytes, ends } = joinRows(rows.slice(from, from + count));
      const z = packRows(bytes, ends, dictionary?.bytes ?? null);
      const blk = this.add(entity, part, z, dictionary?.id ?? NO_DICTIONARY);
      part.forEach((rid, bix) => placed(rid, { blk, bix }));
      from += count;
    }
  }

  /** A row has moved out of a block or is gone. Takes effect with `settle`. */
  leave(blk: number): void {
    this.#lost.set(blk, (this.#lost.get(blk) ?? 0) + 1);
  }

  /** To be called once at the end of each transaction. */
  settle(): void {
    for (const [blk, rows] of this.#lost) if (this.#lessen.get(rows, blk) === 0) this.#delete.run(blk);
    this.#lost.clear();
    for (const position of this.#sparse.all() as number[]) this.#compact(entities[position], position);
  }

  /** After a rollback. */
  forget(): void {
    this.#lost.clear();
    this.#dictionaries.forget();
  }

  #compact(entity: Entity, position: number): void {
    const rids: number[] = [];
    const rows: Buffer[] = [];
    for (const blk of this.#sparseOf.all(position) as number[]) {
      const [packed, z, dictionary] = this.#get.get(blk) as [Buffer, Buffer, number | null];
      let opened: Block | null = null;
      unpackRids(packed).forEach((rid, bix) => {
        if (this.#isAt[entity].get(rid, blk, bix) === undefined) return;
        opened ??= this.open(z, dictionary);
        rids.push(rid);
        rows.push(opened.row(bix));
      });
      this.#delete.run(blk);
    }
    this.addRows(entity, rids, rows, (rid, { blk, bix }) => this.#move[entity].run(blk, bix, rid));
  }
}

/** The four tables of an archive: loaded from its columns, then updated by its commits. */
import { entities, perEntity, type Entity } from '../../contract/fields.ts';
import type { Change, ColumnSource } from '../../store/columns.ts';
import * as rowSet from './row-set.ts';
import type { SourceRow } from './column-load.ts';
import { Terms } from './dictionaries.ts';
import { Table, type Tables } from './table.ts';

/** Rows loaded at once: few enough to stay in the young heap. */
const PIECE = 500;

export class TableSet {
  readonly tables: Tables;
  readonly #source: ColumnSource;
  readonly #terms: Terms;

  constructor(source: ColumnSource, tables: Tables = emptyTables(() => 0)) {
    this.#source = source;
    this.#terms = new Terms((after) => source.terms(after));
    this.tables = tables;
  }

  static load(source: ColumnSource): TableSet {
    const last = perEntity((entity) => source.maxRid(entity));
    const set = new TableSet(
      source,
      emptyTables((entity) => last[entity]),
    );
    for (const entity of entities) {
      let piece: SourceRow[] = [];
      for (const row of source.rows(entity, 1, last[entity])) {
        if (piece.push(row) < PIECE) continue;
        set.tables[entity].load(piece, set.#terms);
        piece = [];
      }
      set.tables[entity].load(piece, set.#terms);
    }
    for (const entity of entities) set.#fetchParents(entity, null);
    for (const entity of entities) set.tables[entity].logging = true;
    return set;
  }

  /** Frees the memory of the columns. The tables must not be used afterwards. */
  dispose(): void {
    for (const entity of entities) this.tables[entity].arena.dispose();
  }

  apply({ changed, removed }: Change): void {
    for (const entity of entities) {
      const gone = removed[entity] ?? [];
      if (changed[entity]?.length) this.#take(entity, changed[entity]);
      for (const rid of gone) this.tables[entity].remove(rid);
      if (gone.length > 0) this.tables[entity].settle(gone);
    }
    for (const entity of entities) if (changed[entity]) this.#fetchParents(entity, changed[entity]);
  }

  #take(entity: Entity, rids: readonly number[]): void {
    const table = this.tables[entity];
    const rows = this.#source.rowsByRid(entity, rids);
    for (const row of rows) table.set(row, this.#terms);
    if (rows.length < rids.length) {
      const found = new Set(rows.map(([rid]) => rid));
      for (const rid of rids) if (!found.has(rid)) table.remove(rid);
    }
    table.settle(rids);
  }

  /** Rows may point at parents that were written after the index was last updated; those are read too, so that every reference has an id. `rids` null: all rows. */
  #fetchParents(entity: Entity, rids: readonly number[] | null): void {
    const table = this.tables[entity];
    for (const column of table.columns.values()) {
      if (column.kind !== 'ref') continue;
      const target = this.tables[column.target];
      const missing = new Set<number>();
      const end = rids ? rids.length : table.size;
      for (let i = 0; i < end; i++) {
        const rid = rids ? rids[i] : i;
        const to = rid < table.size ? column.codes[rid] : 0;
        if (to === 0 || !rowSet.has(table.present, rid)) continue;
        if (to >= target.size || !rowSet.has(target.present, to)) missing.add(to);
      }
      if (missing.size === 0) continue;
      const list = [...missing];
      target.reserve(Math.max(...list));
      this.#take(column.target, list);
      this.#fetchParents(column.target, list);
    }
  }
}

/** Empty tables with room for `rows(entity)` rows each. */
export function emptyTables(rows: (entity: Entity) => number): Tables {
  return perEntity((entity) => new Table(entity, rows(entity)));
}

/**
 * Rows of one result, fetched in pages as the grid asks for them. Plain data, no reactivity: `onChange` tells when rows
 * came in. A page is 200 rows; 64 pages (12,800 rows, about 8 MB) are kept, the least recently used go first.
 */
import type { TaskRunRow } from '../../../src-main/contract/run.ts';

const PAGE = 200;
const KEPT = 64;
/** Requests in flight. The newest wanted page is asked for first: pages scrolled past are no longer wanted. */
const IN_FLIGHT = 2;

export type Fetch = (from: number, to: number, signal: AbortSignal) => Promise<TaskRunRow[]>;

export class Pages {
  readonly count: number;
  private readonly pages = new Map<number, TaskRunRow[]>();
  private readonly loading = new Set<number>();
  private wanted: number[] = [];
  private readonly abort = new AbortController();
  private readonly fetch: Fetch;
  private readonly onChange: () => void;
  private readonly onFail: (thrown: unknown) => void;

  /** `first`: rows [0, first.length) that came with the answer */
  constructor(
    count: number,
    first: TaskRunRow[],
    fetch: Fetch,
    onChange: () => void,
    onFail: (thrown: unknown) => void,
  ) {
    this.count = count;
    this.fetch = fetch;
    this.onChange = onChange;
    this.onFail = onFail;
    for (let page = 0; page * PAGE < first.length; page += 1) {
      const rows = first.slice(page * PAGE, (page + 1) * PAGE);
      if (rows.length === PAGE || page * PAGE + rows.length === count) this.pages.set(page, rows);
    }
  }

  /** null while it is on its way, or past the end */
  at(index: number): TaskRunRow | null {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE] ?? null;
  }

  /** The grid shows, or soon shows, rows [from, to). */
  need(from: number, to: number): void {
    const last = Math.min(to, this.count) - 1;
    this.wanted = [];
    for (let page = Math.floor(Math.max(0, from) / PAGE); page * PAGE <= last; page += 1) {
      const rows = this.pages.get(page);
      if (rows) {
        this.pages.delete(page); // re-inserted last: a Map keeps insertion order, which makes it the LRU list
        this.pages.set(page, rows);
      } else if (!this.loading.has(page)) this.wanted.push(page);
    }
    this.pump();
  }

  /**
   * Reads rows [first, end), which are on screen, again, in the same places: a run that ends is seen to end while the list stays. Pages
   * out of sight are read when they are wanted. Throws what the fetch throws.
   */
  async renew(first: number, end: number): Promise<void> {
    const [from, to] = [Math.max(0, first), Math.min(end, this.count)];
    for (const page of [...this.pages.keys()])
      if (page * PAGE >= to || (page + 1) * PAGE <= from) this.pages.delete(page);
    if (from >= to) return;
    const fresh = await this.fetch(from, to, this.abort.signal);
    const changed = new Map<number, TaskRunRow[]>();
    fresh.forEach((row, i) => {
      const page = Math.floor((from + i) / PAGE);
      const rows = changed.get(page) ?? this.pages.get(page);
      const kept = rows?.[(from + i) % PAGE];
      if (!rows || kept?.id !== row.id || JSON.stringify(kept) === JSON.stringify(row)) return;
      changed.set(page, rows.with((from + i) % PAGE, row));
    });
    for (const [page, rows] of changed) if (this.pages.has(page)) this.pages.set(page, rows);
    if (changed.size > 0) this.onChange();
  }

  /** Loads the page of one row, whatever the grid wants. null past the end or when it cannot be had. */
  async later(index: number): Promise<TaskRunRow | null> {
    if (index < 0 || index >= this.count) return null;
    const page = Math.floor(index / PAGE);
    if (!this.pages.has(page)) await this.load(page);
    return this.at(index);
  }

  close(): void {
    this.abort.abort();
    this.wanted = [];
  }

  private pump(): void {
    while (this.loading.size < IN_FLIGHT) {
      const page = this.wanted.shift();
      if (page === undefined) return;
      void this.load(page);
    }
  }

  private async load(page: number): Promise<void> {
    this.loading.add(page);
    try {
      const rows = await this.fetch(page * PAGE, Math.min((page + 1) * PAGE, this.count), this.abort.signal);
      if (this.abort.signal.aborted) return;
      this.pages.set(page, rows);
      for (const old of this.pages.keys()) {
        if (this.pages.size <= KEPT) break;
        this.pages.delete(old);
      }
      this.onChange();
    } catch (thrown) {
      if (!this.abort.signal.aborted) this.onFail(thrown);
    } finally {
      this.loading.delete(page);
      if (!this.abort.signal.aborted) this.pump();
    }
  }
}

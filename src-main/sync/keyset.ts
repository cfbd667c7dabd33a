/**
 * Harvest: reads every row whose `column` lies in a gap, by closing the gap from its ends.
 * Each page is one SELECT on one snapshot, its bound is inclusive and no offset is used, so that rows deleted or inserted
 * meanwhile cannot push others past the cursor. Ties longer than a page are read by an anchored scan (anchored.ts).
 *
 * Two lanes read one gap, from above and from below: they never read the same rows, need no plan of where the rows
 * lie, and meet wherever they meet.
 */
import { AppError } from '../contract/errors.ts';
import { formatTime, parseTime } from '../contract/time.ts';
import type { Row } from '../prefect/client.ts';
import { timeOf } from '../prefect/rows.ts';
import { scanAnchored } from './anchored.ts';
import type { Criteria, Rows, Source } from './source.ts';

/**
 * The times still to be read, bounds included. Kept as the server's own texts, since beyond the year 2255 a µs count is not exact.
 * `low` null: no lower bound.
 */
export type Gap = { low: string | null; high: string };

/** The largest time that Prefect takes. Scheduled runs lie in the future, so a gap ends here and not at "now". */
export const END_OF_TIME = '9999-12-31T23:59:59.999999Z';

export type Walk = {
  entity: 'task_run' | 'flow_run';
  column: 'expected_start_time' | 'end_time';
  /** ANDed to the bounds */
  criteria: Criteria;
  /** Prefect sorts by end time downwards only */
  lanes: 1 | 2;
  /** a page that fails is not halved: there is another way to what it would tell */
  whole?: boolean;
};

/**
 * Takes the rows of one page. `gap` is what is left to read after them (null: nothing) and is to be stored together with them. The order of
 * the calls must be fixed before it returns; the returned promise is awaited only before further pages are taken.
 */
type TakePage = (rows: Row[], gap: Gap | null) => Promise<void>;

/** µs that times near the year 9999 may be rounded by. */
const SLACK = 64;

const micros = (text: string): number => parseTime(text) ?? NaN;

/** Rejects with the first lane's failure after both have stopped. */
export async function closeGap(source: Source, walk: Walk, start: Gap, take: TakePage): Promise<void> {
  const shared: Shared = { gap: { ...start }, edges: { down: new Set(), up: new Set() } };
  const lanes: Promise<void>[] = [];
  const failures: unknown[] = [];
  const begin = (direction: 'down' | 'up') => {
    const lane = new Lane(source, walk, direction, shared, take, () => {
      // only a gap that fills a page is worth a second request
      if (walk.lanes === 2 && lanes.length === 1) begin('up');
    });
    lanes.push(
      lane.run().catch((thrown: unknown) => {
        failures.push(thrown);
        shared.gap = null; // stops the other lane after its page
      }),
    );
  };
  begin('down');
  for (let i = 0; i < lanes.length; i++) await lanes[i];
  if (failures.length > 0) throw failures[0];
}

/** `edges`: ids at the end of each lane's last page. The lane's next page begins with them again, and so does the other lane's where they meet. */
type Shared = { gap: Gap | null; edges: Record<'down' | 'up', Set<string>> };

class Lane {
  readonly #source: Source;
  readonly #walk: Walk;
  readonly #direction: 'down' | 'up';
  readonly #shared: Shared;
  readonly #take: TakePage;
  readonly #onFull: () => void;
  /** time at which this lane's last page ended */
  #from: string | null = null;

  constructor(
    source: Source,
    walk: Walk,
    direction: 'down' | 'up',
    shared: Shared,
    take: TakePage,
    onFull: () => void,
  ) {
    this.#source = source;
    this.#walk = walk;
    this.#direction = direction;
    this.#shared = shared;
    this.#take = take;
    this.#onFull = onFull;
  }

  async run(): Promise<void> {
    const { gap } = this.#shared;
    if (gap === null) return;
    let next = this.#ask(gap);
    for (;;) {
      const { rows, full } = await next;
      let fresh = this.#fresh(rows);
      let to: string | null = null;
      let step = 0;
      if (full) {
        to = this.#farEdge(rows);
        const time = micros(to);
        if (rows.every((row) => timeOf(row, this.#walk.column) === time)) {
          await this.#readTies(to);
          fresh = [];
          step = 1;
        }
      }
      // the other lane has closed the gap and taken these rows too, or it has failed and the walk is over
      if (this.#shared.gap === null) return;
      // no await from here to `take`: the other lane's page would be stored with this lane's gap but without this lane's rows
      this.#narrow(to, step);
      const left = this.#shared.gap as Gap | null;
      const edge = to === null ? NaN : micros(to);
      const atEdge = rows.filter((row) => timeOf(row, this.#walk.column) === edge);
      this.#shared.edges[this.#direction] = new Set(atEdge.map(({ value }) => value.id));
      const taken = this.#take(fresh, left && { ...left });
      if (left === null) return taken;
      // the server makes the next page while this one is encoded and written here
      next = this.#ask(left);
      next.catch(() => undefined); // awaited above, or not at all when `taken` fails first
      this.#onFull();
      await taken;
    }
  }

  #ask({ low, high }: Gap): Promise<Rows> {
    const { entity, column, criteria, whole = false } = this.#walk;
    const asked = { ...criteria, [column]: bounds(low, high) };
    return this.#source.page(entity, this.#sort(), asked, 0, {}, { whole });
  }

  #sort(): string {
    return `${this.#walk.column.toUpperCase()}_${this.#direction === 'down' ? 'DESC' : 'ASC'}`;
  }

  /** The rows without those that the last page ended with, and without those that the other lane has read since this page was asked for. */
  #fresh(rows: Row[]): Row[] {
    const { gap, edges } = this.#shared;
    const low = gap?.low ? micros(gap.low) : -Infinity;
    const high = gap ? micros(gap.high) : Infinity;
    const isLeft = (row: Row) => {
      const time = timeOf(row, this.#walk.column);
      return Number.isNaN(time) || (this.#direction === 'down' ? time >= low : time <= high);
    };
    // rows are sorted: one among them whose time lies elsewhere contradicts the order, and the other lane has not read it
    const end = rows.findLastIndex(isLeft) + 1;
    return rows.slice(0, end).filter(({ value: { id } }) => !edges.down.has(id) && !edges.up.has(id));
  }

  /**
   * The page's time farthest from where this lane began, as the server's text: that of its last row, since the server has sorted them. A row whose
   * time cannot be read is passed over, and so is one in the middle whose time contradicts the order. Throws SERVER_BAD_REPLY for a reply that
   * ignored the bounds.
   */
  #farEdge(rows: Row[]): string {
    const { column } = this.#walk;
    const last = rows.findLast((row) => !Number.isNaN(timeOf(row, column)));
    if (!last) throw outside(column);
    const to = last.value[column] as string;
    const from = this.#from;
    const down = this.#direction === 'down';
    if (from !== null && (down ? micros(to) > micros(from) + SLACK : micros(to) < micros(from) - SLACK))
      throw outside(column);
    return to;
  }

  /** Moves this lane's end of the gap to the edge of a full page, `step` µs further when all rows of that time are read. `to` null: the last page. */
  #narrow(to: string | null, step: number): void {
    const { gap } = this.#shared;
    if (gap === null || to === null) {
      this.#shared.gap = null;
      return;
    }
    const down = this.#direction === 'down';
    const end = step === 0 ? to : formatTime(micros(to) + (down ? -step : step));
    const next = down ? { low: gap.low, high: end } : { low: end, high: gap.high };
    this.#from = end;
    this.#shared.gap = next.low !== null && micros(next.low) > micros(next.high) ? null : next; // the lanes have passed each other
  }

  async #readTies(time: string): Promise<void> {
    const { entity, column, criteria } = this.#walk;
    const scan = { entity, sort: 'ID_DESC', criteria: { ...criteria, [column]: bounds(time, time) } };
    await scanAnchored(this.#source, scan, (rows) => {
      const { gap } = this.#shared;
      return gap === null ? Promise.resolve() : this.#take(rows, { ...gap });
    });
  }
}

function bounds(low: string | null, high: string): Criteria {
  return low === null ? { before_: high } : { after_: low, before_: high };
}

/** Thrown, since a server that ignores the bounds would be read for ever. */
function outside(column: string): AppError {
  return new AppError('SERVER_BAD_REPLY', `the server answered with rows outside the asked ${column}`, { column });
}

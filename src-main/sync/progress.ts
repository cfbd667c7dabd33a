/** Counts what a sync reads and writes, for the status that the window shows. */
import type { Entity } from '../contract/fields.ts';
import { syncBegun, type SyncStatus } from '../contract/sync.ts';
import type { Wait } from '../prefect/client.ts';
import type { WriteCounts } from '../contract/archive.ts';

/** The status without what core adds: the workspace, and what happens between two syncs. */
export type SyncProgress = Omit<SyncStatus, 'workspace' | 'paused' | 'metered' | 'live' | 'next' | 'reopened'>;

/** What was known before this sync; it stays true until the sync learns more. */
export type Known = Pick<SyncProgress, 'last_success' | 'checked' | 'complete_since' | 'verified_since' | 'skipped'>;

export type Mark = Pick<SyncProgress, 'received' | 'task_runs'>;

/** Seconds over which the rate is measured: over fewer it jumps, over more it lags. */
const RATE_SPAN = 5;

export class Progress {
  readonly #tell: (status: SyncProgress) => void;
  readonly #now: () => number;
  #status: SyncProgress;
  #samples: { at: number; received: number }[] = [];
  /** rows of all kinds that the server has; null while not known */
  #total: number | null = null;

  /** `now`: ms, for the rate. */
  constructor(tell: (status: SyncProgress) => void, known: Known, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
    this.#status = { ...syncBegun(Date.now() * 1000), ...known, resumable: false };
    this.#emit({});
  }

  step(step: SyncProgress['step']): void {
    this.#emit({ step });
  }

  received(entity: Entity, rows: number): void {
    const received = this.#status.received + rows;
    const now = this.#now();
    this.#samples.push({ at: now, received });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > RATE_SPAN * 1000) this.#samples.shift();
    const first = this.#samples[0] ?? { at: now, received };
    const seconds = (now - first.at) / 1000;
    const rate = seconds > 0.2 ? (received - first.received) / seconds : this.#status.rate;
    const left = this.#total === null || rate <= 0 ? null : Math.max(0, this.#total - received) / rate;
    const task_runs = this.#status.task_runs + (entity === 'task_run' ? rows : 0);
    this.#emit({ received, task_runs, rate, seconds_left: left });
  }

  written({ inserted, changed }: WriteCounts): void {
    this.#emit({ changed: this.#status.changed + inserted + changed });
  }

  /** What has been read so far, for `expected`. */
  mark(): Mark {
    const { received, task_runs } = this.#status;
    return { received, task_runs };
  }

  /** Rows still to be read after the mark `since`; rows read before it do not count. */
  expected(taskRuns: number, flowRuns: number, since: Mark = this.mark()): void {
    this.#total = taskRuns + flowRuns + since.received;
    this.#emit({ expected: taskRuns + since.task_runs });
  }

  completeSince(micros: number | null): void {
    if (micros !== this.#status.complete_since) this.#emit({ complete_since: micros });
  }

  verifiedSince(micros: number | null): void {
    if (micros !== this.#status.verified_since) this.#emit({ verified_since: micros });
  }

  skipped(skipped: SyncProgress['skipped']): void {
    this.#emit({ skipped });
  }

  resumable(resumable: boolean): void {
    this.#emit({ resumable });
  }

  waiting(wait: Wait | null): void {
    this.#emit({ waiting: wait });
  }

  /** All rows are committed, though activities may still be fetched. `at`, `checked`: µs by this machine's clock. */
  succeeded(at: number, checked: number | null): void {
    this.#emit({ last_success: at, checked, resumable: false });
  }

  /** The sync is through. */
  done(): void {
    const finished = Date.now() * 1000;
    this.#emit({
      phase: 'idle',
      step: 'done',
      finished,
      last_success: finished,
      seconds_left: null,
      resumable: false,
      waiting: null,
    });
  }

  #emit(change: Partial<SyncProgress>): void {
    this.#status = { ...this.#status, ...change };
    this.#tell(this.#status);
  }
}

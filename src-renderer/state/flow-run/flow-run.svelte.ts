/** The flow run on screen and the subflows opened in it: read when they are wanted, and again when their runs have changed. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { pause } from '../../../src-main/contract/time.ts';
import { KeptFacts } from './kept-facts.svelte.ts';
import { isOver, PartBuilder, type Part } from './model.ts';
import { rememberName } from '../filters/names.svelte.ts';
import { rememberTask } from '../filters/task-names.svelte.ts';
import { nextTask } from '../../scheduling.ts';
import { api } from '../window/app.svelte.ts';

/** Least time between two readings, ms; a reading that took long is followed by four times as long a pause. */
const PAUSE_MS = 1_000;

export class FlowRun {
  /** the flow run and the subflows that are open, by id */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- replaced as a whole
  parts = $state.raw<ReadonlyMap<string, Part>>(new Map());
  problem = $state.raw<AppError | null>(null);
  private readonly abort = new AbortController();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on screen shows it
  private readonly reading = new Set<string>();
  /** read again as soon as the reading under way has ended */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- as above
  private readonly stale = new Set<string>();

  /** whose kept states are to be read again, from the first run on */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- as above
  private readonly anew = new Set<string>();

  readonly id: string;
  readonly facts: KeptFacts;
  private readonly workspace: string;

  constructor(workspace: string, id: string) {
    this.workspace = workspace;
    this.id = id;
    this.facts = new KeptFacts(workspace, () => {
      for (const one of this.parts.keys()) {
        this.anew.add(one);
        void this.read(one);
      }
    });
    void this.read(id).then(() => this.facts.follow(() => this.part !== null && isOver(this.part.head)));
    void this.watch();
    this.facts.open(id);
  }

  get part(): Part | null {
    return this.parts.get(this.id) ?? null;
  }

  /** A subflow was opened. */
  want(id: string): void {
    if (!this.parts.has(id)) void this.read(id);
    this.facts.open(id);
  }

  close(): void {
    this.abort.abort();
    this.facts.close();
  }

  private async read(id: string): Promise<void> {
    if (this.reading.has(id)) {
      this.stale.add(id);
      return;
    }
    this.reading.add(id);
    const began = performance.now();
    try {
      await this.readOnce(id);
      if (id === this.id) this.problem = null;
    } catch (thrown) {
      const problem = toAppError(thrown);
      // a lost connection has its own banner, and the watch begins anew with the next opening
      if (id === this.id && problem.code !== 'CANCELLED' && problem.code !== 'DISCONNECTED') this.problem = problem;
      // the archive is opened again by itself; `again`: it has died twice and stays closed
      if (problem.code === 'THREAD_DIED' && !problem.details.again) this.stale.add(id);
    }
    await pause(Math.max(PAUSE_MS, 4 * (performance.now() - began)), this.abort.signal);
    this.reading.delete(id);
    if (this.stale.delete(id) && !this.abort.signal.aborted) void this.read(id);
  }

  private async readOnce(id: string): Promise<void> {
    const { workspace } = this;
    const before = this.parts.get(id) ?? null;
    const last = before?.runs[before.linked - 1];
    const linked = before && last && !this.anew.delete(id) ? { count: before.linked, last: last.id } : null;
    let builder: PartBuilder | null = null;
    const show = (done: boolean) => {
      // what was read before stays until the new reading is whole
      if (!builder || (before && !done)) return;
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- as above
      this.parts = new Map(this.parts).set(id, builder.part(done));
    };
    for await (const item of api['flow_run.read']({ workspace, id, linked }, { signal: this.abort.signal })) {
      if (item.kind === 'head') {
        rememberName('flow_run_id', item.id, item.name);
        builder = new PartBuilder(item, before);
        if (item.runs === 0) show(false);
      } else if (item.kind === 'runs') {
        builder?.addRuns(item);
        for (const key of item.task_key) rememberTask(key);
        const whole = builder?.part().whole === true;
        if (whole || item.from === 0) show(false);
        else await nextTask();
      } else {
        // shown at the end: to order and draw 50,000 rows anew with each piece would keep the page from answering
        builder?.addLinks(item);
      }
    }
    show(true);
  }

  private async watch(): Promise<void> {
    const { workspace } = this;
    let first = true;
    try {
      for await (const { changed } of api['query.watch']({ workspace }, { signal: this.abort.signal })) {
        // tells at once what is there already
        if (first) first = false;
        else if (this.problem) void this.read(this.id);
        else for (const part of this.parts.values()) if (this.touches(part, changed)) void this.read(part.head.id);
      }
    } catch {
      // the view was closed or the connection lost; the view says what it has
    }
  }

  /** A change of the flow run itself is not told by id: one that is not over is read again with every change. */
  private touches(part: Part, changed: readonly string[]): boolean {
    if (!isOver(part.head) || part.runs.some((run) => !isOver(run))) return true;
    if (changed.length === 0) return false;
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- as above
    const ids = new Set(changed);
    return part.runs.some(({ id }) => ids.has(id)) || part.head.subflows.some((one) => !isOver(one));
  }
}

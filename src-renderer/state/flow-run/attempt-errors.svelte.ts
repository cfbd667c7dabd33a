/* eslint-disable svelte/prefer-svelte-reactivity -- the map is replaced as a whole at each change */
/** What the attempts of single runs failed with, read of what is kept when a row is looked at: of 50,000 runs few are. */
import { pause } from '../../../src-main/contract/time.ts';
import { keptErrorLines } from '../../ui/charts/attempt-errors.ts';
import { api } from '../window/app.svelte.ts';
import { shownProblem } from '../window/shown-problem.ts';
import type { TaskRun } from './model.ts';

/** ms that a row is looked at before it is read: the pointer passes over many. */
const REST_MS = 120;
const MOST_KNOWN = 100;

/** A run that goes on has more states later. */
const keyOf = ({ id, states }: TaskRun) => `${id} ${states.length}`;

/** `read`: false when it could not be; it is read again when the row is looked at again. */
type Told = { lines: readonly string[]; read: boolean };

export class AttemptErrors {
  private known = $state.raw<ReadonlyMap<string, Told>>(new Map());
  private readonly workspace: string;

  constructor(workspace: string) {
    this.workspace = workspace;
  }

  /** []: not read yet, or there are none */
  of(run: TaskRun): readonly string[] {
    return this.known.get(keyOf(run))?.lines ?? [];
  }

  /** Without kept states nothing is read, nor of a run that had one attempt: its state says it. */
  async look(run: TaskRun, signal: AbortSignal): Promise<void> {
    const key = keyOf(run);
    if (run.states.length === 0 || run.run_count < 2 || this.known.get(key)?.read) return;
    await pause(REST_MS, signal);
    if (signal.aborted) return;
    const { workspace } = this;
    try {
      const kept = await api['run.activity']({ workspace, id: run.id, only_kept: true }, { signal });
      this.tell(key, { lines: keptErrorLines(kept), read: true });
    } catch (thrown) {
      const problem = shownProblem(thrown);
      if (problem) this.tell(key, { lines: keptErrorLines(problem), read: false });
    }
  }

  private tell(key: string, told: Told): void {
    const others = [...this.known].filter(([known]) => known !== key);
    this.known = new Map([...others.slice(1 - MOST_KNOWN), [key, told]]);
  }
}

/** Counts the runs without each one of the filters, for a question that matches none. */
import { toAppError } from '../../../src-main/contract/errors.ts';
import type { Condition } from '../../../src-main/contract/query.ts';
import { api } from '../window/app.svelte.ts';
import { conjuncts, without } from '../filters/conditions.ts';

/** The contract's limit for one call of query.counts. */
const COUNTED = 64;

export class CountsWithout {
  private counted = $state.raw<{ where: Condition; counts: readonly number[] } | null>(null);

  /** null: not known */
  at(where: Condition, index: number): number | null {
    return this.counted?.where === where ? (this.counted.counts[index] ?? null) : null;
  }

  /** In the order of the conjuncts. Without an answer the filters are listed without numbers. */
  async count(workspace: string, where: Condition, signal: AbortSignal): Promise<void> {
    const list = conjuncts(where).slice(0, COUNTED);
    try {
      const queries = list.map((one) => ({ where: without(where, one), sort: [] }));
      const counts = await api['query.counts']({ workspace, queries }, { signal });
      if (!signal.aborted) this.counted = { where, counts };
    } catch (thrown) {
      if (!signal.aborted && toAppError(thrown).code !== 'DISCONNECTED') this.counted = null;
    }
  }
}

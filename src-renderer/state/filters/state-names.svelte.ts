/** Which type a state name belongs to: Prefect's own names are known, a custom one is asked once. */
import { SvelteMap } from 'svelte/reactivity';
import { toAppError } from '../../../src-main/contract/errors.ts';
import { api, app } from '../window/app.svelte.ts';
import { typeOfName } from './state-choice.ts';

class StateNames {
  private readonly learnt = new SvelteMap<string, string>();
  private readonly asked = new Set<string>();

  /** null until the archive has said; a name used with several types goes under its most frequent one */
  typeOf(name: string, prefix: string): string | null {
    const own = typeOfName(name);
    if (own) return own;
    const key = `${app.workspace ?? ''} ${prefix}${name}`;
    const known = this.learnt.get(key);
    if (known) return known;
    if (!this.asked.has(key)) {
      this.asked.add(key);
      queueMicrotask(() => void this.learn(key, name, prefix));
    }
    return null;
  }

  private async learn(key: string, name: string, prefix: string): Promise<void> {
    if (!app.workspace) return;
    try {
      const { facets } = await api['query.ask']({
        workspace: app.workspace,
        query: { where: { field: `${prefix}state_name`, in: [name] }, sort: [] },
        rows: { from: 0, to: 0 },
        facets: [{ field: `${prefix}state_type`, limit: 1 }],
        histogram: null,
      });
      const type = facets[0]?.values[0]?.value;
      if (type) this.learnt.set(key, type);
    } catch (thrown) {
      if (toAppError(thrown).code === 'DISCONNECTED') this.asked.delete(key);
    }
  }
}

export const stateNames = new StateNames();

/** Which state names the open archive has, and which type each belongs to: Prefect's own are known, a custom one is asked once. */
import { SvelteMap } from 'svelte/reactivity';
import { toAppError } from '../../../src-main/contract/errors.ts';
import { TRUE } from '../../../src-main/contract/query.ts';
import { api, app } from '../window/app.svelte.ts';
import { typeOfName } from './state-choice.ts';

class StateNames {
  private readonly learnt = new SvelteMap<string, string>();
  private readonly asked = new Set<string>();
  private readonly met = new SvelteMap<string, readonly string[]>();

  /** In an order that no filter changes: as often as the archive has them, then as they were met. A line of the panel keeps its place. */
  of(prefix: string): readonly string[] {
    return this.met.get(placeOf(prefix)) ?? [];
  }

  /** Takes in names that an answer lists; the first time also asks for those of the whole archive. */
  meet(prefix: string, names: readonly string[]): void {
    const place = placeOf(prefix);
    const known = this.met.get(place);
    const fresh = names.filter((name) => known?.includes(name) !== true);
    if (fresh.length > 0 || !known) this.met.set(place, [...(known ?? []), ...fresh]);
    if (!known) void this.readAll(place, prefix);
  }

  private async readAll(place: string, prefix: string): Promise<void> {
    if (!app.workspace) return;
    try {
      const { facets } = await api['query.ask']({
        workspace: app.workspace,
        query: { where: TRUE, sort: [] },
        rows: { from: 0, to: 0 },
        facets: [{ field: `${prefix}state_name`, limit: 100 }],
        histogram: null,
      });
      const all = (facets[0]?.values ?? []).flatMap(({ value }) => value ?? []);
      this.met.set(place, [...new Set([...all, ...(this.met.get(place) ?? [])])]);
    } catch {
      // the names that answers list are met one by one
    }
  }

  /** null until the archive has said; a name used with several types goes under its most frequent one */
  typeOf(name: string, prefix: string): string | null {
    const own = typeOfName(name);
    if (own) return own;
    const key = placeOf(prefix) + name;
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

const placeOf = (prefix: string) => `${app.workspace ?? ''} ${prefix}`;

export const stateNames = new StateNames();

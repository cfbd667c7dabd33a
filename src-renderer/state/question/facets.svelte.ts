/* eslint-disable svelte/prefer-svelte-reactivity -- views read `byField` alone, which is replaced whole at each change */
/**
 * Counts of values, by field, for the panel. A section that is open wants its facet with every question; one that opens while an answer
 * is on screen gets its facet by a call of its own.
 */
import type { Condition, Facet, FacetRequest } from '../../../src-main/contract/query.ts';
import { nextTask, whenIdle } from '../../scheduling.ts';
import { rememberNames } from '../filters/names.svelte.ts';
import { api } from '../window/app.svelte.ts';
import { portionsOf } from './facet-portions.ts';

/** Facets of a new list that are drawn at once. All of them together take 30 ms of style, layout and paint. */
const DRAWN_AT_ONCE = 2;

type Asked = { workspace: string; where: Condition };

export class Facets {
  byField = $state.raw<ReadonlyMap<string, Facet>>(new Map());
  private readonly wanted = new Map<string, FacetRequest>();
  /** fields whose facet the last question did not carry */
  private readonly late = new Set<string>();
  private readonly onLate: () => void;

  /** `onLate` is called once a task when facets are wanted that no question carried. */
  constructor(onLate: () => void) {
    this.onLate = onLate;
  }

  /** A section of the panel that is open wants this facet from now on. */
  want(request: FacetRequest): void {
    const before = this.wanted.get(request.field);
    if (JSON.stringify(before) === JSON.stringify(request)) return;
    this.wanted.set(request.field, request);
    if (this.late.size === 0) queueMicrotask(() => this.onLate());
    this.late.add(request.field);
  }

  unwant(field: string): void {
    this.wanted.delete(field);
    this.late.delete(field);
  }

  forget(): void {
    this.byField = new Map();
  }

  /** Requests that go with the next question (`own`), and those beyond the limit of one call, for calls of their own (`apart`). */
  requests(): { own: FacetRequest[]; apart: FacetRequest[][] } {
    this.late.clear();
    const [own = [], ...apart] = portionsOf([...this.wanted.values()]);
    return { own, apart };
  }

  /** Removes and returns the requests that no question carried. */
  takeLate(): FacetRequest[] {
    const requests = [...this.late].flatMap((field) => this.wanted.get(field) ?? []);
    this.late.clear();
    return requests;
  }

  async ask({ workspace, where }: Asked, requests: readonly FacetRequest[], signal?: AbortSignal): Promise<Facet[]> {
    if (requests.length === 0) return [];
    const answers = await Promise.all(
      portionsOf(requests).map((facets) =>
        api['query.ask'](
          { workspace, query: { where, sort: [] }, rows: { from: 0, to: 0 }, facets, histogram: null },
          signal ? { signal } : {},
        ),
      ),
    );
    return answers.flatMap(({ facets }) => facets);
  }

  keep(list: readonly Facet[]): void {
    list.forEach(rememberNames);
    this.byField = new Map([...this.byField, ...list.map((facet) => [facet.field, facet] as const)]);
  }

  /** Shows facets after the list is drawn: those of a new list a few at a time, others all at once, so that they change together. */
  async keepGradually(list: readonly Facet[], isNew: boolean, signal: AbortSignal): Promise<void> {
    if (!isNew) {
      await nextTask();
      if (!signal.aborted) this.keep(list);
      return;
    }
    for (let at = 0; at < list.length; at += DRAWN_AT_ONCE) {
      await whenIdle();
      if (signal.aborted) return;
      this.keep(list.slice(at, at + DRAWN_AT_ONCE));
    }
  }
}

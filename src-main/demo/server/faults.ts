/** What can be made to go wrong between a client and the demo server. A rule applies to the requests it matches, in turn. */

export type FaultKind =
  /** answered with this status instead; `retryAfter` as the header has it (seconds or a date) */
  | { kind: 'status'; status: number; retryAfter?: string; body?: string }
  /** the connection is reset before a byte of the reply */
  | { kind: 'reset' }
  /** reset after `bytes` bytes of the body (default: half of it) */
  | { kind: 'reset_mid_body'; bytes?: number }
  /** a well-formed reply whose JSON text ends half way */
  | { kind: 'truncate' }
  /** the right reply after `delay` ms, then in `pieces` pieces `pause` ms apart */
  | { kind: 'slow'; delay?: number; pieces?: number; pause?: number }
  /** never answers */
  | { kind: 'silence' }
  /** the Date header is off by this many seconds */
  | { kind: 'clock_skew'; seconds: number }
  /** the first row of a list comes twice */
  | { kind: 'duplicate_row' }
  /** not JSON at all: what a proxy or another kind of server says */
  | { kind: 'html'; status?: number }
  /** runs before the request is answered as usual: rows come and go while a client pages */
  | { kind: 'meanwhile'; run: () => void };

export type FaultRule = FaultKind & {
  /** part of the path, `/task_runs/filter`; default: every request */
  path?: string;
  method?: string;
  /** how many matching requests go through first; default 0 */
  after?: number;
  /** how many it strikes; default 1, Infinity: all */
  times?: number;
};

type Live = { rule: FaultRule; passed: number; struck: number };

export class Faults {
  #rules: Live[] = [];
  /** what the demo server itself threw: a test that finds one has found a mistake here */
  readonly problems: unknown[] = [];
  /** how often each kind has struck; a status by its number too: `status 429` */
  readonly counts = new Map<string, number>();

  constructor(rules: readonly FaultRule[] = []) {
    for (const rule of rules) this.add(rule);
  }

  /** The returned function takes the rule back. */
  add(rule: FaultRule): () => void {
    const live: Live = { rule, passed: 0, struck: 0 };
    this.#rules.push(live);
    return () => {
      this.#rules = this.#rules.filter((one) => one !== live);
    };
  }

  clear(): void {
    this.#rules = [];
  }

  /** The rules that strike this request. Counts it. */
  strike(method: string, path: string): FaultRule[] {
    return this.#rules.flatMap((live) => {
      const { rule } = live;
      if (rule.path !== undefined && !path.includes(rule.path)) return [];
      if (rule.method !== undefined && rule.method !== method) return [];
      if (live.passed < (rule.after ?? 0)) {
        live.passed += 1;
        return [];
      }
      if (live.struck >= (rule.times ?? 1)) return [];
      live.struck += 1;
      const what = rule.kind === 'status' ? `status ${rule.status}` : rule.kind;
      this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
      return [rule];
    });
  }
}

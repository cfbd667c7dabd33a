/**
 * What Prefect answers differently from one version on. The one table of such differences: code that depends on one asks for it by name and
 * compares no versions. What differs among versions before 3.8.8 is found by asking the server which filter keys it knows.
 */

/** The first version with the difference, as released. */
const since = {
  /** the sorts DURATION_DESC and DURATION_ASC of task runs */
  durationSorts: '3.9.1',
  /** `any_` and `not_any_` of flow_runs.state.type and .name apply together; before, a part of `state` that has both is left out */
  stateAnyAndNotAny: '3.9.1',
  /** GET /observed-states */
  observedStates: '3.9.1',
} as const;

/** The versions that the table names. */
export const firstVersions: readonly string[] = [...new Set(Object.values(since))];

export type PrefectRules = Readonly<Record<keyof typeof since, boolean>>;

/** The version whose answers are given where the server does not tell its own, as Prefect Cloud does not. */
export const USUAL_VERSION = '3.8.8';

const parts = (version: string): number[] | null => {
  const found = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  return found && found.slice(1).map(Number);
};

function isFrom(version: readonly number[], first: readonly number[]): boolean {
  for (const [i, part] of first.entries()) if (version[i] !== part) return (version[i] ?? 0) > part;
  return true;
}

/** `version`: as GET /admin/version says it, also with a suffix such as rc1; null or no version: those of USUAL_VERSION. */
export function prefectRules(version: string | null): PrefectRules {
  const known = parts(version ?? '') ?? parts(USUAL_VERSION) ?? [];
  const rules = Object.entries(since).map(([name, first]) => [name, isFrom(known, parts(first) ?? [])]);
  return Object.fromEntries(rules) as PrefectRules;
}

/**
 * The app's own query: a superset of Prefect's filter body, as one condition tree. It is what presets keep,
 * what the panel edits, what the index evaluates and what an export runs.
 *
 * Truth is two-valued: a comparison with a missing value is false, and `not` is the complement, so
 * "not flow sandbox" keeps runs without a flow. (Prefect's `not_any_` is written `and` of `not` and `isNull: false`.)
 */
import { z } from 'zod';
import { tooLarge } from './condition-size.ts';
import { entities } from './fields.ts';

/** An instant in µs, or one that stays relative until the query runs: `{ ago: 86_400_000_000 }` = 24 h before now. */
const instantSchema = z.union([z.number(), z.object({ ago: z.number() }).strict()]);
export type Instant = z.infer<typeof instantSchema>;

/** µs; `now` likewise. */
export const instantAt = (at: Instant, now: number): number => (typeof at === 'number' ? at : now - at.ago);

export type Condition =
  | { and: Condition[] } // [] is true
  | { or: Condition[] } // [] is false
  | { not: Condition }
  | { has: string; where: Condition } // a relation of the current entity with at least one row for which `where` is true
  | { field: string; in: (string | number | boolean)[] } // [] is false; of ids also their beginnings, see uuidStart
  | { field: string; like: string } // Prefect's like_: %…% around it, its own wildcards live, dialect rules
  | { field: string; contains: string } // literal, Unicode case-insensitive
  | { field: string; from?: Instant; to?: Instant } // inclusive; times in µs, numbers in the field's unit
  | { field: string; isNull: boolean } // for tags: an empty list counts as null
  | { field: string; all: string[] } // tags: superset; [] is true
  | { field: string; any: string[] } // tags: overlap; [] is false
  | { text: string } // words, "phrases" and -not (search-text.ts), each somewhere in names, tags, ids, messages, parameters, artifacts or logs
  | { log: string }; // the same in the kept log lines alone; '' is true where logs are kept

const field = z.string().min(1);
const treeSchema: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ and: z.array(treeSchema) }),
    z.strictObject({ or: z.array(treeSchema) }),
    z.strictObject({ not: treeSchema }),
    z.strictObject({ has: z.string(), where: treeSchema }),
    z.strictObject({ field, in: z.array(z.union([z.string(), z.number(), z.boolean()])) }),
    z.strictObject({ field, like: z.string() }),
    z.strictObject({ field, contains: z.string() }),
    z.strictObject({ field, isNull: z.boolean() }),
    z.strictObject({ field, all: z.array(z.string()) }),
    z.strictObject({ field, any: z.array(z.string()) }),
    z.strictObject({ field, from: instantSchema.optional(), to: instantSchema.optional() }),
    z.strictObject({ text: z.string() }),
    z.strictObject({ log: z.string() }),
  ]),
);

/** The size is checked first: the problems of 300,000 conditions would take 4 GB. */
export const conditionSchema: z.ZodType<Condition> = z
  .unknown()
  .superRefine((where, context) => {
    const problem = tooLarge(where);
    if (problem) context.addIssue({ code: 'custom', message: problem.message, params: { advice: problem.advice } });
  })
  .pipe(treeSchema);

/** The question without what it searches for in texts: its top-level conditions that search nowhere. */
export function withoutSearch(where: Condition): Condition {
  if ('and' in where) return { and: where.and.filter((one) => !searches(one)) };
  return searches(where) ? TRUE : where;
}

/** Whether it looks into texts anywhere. */
export const searches = (where: Condition): boolean => hasLeaf(where, (one) => 'text' in one || 'log' in one);

/** Whether one of its conditions that hold no others is such. */
export function hasLeaf(where: Condition, isSuch: (leaf: Condition) => boolean): boolean {
  const inside = (one: Condition) => hasLeaf(one, isSuch);
  if ('and' in where) return where.and.some(inside);
  if ('or' in where) return where.or.some(inside);
  if ('not' in where) return inside(where.not);
  if ('has' in where) return inside(where.where);
  return isSuch(where);
}

export const TRUE: Condition = { and: [] };

const sortKeySchema = z.object({ field, dir: z.enum(['asc', 'desc']) });
export type SortKey = z.infer<typeof sortKeySchema>;

/** The order of a list nobody has sorted. */
export const defaultSort: SortKey[] = [{ field: 'start_time', dir: 'desc' }];

/**
 * Where a missing value sorts and how text compares. `sqlite` and `postgres` are what the Prefect server's database
 * does (prefect 3.8.8): SQLite puts nulls first ascending, PostgreSQL last; SQLite compares code points and
 * folds ASCII only, PostgreSQL collates and folds Unicode.
 */
export const dialectSchema = z.enum(['sqlite', 'postgres']);
export type Dialect = z.infer<typeof dialectSchema>;

export const querySchema = z.object({
  where: conditionSchema,
  /** Ties are broken by id, descending, always. [] sorts by id descending. */
  sort: z.array(sortKeySchema).max(8),
});
export type Query = z.infer<typeof querySchema>;

/** `field` is a term, uuid or tags path. Counted without the conjuncts of `where` that speak of it, or of it and `lift`, alone. */
export const facetRequestSchema = z.object({
  field,
  /** fields that are one list with this one, such as a state's type and name: a choice among them is lifted as a whole */
  lift: z.array(field).max(4).optional(),
  limit: z.number().int().min(1).max(1000),
  /** false: the rows without a value are not among the values */
  nulls: z.boolean().optional(),
  /** keep only values whose label contains this */
  search: z.string().optional(),
  /** The answer says which values are new: no row had them before this instant. For a term of the row itself. */
  new_since: instantSchema.optional(),
});
export type FacetRequest = z.infer<typeof facetRequestSchema>;

/** How many values an answer tells to be new. */
export const MOST_NEW = 100;

/** `value` null is the rows without one; `label` is the name when `value` is an id */
const facetValueSchema = z.object({ value: z.string().nullable(), label: z.string(), count: z.number() });

export const facetSchema = z.object({
  field: z.string(),
  /** most frequent first, ties by label */
  values: z.array(facetValueSchema),
  /** distinct non-null values under this question, before limit and search */
  distinct: z.number(),
  /**
   * With `new_since`, up to `MOST_NEW` of these values, most frequent first: those whose first row in the archive was expected to start at
   * or after it. None while the archive does not reach back twice as far: then everything would be.
   */
  new: z.array(facetValueSchema).optional(),
});
export type Facet = z.infer<typeof facetSchema>;

/** Counts by state type over time. Without from/to the range is that of the result itself. */
export const histogramRequestSchema = z.object({
  field: z.string(),
  buckets: z.number().int().min(1).max(500),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
});
export type HistogramRequest = z.infer<typeof histogramRequestSchema>;

export const histogramSchema = z.object({
  field: z.string(),
  /** µs; bucket i covers [from + i·step, from + (i+1)·step) */
  from: z.number(),
  step: z.number(),
  /** one series per state type present; null for runs without a state. counts.length = buckets */
  series: z.array(z.object({ state_type: z.string().nullable(), counts: z.array(z.number()) })),
  /** rows of the result whose field is null, so drawn nowhere */
  missing: z.number(),
});
export type Histogram = z.infer<typeof histogramSchema>;

/** Task runs by the values of a term, id or tags path; with `edges` (µs, ascending) by stretches of one of their own times. */
export const groupingSchema = z.strictObject({
  field,
  /** group i covers [edges[i], edges[i + 1]) */
  edges: z.array(z.number()).min(2).max(10_001).optional(),
});
export type Grouping = z.infer<typeof groupingSchema>;

const measures = [
  'label',
  'runs',
  'failed',
  'failed_share',
  'retried',
  'total',
  'median',
  'p95',
  'longest',
  'last',
] as const;
export const groupSortSchema = z.object({ by: z.enum(measures), dir: z.enum(['asc', 'desc']) });
export type GroupSort = z.infer<typeof groupSortSchema>;
/** A list in groups, as a place and a preset keep it: by a field's values, or by the days or hours of a time. */
export const listGroupingSchema = z.strictObject({
  field: z.string().min(1).max(300),
  time: z.enum(['day', 'hour']).nullable(),
  sort: groupSortSchema,
});
export type ListGrouping = z.infer<typeof listGroupingSchema>;

const seconds = z.number().nullable();
const groupSchema = z.object({
  /** null: the runs without a value; with `edges` the first µs of the stretch */
  value: z.string().nullable(),
  /** the name when `value` is an id */
  label: z.string(),
  runs: z.number(),
  /** failed or crashed */
  failed: z.number(),
  /** with more than one attempt */
  retried: z.number(),
  /** seconds from start to end, summed */
  total: z.number(),
  /** by nearest rank, as `p95`; null when none has a duration */
  median: seconds,
  p95: seconds,
  longest: seconds,
  /** µs; the latest start, null when none has started */
  last: z.number().nullable(),
  /** runs by start, see `spark` of the answer */
  spark: z.array(z.number()),
});
export type Group = z.infer<typeof groupSchema>;

export const groupsSchema = z.object({
  /** groups with at least one run, whichever page was asked for */
  count: z.number(),
  /** µs; column i of each sparkline covers [from + i·step, from + (i + 1)·step) */
  spark: z.object({ from: z.number(), step: z.number() }),
  groups: z.array(groupSchema),
});
export type Groups = z.infer<typeof groupsSchema>;

export const entitySchema = z.enum(entities);

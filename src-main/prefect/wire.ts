/**
 * Schemas of the replies: only the fields that Taskscope uses itself are checked. The rest stays as it is, since the archive keeps a row's
 * own text. Fields are optional where some version between 2.20 and 3.8 leaves them out.
 */
import { z } from 'zod';
import { parseTime } from '../contract/time.ts';
import { isUuid } from '../contract/uuid.ts';

const time = z.string().refine((text) => parseTime(text) !== null, 'not a time');
const maybeTime = time.nullish();
const id = z.string().refine(isUuid, 'not a UUID');

/** The fields of a run that the sync decides by. A state type that Taskscope does not know is accepted like any other string. */
export const wireRunSchema = z.object({
  id,
  updated: maybeTime,
  expected_start_time: maybeTime,
  end_time: maybeTime,
  state_type: z.string().nullish(),
});
export const wireParentSchema = z.object({ id, updated: maybeTime });

/** A work pool or a work queue. */
export const wireDocumentSchema = z.object({ id, name: z.string() });
export type WireDocument = z.output<typeof wireDocumentSchema>;

/** The elements of POST /ui/flow_runs/history. */
export const shortRunsSchema = z.array(z.object({ id }));

export const countSchema = z.number().int().min(0);
export const versionSchema = z.string().min(1).max(64);
export const healthSchema = z.literal(true);
export const csrfTokenSchema = z.object({ token: z.string().min(1) });
export const pageLimitSchema = z.object({ limit: z.number().int().min(1) });

export const stateListSchema = z.array(
  z.object({
    id: z.string(),
    type: z.string(),
    name: z.string().nullish(),
    timestamp: time,
    message: z.string().nullish(),
  }),
);
export const logListSchema = z.array(
  z.object({
    id: z.string(),
    name: z.string(),
    level: z.number(),
    message: z.string(),
    timestamp: time,
    task_run_id: z.string().nullish(),
  }),
);
export const artifactRowSchema = z.object({
  id: z.string(),
  key: z.string().nullish(),
  type: z.string().nullish(),
  description: z.string().nullish(),
  task_run_id: z.string().nullish(),
  created: maybeTime,
  updated: maybeTime,
});

/** The fields of an event that name the run. `id` is the id of the state that the run has entered. */
const eventSchema = z.object({
  id: z.string(),
  event: z.string(),
  occurred: time,
  resource: z.record(z.string(), z.string().nullish()),
});
export type WireEvent = z.output<typeof eventSchema>;
export const socketMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('auth_success') }),
  z.object({ type: z.literal('event'), event: eventSchema }),
]);

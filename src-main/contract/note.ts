/**
 * Notes: what a person keeps with a task run, a flow run or a failure. A note has a text, a bookmark and a mark that says "seen", each of which
 * may be missing. It names what it is about by the server's own id, so it outlives the row in the archive, and the archive itself.
 */
import { z } from 'zod';

export const noteKinds = ['task_run', 'flow_run', 'failure'] as const;
export type NoteKind = (typeof noteKinds)[number];

/** Characters of a note's text. */
export const MOST_NOTE = 10_000;
/** Notes in one call: as many as rows can be chosen one by one. */
export const MOST_NOTES = 10_000;
/** Characters of what a note is about: an id, or a failure as it is masked (store/failure.ts). */
const MOST_ABOUT = 2_000;

const micros = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const text = z.string().max(MOST_NOTE);

/** `id`: of a run its UUID; of a failure the value of the field `failure`. */
export const aboutSchema = z.object({ kind: z.enum(noteKinds), id: z.string().min(1).max(MOST_ABOUT) });
export type About = z.infer<typeof aboutSchema>;

/** `text`: '' for none. `written`: µs, when the text was changed last; null without one. `seen`: µs; null: not seen. */
export const noteSchema = aboutSchema.extend({
  text,
  written: micros.nullable(),
  bookmarked: z.boolean(),
  seen: micros.nullable(),
});
export type Note = z.infer<typeof noteSchema>;

/**
 * What is left out stays as it is. `text.was`: the text that was edited; when another window has written another one meanwhile, both are
 * kept, one below the other. `seen`: true is now; a time puts back what was taken away.
 */
export const noteChangeSchema = aboutSchema.extend({
  text: z.object({ was: text, now: text }).optional(),
  bookmarked: z.boolean().optional(),
  seen: z.union([z.literal(true), micros, z.null()]).optional(),
});
export type NoteChange = z.infer<typeof noteChangeSchema>;

/** The note on something that has none. */
export const noNote = ({ kind, id }: About): Note => ({
  kind,
  id,
  text: '',
  written: null,
  bookmarked: false,
  seen: null,
});

export const isEmptyNote = ({ text, bookmarked, seen }: Note): boolean => text === '' && !bookmarked && seen === null;

/** Names a note among all of its workspace. */
export const noteKey = ({ kind, id }: About): string => `${kind} ${id}`;

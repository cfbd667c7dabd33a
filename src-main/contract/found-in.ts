/** Where in a run a search has found its words, besides names: said beside the run in a list, and jumped to when the run is open. */
import { z } from 'zod';
import { ansiFree } from './ansi.ts';
import { LineCount, logSearch } from './log-search.ts';
import type { Artifact, LogLine, StateHistory } from './run.ts';
import { searchTerms, termText } from './search-text.ts';

/** `message`: what its state says before or without a traceback; `states`: messages of its states; `parameters`: of its flow run; `notes`: on it, on its failure, on its flow run. */
export const foundPlaces = ['message', 'traceback', 'parameters', 'artifacts', 'states', 'notes'] as const;
export type FoundPlace = (typeof foundPlaces)[number];

export const foundSchema = z.object({
  places: z.array(z.enum(foundPlaces)),
  /** log lines that were found */
  lines: z.number(),
  /** false: the log goes on after the lines that were looked at */
  all: z.boolean(),
  /** what finds these lines in the log view */
  find: z.string(),
});
export type Found = z.infer<typeof foundSchema>;

/** `text`: searched for everywhere; `log`: in log lines only. As they are typed. */
export const searchSchema = z.object({ text: z.string().max(10_000), log: z.string().max(10_000) });
export type Search = z.infer<typeof searchSchema>;

export const searchesNothing = ({ text, log }: Search): boolean => text === '' && log === '';

export type RunTexts = {
  message: string | null;
  parameters: readonly string[];
  artifacts: readonly Pick<Artifact, 'key' | 'description' | 'data'>[];
  history: readonly Pick<StateHistory[number], 'message'>[];
  notes: readonly (string | null)[];
};

/** The places in which a term stands, in the order of `foundPlaces`. */
export function placesIn({ text }: Search, run: RunTexts): FoundPlace[] {
  const terms = searchTerms(text).flatMap((one) => (one.not ? [] : logSearch(termText(one), false)));
  if (terms.length === 0) return [];
  const found = (...texts: (string | null)[]) =>
    texts.some((one) => one !== null && terms.some(({ fits }) => fits(ansiFree(one))));
  const message = run.message ?? '';
  const trace = message.indexOf('Traceback (most recent call last)');
  const holds: Record<FoundPlace, boolean> = {
    message: found(trace < 0 ? message : message.slice(0, trace)),
    traceback: trace >= 0 && found(message.slice(trace)),
    parameters: found(...run.parameters),
    artifacts: run.artifacts.some(({ key, description, data }) => found(key, description, data)),
    states: run.history.some((state) => state.message !== run.message && found(state.message)),
    notes: found(...run.notes),
  };
  return foundPlaces.filter((place) => holds[place]);
}

/** Counts what was found in a run's log, which may be given in several parts. */
export class FoundLines {
  readonly #count: LineCount;

  constructor({ text, log }: Search) {
    this.#count = new LineCount(`${log} ${text}`);
  }

  take(lines: readonly Pick<LogLine, 'message'>[]): void {
    this.#count.take(lines);
  }

  get found(): Pick<Found, 'lines' | 'find'> {
    return this.#count.found ?? { lines: 0, find: '' };
  }
}

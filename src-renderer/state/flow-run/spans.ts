/** What a task run did over time. */
import { runSpans, type Span } from '../../ui/charts/timeline-layout.ts';
import type { TaskRun } from './model.ts';

/** `now` in µs */
export const spansOf = (run: TaskRun, now: number): Span[] => runSpans(run, run.states, now);

/** What is compared: somebody who holds the rows and answers. */
import type { Question } from './questions.ts';

export type Page = { count: number; ids: string[] };
/** A function: an answer that is all there, and is only read to be compared, which is nobody's time. */
export type Answer = Page | (() => Page);
export type Peer = {
  name: string;
  /** exact count and the first 200 rows, newest first */
  page(question: Question): Promise<Answer> | Answer;
  /** page, six facets each with its own filter lifted, histogram of 90 buckets by state; undefined where it has no such call */
  click?(question: Question): Promise<void> | void;
  close(): Promise<void> | void;
};

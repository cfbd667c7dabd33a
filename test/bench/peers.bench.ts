/**
 * Side by side in one run: the same questions over the same rows to Taskscope, to hand-written SQL with its indexes and to DuckDB. Everybody's
 * counts and first pages must be equal, else the comparison is void and it throws. Ratios are of medians per question, their geometric mean
 * over the questions; who goes first changes with every question.
 */
import type { Figure } from './figures.ts';
import { quantile } from './figures.ts';
import type { Page, Peer } from './peers/peer.ts';
import { questions, type Question } from './peers/questions.ts';
import { sourceOf } from './archives.ts';

export type Times = Map<string, Map<string, number[]>>;

/** What every peer took for every question's page, and click where it has one: peer → question → ms. */
export async function measure(
  peers: readonly Peer[],
  asked: Iterable<Question>,
  compare: (a: Page, b: Page) => boolean,
): Promise<{ page: Times; click: Times }> {
  const times = { page: new Map<string, Map<string, number[]>>(), click: new Map<string, Map<string, number[]>>() };
  let turn = 0;
  for (const question of asked) {
    const order = peers.map((_, i) => peers[(i + turn) % peers.length]);
    turn += 1;
    const answers = new Map<string, Page>();
    for (const peer of order) {
      const began = performance.now();
      const answer = await peer.page(question);
      note(times.page, peer.name, question.name, performance.now() - began);
      answers.set(peer.name, typeof answer === 'function' ? answer() : answer);
    }
    const [first, ...others] = peers.map(({ name }) => answers.get(name) as Page);
    others.forEach((other, i) => {
      if (first && compare(first, other)) return;
      const counts = [...answers].map(([name, { count, ids }]) => `${name}: ${count}, ${ids.slice(0, 3).join(' ')}`);
      throw new Error(
        `${peers[i + 1]?.name} answers "${question.name}" otherwise: ${counts.join('; ')} ${JSON.stringify(question.body)}`,
      );
    });
    for (const peer of order) {
      if (!peer.click) continue;
      const began = performance.now();
      await peer.click(question);
      note(times.click, peer.name, question.name, performance.now() - began);
    }
  }
  return times;
}

export const same = (a: Page, b: Page): boolean =>
  a.count === b.count && a.ids.length === b.ids.length && a.ids.every((id, i) => id === b.ids[i]);

function note(times: Times, peer: string, question: string, millis: number): void {
  const of = times.get(peer) ?? new Map<string, number[]>();
  times.set(peer, of.set(question, [...(of.get(question) ?? []), millis]));
}

/** How many times as long `peer` takes as `us`: geometric mean over the questions of the ratio of medians. */
export function ratio(times: Times, us: string, peer: string): number {
  const ours = times.get(us);
  const theirs = times.get(peer);
  if (!ours || !theirs) return NaN;
  const logs = [...ours].map(([question, list]) =>
    Math.log(quantile(theirs.get(question) ?? [], 0.5) / quantile(list, 0.5)),
  );
  return Math.exp(logs.reduce((sum, one) => sum + one, 0) / logs.length);
}

const all = (of: Map<string, number[]> | undefined) => [...(of ?? [])].flatMap(([, list]) => list);

/** Figures of the answers' times and, for each peer but the first, the ratios. */
export function figuresOf(bench: string, peers: readonly Peer[], kind: 'page' | 'click', times: Times): Figure[] {
  const [us] = peers;
  const what = kind === 'page' ? 'page + count' : 'everything a click shows';
  return peers.flatMap((peer): Figure[] => {
    const list = all(times.get(peer.name));
    if (list.length === 0 || !us) return [];
    return [
      { bench, name: `${what}, ${peer.name}, p50`, value: quantile(list, 0.5), unit: 'ms' },
      { bench, name: `${what}, ${peer.name}, p95`, value: quantile(list, 0.95), unit: 'ms' },
      ...(peer === us
        ? []
        : [
            {
              bench,
              name: `${what}, ${peer.name} ÷ Taskscope`,
              value: ratio(times, us.name, peer.name),
              unit: '×',
              ratio: true,
            },
          ]),
    ];
  });
}

export async function peersBench(taskRuns: number, rounds: number): Promise<Figure[]> {
  const { taskscopePeer } = await import('./peers/taskscope.ts');
  const { sqlitePeer } = await import('./peers/sqlite.ts');
  const { duckdbPeer } = await import('./peers/duckdb.ts');
  const peers: Peer[] = [await taskscopePeer(taskRuns), await sqlitePeer(taskRuns), await duckdbPeer(taskRuns)];
  const source = sourceOf(taskRuns);
  try {
    await measure(peers, questions(source, 1), same); // warms every file and every compiler
    const { page, click } = await measure(peers, questions(source, rounds), same);
    if (process.env['TASKSCOPE_BENCH_EACH']) printEach(peers, page);
    const bench = `side by side, ${taskRuns.toLocaleString('en-US')} task runs`;
    return [...figuresOf(bench, peers, 'page', page), ...figuresOf(bench, peers, 'click', click)];
  } finally {
    for (const peer of peers) await peer.close();
  }
}

/** Over HTTP: the server's answers and the local API's, to their last byte. Rows that start in the same µs may come in either order. */
export async function serverBench(taskRuns: number, rounds: number): Promise<Figure[]> {
  const { localApiPeer, prefectPeer } = await import('./peers/prefect.ts');
  const peers: Peer[] = [await localApiPeer(taskRuns), await prefectPeer(taskRuns)];
  const source = sourceOf(taskRuns);
  try {
    await measure(peers, questions(source, 5), same); // the local API is JavaScript, and is compiled while it is asked
    const { page } = await measure(peers, questions(source, rounds), same);
    if (process.env['TASKSCOPE_BENCH_EACH']) printEach(peers, page);
    return figuresOf(`over HTTP, ${taskRuns.toLocaleString('en-US')} task runs`, peers, 'page', page);
  } finally {
    for (const peer of peers) await peer.close();
  }
}

export function printEach(peers: readonly Peer[], times: Times): void {
  const [us] = peers;
  for (const question of times.get(us?.name ?? '')?.keys() ?? []) {
    const medians = peers.map(({ name }) =>
      quantile(times.get(name)?.get(question) ?? [], 0.5)
        .toFixed(2)
        .padStart(9),
    );
    console.log(`${question.padEnd(30)} ${medians.join(' ')}`);
  }
}

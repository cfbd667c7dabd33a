/** The graph of a flow run: a node for each run, or for all runs of one task, and an edge from each to those that were given its results. */
import { criticalPath } from './critical-path.ts';
import type { Part, TaskRun } from './model.ts';
import { depthsOf, inputsOf, itemsOf, orderItems, type Item } from './tree.ts';

export type Graph = {
  /** by depth, then by start */
  nodes: readonly Item[];
  /** places of nodes; no edge stands twice */
  edges: readonly (readonly [from: number, to: number])[];
  /** for each node the longest way to it from one without inputs, in steps */
  depths: readonly number[];
  inputs: readonly (readonly number[])[];
  outputs: readonly (readonly number[])[];
  /** keys of edges on the critical path */
  critical: ReadonlySet<string>;
};

/** Most nodes and edges that are laid out: dagre takes some 3 s for them, and beyond nobody finds a way through. */
export const MOST_NODES = 1_500;
export const MOST_EDGES = 6_000;

export const edgeKey = (from: number, to: number): string => `${from} ${to}`;

/** `open`: keys of folded tasks whose runs are nodes of their own. `now` in µs. */
export function graphOf(part: Part, nameOf: (key: string) => string, open: ReadonlySet<string>, now: number): Graph {
  const split = itemsOf(part.runs, nameOf).flatMap((item) => (open.has(item.key) ? item.runs.map(single) : [item]));
  const nodes = orderItems(split, 'dependency');
  const inputs = inputsOf(nodes);
  const outputs: number[][] = nodes.map(() => []);
  const edges = inputs.flatMap((list, to) => list.map((from): [number, number] => [from, to]));
  for (const [from, to] of edges) outputs[from]?.push(to);
  const nodeOf: number[] = [];
  nodes.forEach(({ runs }, i) => {
    for (const { place } of runs) nodeOf[place] = i;
  });
  const path = criticalPath(part.runs, now).map((place) => nodeOf[place]);
  const critical = new Set(path.slice(1).map((to, i) => edgeKey(path[i], to)));
  return { nodes, edges, depths: depthsOf(nodes, inputs), inputs, outputs, critical };
}

function single(run: TaskRun): Item {
  return { key: run.id, name: run.name, task_key: run.task_key, runs: [run] };
}

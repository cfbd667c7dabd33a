/** Where the nodes and edges of a flow run's graph are drawn, px of the graph. It is laid out in a worker, and anew when it has another shape. */
import { untrack } from 'svelte';
import { edgeKey, type Graph } from '../../state/flow-run/graph.ts';
import { layOut } from '../../state/flow-run/layout.ts';
import type { LayoutAnswer } from '../../state/flow-run/layout.worker.ts';
import type { Item } from '../../state/flow-run/tree.ts';

export const HEIGHT = 30;

/** `index`: its place among the nodes that are laid out. */
export type Placed = { item: Item; index: number; x: number; y: number; width: number };
export type Line = { from: number; to: number; path: string; critical: boolean };
type Part = { x: number; y: number; right: number; bottom: number };

export class GraphPlaces {
  /** the graph that is laid out, and where its nodes are; null: none is yet */
  laid = $state.raw<{ graph: Graph; places: LayoutAnswer } | null>(null);
  problem = $state<string | null>(null);
  private readonly graph: () => Graph;
  private readonly widthOf: (item: Item) => number;

  readonly nodes: readonly Placed[] = $derived.by(() => {
    const { laid } = this;
    if (!laid) return [];
    // the same nodes as they are now
    const now = Object.fromEntries(this.graph().nodes.map((node) => [node.key, node]));
    return laid.graph.nodes.map((node, index) => {
      const [x, y] = laid.places.nodes[index] ?? [0, 0];
      const width = this.widthOf(node);
      return { item: now[node.key] ?? node, index, x: x - width / 2, y: y - HEIGHT / 2, width };
    });
  });

  /** Registers an effect: call while a component is made. `ready`: the graph may be laid out; `onlaid`: it was. */
  constructor(graph: () => Graph, ready: () => boolean, widthOf: (item: Item) => number, onlaid: () => void) {
    this.graph = graph;
    this.widthOf = widthOf;
    // states and times change within the nodes
    const shape = $derived.by(() => {
      const { nodes, edges } = graph();
      return JSON.stringify([nodes.map(({ key, runs }) => [key, runs.length]), edges]);
    });
    $effect(() => {
      void shape;
      if (!ready()) return;
      return untrack(() => this.layOut(onlaid));
    });
  }

  /** Edges of which a part may be in sight. */
  linesIn(seen: Part): Line[] {
    const { laid, nodes } = this;
    if (!laid) return [];
    return laid.graph.edges.flatMap(([from, to], i) => {
      const [start, end] = [nodes[from], nodes[to]];
      const points: [number, number][] = [
        [start.x + start.width, start.y + HEIGHT / 2],
        // dagre also gives a point between each two ranks, for a label
        ...(laid.places.edges[i] ?? []).slice(1, -1).filter((_, at) => at % 2 === 1),
        [end.x - 1, end.y + HEIGHT / 2],
      ];
      const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
      const isOutside =
        Math.max(...xs) < seen.x ||
        Math.min(...xs) > seen.right ||
        Math.max(...ys) < seen.y ||
        Math.min(...ys) > seen.bottom;
      if (isOutside) return [];
      return [{ from, to, path: pathOf(points), critical: laid.graph.critical.has(edgeKey(from, to)) }];
    });
  }

  /** Returns how to stop. */
  private layOut(onlaid: () => void): () => void {
    const abort = new AbortController();
    const graph = this.graph();
    const question = {
      sizes: graph.nodes.map((node): [number, number] => [this.widthOf(node), HEIGHT]),
      edges: graph.edges.map(([from, to]): [number, number] => [from, to]),
    };
    layOut(question, abort.signal).then(
      (places) => {
        this.laid = { graph, places };
        this.problem = null;
        onlaid();
      },
      (thrown: unknown) => (this.problem = thrown instanceof Error ? thrown.message : String(thrown)),
    );
    return () => abort.abort();
  }
}

/** Out of the right side of one node and into the left side of another, level at every point it passes. */
function pathOf(points: readonly (readonly [number, number])[]): string {
  return points
    .map(([x, y], i) => {
      if (i === 0) return `M${x} ${y}`;
      const [fromX, fromY] = points[i - 1];
      const middle = (fromX + x) / 2;
      return `C${middle} ${fromY} ${middle} ${y} ${x} ${y}`;
    })
    .join('');
}

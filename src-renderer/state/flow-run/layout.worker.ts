/** Lays out a graph outside the page's thread. */
import { Graph, layout } from '@dagrejs/dagre';

/** px; edges by places of nodes */
export type LayoutQuestion = {
  sizes: (readonly [width: number, height: number])[];
  edges: (readonly [from: number, to: number])[];
};
/** px; nodes by their middle, edges by the points they pass */
export type LayoutAnswer = { width: number; height: number; nodes: [number, number][]; edges: [number, number][][] };

/** From this many nodes on the network simplex takes seconds; a tight tree is nearly as compact. */
const MANY = 300;

function laidOut({ sizes, edges }: LayoutQuestion): LayoutAnswer {
  const graph = new Graph();
  graph.setGraph({
    rankdir: 'LR',
    nodesep: 14,
    ranksep: 46,
    marginx: 24,
    marginy: 24,
    ranker: sizes.length > MANY ? 'tight-tree' : 'network-simplex',
  });
  graph.setDefaultEdgeLabel(() => ({}));
  sizes.forEach(([width, height], i) => graph.setNode(String(i), { width, height }));
  for (const [from, to] of edges) graph.setEdge(String(from), String(to));
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: sizes.map((_, i) => {
      const { x, y } = graph.node(String(i)) as { x: number; y: number };
      return [x, y];
    }),
    edges: edges.map(([from, to]) =>
      ((graph.edge(String(from), String(to)) as { points?: { x: number; y: number }[] }).points ?? []).map(
        ({ x, y }): [number, number] => [x, y],
      ),
    ),
  };
}

addEventListener('message', ({ data }: MessageEvent<LayoutQuestion>) => postMessage(laidOut(data)));

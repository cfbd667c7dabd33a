/** Compares two to six runs, value by value. Times are left out: they always differ and are shown above the columns. */
import type { TaskRunDetail } from '../../../src-main/contract/run.ts';
import { formatDuration } from '../../format.ts';
import { durationOf, splitName, waitOf } from '../../grid-columns.ts';
import { children, member, readJson, scalar, writeJson, type JsonNode } from '../../ui/text/json-tree.ts';
import { readRecord, type Input, type InputItem } from './record.ts';

/** A value for each run, in their order; null: it has none. */
export type Line = { label: string; values: (string | null)[]; mono: boolean };
/** `named`: the labels are names from the user's code. */
export type Group = { title: string; named: boolean; differs: Line[]; same: Line[] };
export type Comparison = { groups: Group[]; differences: number; /** lines beyond those shown */ more: number };

const PARAMETERS = 'Flow run parameters';
/** what a deployment's job variables say of where its flow runs, such as the image and `env` */
const ENVIRONMENT = 'Job variables';
const named = ['Inputs', PARAMETERS, ENVIRONMENT];
/** Lines of one group; a parameter may hold thousands of values. */
const SHOWN = 200;

type Draft = Omit<Line, 'mono'> & { mono?: boolean };

/** Runs that stand beside each other: more have no room. */
export const MOST_COMPARED = 6;

export const isSame = ({ values }: Pick<Line, 'values'>): boolean => values.every((value) => value === values[0]);

export function compareRuns(runs: readonly TaskRunDetail[], now: number): Comparison {
  const drafts: [string, Draft[]][] = [
    ['Run', runLines(runs, now)],
    ['Inputs', inputLines(runs.map((one) => readRecord(one).inputs))],
    ...flowRunLines(runs.map(flowRun)),
  ];
  let more = 0;
  const groups = drafts.map(([title, lines]): Group => {
    const whole = lines.filter(({ values }) => values.some((value) => value !== null));
    const differs = whole.filter((line) => !isSame(line));
    const same = whole.filter(isSame);
    more += Math.max(0, differs.length - SHOWN);
    const shown = (list: Draft[]) => list.slice(0, SHOWN).map((line) => ({ mono: false, ...line }));
    return { title, named: named.includes(title), differs: shown(differs), same: shown(same) };
  });
  return { groups, differences: groups.reduce((sum, { differs }) => sum + differs.length, 0) + more, more };
}

function runLines(runs: readonly TaskRunDetail[], now: number): Draft[] {
  const both = (label: string, of: (one: TaskRunDetail) => string | null, mono = false): Draft => ({
    label,
    values: runs.map(of),
    mono,
  });
  const span = (seconds: number | null) => (seconds === null ? null : formatDuration(seconds));
  return [
    both('State', ({ row }) => row.state_name),
    both('Message', (one) => readRecord(one).message, true),
    both('Duration', ({ row }) => span(durationOf(row, now))),
    both('Waited', ({ row }) => span(waitOf(row))),
    both('Attempts', ({ row }) => String(row.run_count)),
    both('Tags', ({ row }) => (row.tags.length === 0 ? null : [...row.tags].sort().join(', '))),
    both('Task version', (one) => readRecord(one).taskVersion),
    both('Retry policy', (one) => readRecord(one).policy),
    both('Cache key', (one) => readRecord(one).cacheKey, true),
    both('Labels', (one) => labelWords(one)),
    both('Flow', ({ row }) => row.flow_name),
    both('Deployment', ({ row }) => row.deployment_name),
    both('Upstream', (one) => upstreamWords(one)),
  ];
}

/** Runs before it that did not complete: with all of them completed there is nothing to say. */
function upstreamWords({ upstream }: TaskRunDetail): string | null {
  const odd = upstream.filter((link) => link.state_type !== 'COMPLETED');
  return odd.length === 0 ? null : odd.map((link) => `${link.name} ${link.state_name ?? 'without a state'}`).join(', ');
}

function labelWords(one: TaskRunDetail): string | null {
  const { labels } = readRecord(one);
  return labels.length === 0 ? null : labels.map(({ key, value }) => `${key} ${value}`).join(', ');
}

function inputLines(runs: readonly (readonly Input[])[]): Draft[] {
  const labels = new Set(runs.flat().map(({ parameter }) => parameter));
  const words = (list: readonly Input[], label: string) => {
    const found = list.find(({ parameter }) => parameter === label);
    if (!found) return null;
    return found.items.length === 0 ? 'a value that was not recorded' : found.items.map(itemWords).join(', ');
  };
  return [...labels].map((label) => ({ label, values: runs.map((one) => words(one, label)) }));
}

/** A run stands for its task: its own name has another ending every time. */
function itemWords(item: InputItem): string {
  if (item.kind === 'run')
    return item.link ? `result of ${splitName(item.link.name).base}` : `a ${item.entity.replace('_', ' ')}`;
  if (item.kind === 'parameter') return `${item.name}, parameter of the flow`;
  return item.kind === 'constant' ? `constant ${item.type}` : item.text;
}

function flowRun({ flow_run_json }: TaskRunDetail): JsonNode | null {
  try {
    return flow_run_json === null ? null : readJson(flow_run_json);
  } catch {
    return null; // shown as having none
  }
}

function flowRunLines(runs: readonly (JsonNode | null)[]): [string, Draft[]][] {
  const both = (label: string, key: string): Draft => ({
    label,
    values: runs.map((one) => scalar(member(one, key))),
  });
  const parts = (key: string) => jsonLines(runs.map((one) => member(one, key)));
  return [
    [PARAMETERS, parts('parameters')],
    [
      'Flow run',
      [
        both('State', 'state_name'),
        both('Flow version', 'flow_version'),
        both('Deployment version', 'deployment_version'),
        both('Started by', 'created_by'),
        both('Work pool', 'work_pool_name'),
        both('Work queue', 'work_queue_name'),
        both('Attempts', 'run_count'),
        both('Infrastructure', 'infrastructure_pid'),
        { label: 'Tags', values: runs.map((one) => tagsOf(member(one, 'tags'))) },
      ],
    ],
    [ENVIRONMENT, parts('job_variables')],
  ];
}

function tagsOf(node: JsonNode | null): string | null {
  if (node?.kind !== 'array' || node.items.length === 0) return null;
  return node.items
    .map((item) => scalar(item) ?? '')
    .sort()
    .join(', ');
}

/** Values by path. What is the same as a whole is one line; else its parts are looked at. */
function jsonLines(nodes: readonly (JsonNode | null)[]): Draft[] {
  const lines: Draft[] = [];
  const walk = (all: readonly (JsonNode | null)[], path: string, deep: boolean) => {
    const values = all.map((one) => one && writeJson(one));
    const alike = all.every((one) => one !== null && one.kind === all[0]?.kind);
    const parts = alike && (deep || !isSame({ values })) ? partsOf(all, path) : [];
    if (parts.length === 0 && path !== '') lines.push({ label: path.slice(1), values, mono: true });
    for (const part of parts) walk(part.nodes, part.path, false);
  };
  const empty: JsonNode = { kind: 'object', entries: [] };
  walk(
    nodes.map((one) => one ?? empty),
    '',
    true,
  );
  return lines;
}

function partsOf(nodes: readonly (JsonNode | null)[], path: string): { path: string; nodes: (JsonNode | null)[] }[] {
  const all = nodes.map((one) => new Map(one ? children(one, path).map((part) => [part.path, part.value]) : []));
  const paths = new Set(all.flatMap((one) => [...one.keys()]));
  return [...paths].map((at) => ({ path: at, nodes: all.map((one) => one.get(at) ?? null) }));
}

/** Compares two runs, value by value. Times are left out: they always differ and are shown above the columns. */
import type { TaskRunDetail } from '../../../src-main/contract/run.ts';
import { formatDuration } from '../../format.ts';
import { durationOf, splitName, waitOf } from '../../grid-columns.ts';
import { children, member, readJson, scalar, writeJson, type JsonNode } from '../../ui/text/json-text.ts';
import { readRecord, type Input, type InputItem } from './record.ts';

/** null: it has none. */
export type Line = { label: string; left: string | null; right: string | null; mono: boolean };
/** `named`: the labels are names from the user's code. */
export type Group = { title: string; named: boolean; differs: Line[]; same: Line[] };
export type Comparison = { groups: Group[]; differences: number; /** lines beyond those shown */ more: number };

const PARAMETERS = 'Flow run parameters';
const named = ['Inputs', PARAMETERS];
/** Lines of one group; a parameter may hold thousands of values. */
const SHOWN = 200;

type Draft = Omit<Line, 'mono'> & { mono?: boolean };

/** `left` is the run that was opened. */
export function compareRuns(left: TaskRunDetail, right: TaskRunDetail, now: number): Comparison {
  const drafts: [string, Draft[]][] = [
    ['Run', runLines(left, right, now)],
    ['Inputs', inputLines(readRecord(left).inputs, readRecord(right).inputs)],
    ...flowRunLines(flowRun(left), flowRun(right)),
  ];
  let more = 0;
  const groups = drafts.map(([title, lines]): Group => {
    const whole = lines.filter((line) => line.left !== null || line.right !== null);
    const differs = whole.filter((line) => line.left !== line.right);
    const same = whole.filter((line) => line.left === line.right);
    more += Math.max(0, differs.length - SHOWN);
    const shown = (list: Draft[]) => list.slice(0, SHOWN).map((line) => ({ mono: false, ...line }));
    return { title, named: named.includes(title), differs: shown(differs), same: shown(same) };
  });
  return { groups, differences: groups.reduce((sum, { differs }) => sum + differs.length, 0) + more, more };
}

function runLines(left: TaskRunDetail, right: TaskRunDetail, now: number): Draft[] {
  const both = (label: string, of: (one: TaskRunDetail) => string | null, mono = false): Draft => ({
    label,
    left: of(left),
    right: of(right),
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

function inputLines(left: readonly Input[], right: readonly Input[]): Draft[] {
  const labels = new Set([...left, ...right].map(({ parameter }) => parameter));
  const words = (list: readonly Input[], label: string) => {
    const found = list.find(({ parameter }) => parameter === label);
    if (!found) return null;
    return found.items.length === 0 ? 'a value that was not recorded' : found.items.map(itemWords).join(', ');
  };
  return [...labels].map((label) => ({ label, left: words(left, label), right: words(right, label) }));
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

function flowRunLines(left: JsonNode | null, right: JsonNode | null): [string, Draft[]][] {
  const both = (label: string, key: string): Draft => ({
    label,
    left: scalar(member(left, key)),
    right: scalar(member(right, key)),
  });
  return [
    [PARAMETERS, jsonLines(member(left, 'parameters'), member(right, 'parameters'))],
    [
      'Flow run',
      [
        both('State', 'state_name'),
        both('Flow version', 'flow_version'),
        both('Work pool', 'work_pool_name'),
        both('Work queue', 'work_queue_name'),
        both('Attempts', 'run_count'),
        both('Infrastructure', 'infrastructure_pid'),
        both('Job variables', 'job_variables'),
        {
          label: 'Tags',
          left: tagsOf(member(left, 'tags')),
          right: tagsOf(member(right, 'tags')),
        },
      ],
    ],
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
function jsonLines(left: JsonNode | null, right: JsonNode | null): Draft[] {
  const lines: Draft[] = [];
  const walk = (a: JsonNode | null, b: JsonNode | null, path: string, deep: boolean) => {
    const [left, right] = [a && writeJson(a), b && writeJson(b)];
    const parts = a && b && a.kind === b.kind && (deep || left !== right) ? pairs(a, b, path) : [];
    if (parts.length === 0 && path !== '') lines.push({ label: path.slice(1), left, right, mono: true });
    for (const part of parts) walk(part.left, part.right, part.path, false);
  };
  const empty: JsonNode = { kind: 'object', entries: [] };
  walk(left ?? empty, right ?? empty, '', true);
  return lines;
}

function pairs(
  a: JsonNode,
  b: JsonNode,
  path: string,
): { path: string; left: JsonNode | null; right: JsonNode | null }[] {
  const [left, right] = [children(a, path), children(b, path)].map(
    (list) => new Map(list.map((one) => [one.path, one.value])),
  );
  return [...new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])].map((at) => ({
    path: at,
    left: left?.get(at) ?? null,
    right: right?.get(at) ?? null,
  }));
}

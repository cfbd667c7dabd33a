/** Values of single rows by path, for the grid and for exports. */
import { resolveField, type Entity } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import type { TaskRunRow } from '../../contract/rows.ts';
import * as rowSet from './row-set.ts';
import type { RowSet } from './row-set.ts';
import type { NumberColumn, RefColumn, TagsColumn, TermColumn, TextColumn } from './columns.ts';
import type { Table } from './table.ts';

export type Value = string | number | boolean | null | string[];
type Tables = Record<Entity, Table>;

/** Reads a field by its path: times in µs, numbers in the field's unit; null (tags: []) where there is no value. Throws BAD_INPUT for an unknown path. */
export function accessor(tables: Tables, root: Entity, path: string): (rid: number) => Value {
  const resolved = resolveField(root, path);
  if (!resolved) throw new AppError('BAD_INPUT', `unknown field ${path}`, { field: path });
  let table = tables[root];
  const steps: { refs: RefColumn; to: Table }[] = [];
  for (const relation of resolved.via) {
    const refs = table.columns.get(relation) as RefColumn;
    table = tables[refs.target];
    steps.push({ refs, to: table });
  }
  const read = columnReader(tables, table, resolved.field);
  if (steps.length === 0) return read;
  return (rid) => {
    let at = rid;
    for (const { refs, to } of steps) {
      at = refs.codes[at]!;
      if (at === 0 || !rowSet.has(to.alive, at)) return resolved.kind === 'tags' ? [] : null;
    }
    return read(at);
  };
}

function columnReader(tables: Tables, table: Table, field: string): (rid: number) => Value {
  const column = table.field(field);
  switch (column.kind) {
    case 'number':
    case 'difference':
      return (rid) => number(column, rid);
    case 'boolean':
      return (rid) => (column.codes[rid] ? column.codes[rid] === 2 : null);
    case 'term':
      return (rid) => term(column, rid);
    case 'tags':
      return (rid) => column.dictionary.list(column.codes[rid]);
    case 'ref': {
      const { ids } = tables[column.target];
      return (rid) => (column.codes[rid] ? ids.text(column.codes[rid]) : null);
    }
    default:
      return (rid) => column.text(rid);
  }
}

function number(column: { get(rid: number): number }, rid: number): number | null {
  const v = column.get(rid);
  return Number.isNaN(v) ? null : v;
}

function term(column: TermColumn, rid: number): string | null {
  const code = column.codes[rid];
  return code === 0 ? null : column.dictionary.texts[code];
}

/** Reads one row of the grid. Columns are looked up once, not for every row. */
export function taskRunReader(tables: Tables, withSubflow: () => RowSet): (rid: number) => TaskRunRow {
  const { task_run, flow_run, flow, deployment } = tables;
  const text = (table: Table, name: string) => table.columns.get(name) as TextColumn;
  const numbers = (name: string) => task_run.columns.get(name) as NumberColumn;
  const terms = (name: string) => task_run.columns.get(name) as TermColumn;
  const refs = (table: Table, name: string) => table.columns.get(name) as RefColumn;
  const names = {
    task_run: text(task_run, 'name'),
    flow_run: text(flow_run, 'name'),
    flow: text(flow, 'name'),
    deployment: text(deployment, 'name'),
  };
  const tags = task_run.columns.get('tags') as TagsColumn;
  const toFlowRun = refs(task_run, 'flow_run');
  const toFlow = refs(flow_run, 'flow');
  const toDeployment = refs(flow_run, 'deployment');
  const nameOf = (entity: 'flow_run' | 'flow' | 'deployment', rid: number) =>
    rid !== 0 && rowSet.has(tables[entity].alive, rid) ? names[entity].text(rid) : null;
  const idOf = (table: Table, rid: number) => (rid === 0 ? null : table.ids.text(rid));
  const [expected, next, start] = [
    numbers('expected_start_time'),
    numbers('next_scheduled_start_time'),
    numbers('start_time'),
  ];
  const [end, created, updated, gone] = [numbers('end_time'), numbers('created'), numbers('updated'), numbers('gone')];
  const [runCount, runTime] = [numbers('run_count'), numbers('total_run_time')];
  const [taskKey, stateType, stateName] = [terms('task_key'), terms('state_type'), terms('state_name')];
  const failure = terms('failure');
  return (rid) => {
    const flowRun = toFlowRun.codes[rid];
    const known = flowRun !== 0 && rowSet.has(flow_run.alive, flowRun);
    const flowRid = known ? toFlow.codes[flowRun] : 0;
    const deploymentRid = known ? toDeployment.codes[flowRun] : 0;
    return {
      id: task_run.ids.text(rid),
      name: names.task_run.text(rid) ?? '',
      task_key: term(taskKey, rid),
      state_type: term(stateType, rid),
      state_name: term(stateName, rid),
      failure: term(failure, rid),
      tags: tags.dictionary.list(tags.codes[rid]),
      flow_run_id: idOf(flow_run, flowRun),
      flow_run_name: nameOf('flow_run', flowRun),
      flow_id: idOf(flow, flowRid),
      flow_name: nameOf('flow', flowRid),
      deployment_id: idOf(deployment, deploymentRid),
      deployment_name: nameOf('deployment', deploymentRid),
      expected_start_time: number(expected, rid),
      next_scheduled_start_time: number(next, rid),
      start_time: number(start, rid),
      end_time: number(end, rid),
      created: number(created, rid),
      updated: number(updated, rid),
      run_count: number(runCount, rid) ?? 0,
      total_run_time: number(runTime, rid) ?? 0,
      has_subflow: rowSet.has(withSubflow(), rid),
      gone: number(gone, rid),
    };
  };
}

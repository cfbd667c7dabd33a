/** The rows, the critical path, the graph and the scale of a flow run's view, each against the plainest way to say it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { FlowRunHead, FlowRunLinks, FlowRunRuns } from '../../src-main/contract/flow-run.ts';
import { criticalPath } from '../../src-renderer/state/flow-run/critical-path.ts';
import { graphOf } from '../../src-renderer/state/flow-run/graph.ts';
import {
  beginOf,
  boundsOf,
  endOf,
  isOver,
  lastMoment,
  PartBuilder,
  type Part,
  type TaskRun,
} from '../../src-renderer/state/flow-run/model.ts';
import {
  itemsOf,
  orderItems,
  rowsOf,
  stateOf,
  countStates,
  type Order,
} from '../../src-renderer/state/flow-run/tree.ts';
import { spansOf } from '../../src-renderer/state/flow-run/spans.ts';
import { atOnce, fitted, momentsOf, panned, ticksOf, zoomed } from '../../src-renderer/ui/charts/gantt-scale.ts';
import '../fixtures/ci-seed.ts';

const NOW = 2_000;
const plainName = (key: string) => key;
const head = (runs: number): FlowRunHead => ({
  ...{ kind: 'head', id: 'flow-run', name: 'one', state_type: 'RUNNING', state_name: 'Running' },
  ...{ expected_start_time: null, start_time: null, end_time: null, flow_name: null, deployment_name: null },
  ...{ run_count: 1, total_run_time: 0, tags: [], gone: null, json: null, parent: null, subflows: [], runs },
});

type Drawn = {
  task: number;
  begin: number | null;
  waits: number;
  runs: number | null;
  type: string | null;
  upstream: number[];
};
const drawn: fc.Arbitrary<Drawn[]> = fc.array(
  fc.record({
    task: fc.nat(5),
    begin: fc.option(fc.nat(1000), { freq: 8 }),
    waits: fc.nat(50),
    runs: fc.option(fc.nat(300), { freq: 6 }),
    type: fc.constantFrom('COMPLETED', 'FAILED', 'CRASHED', 'RUNNING', 'PENDING', null),
    upstream: fc.array(fc.nat(1000), { maxLength: 4 }),
  }),
  { maxLength: 40 },
);

function pieces(list: readonly Drawn[], size: number): { runs: FlowRunRuns[]; links: FlowRunLinks[] } {
  const cut = Array.from({ length: Math.ceil(list.length / size) }, (_, i) => ({
    from: i * size,
    some: list.slice(i * size, (i + 1) * size),
  }));
  const over = (type: string | null) => type === 'COMPLETED' || type === 'FAILED' || type === 'CRASHED';
  return {
    runs: cut.map(({ from, some }) => ({
      kind: 'runs',
      from,
      id: some.map((_, i) => `run-${String(from + i).padStart(3, '0')}`),
      name: some.map(({ task }, i) => `task${task}-${from + i}`),
      task_key: some.map(({ task }) => (task === 0 ? null : `task${task}`)),
      state_type: some.map(({ type }) => type),
      state_name: some.map(({ type }) => type),
      state_timestamp: some.map(({ begin }) => begin),
      expected_start_time: some.map(({ begin }) => begin),
      start_time: some.map(({ begin, waits, runs }) => (begin === null || runs === null ? null : begin + waits)),
      end_time: some.map(({ begin, waits, runs, type }) =>
        begin === null || runs === null || !over(type) ? null : begin + waits + runs,
      ),
      run_count: some.map(({ runs }) => (runs === null ? 0 : 1)),
      total_run_time: some.map(({ runs }) => runs ?? 0),
    })),
    links: cut.map(({ from, some }) => ({
      kind: 'links',
      from,
      dynamic_key: some.map((_, i) => String(from + i)),
      // only earlier runs can have given results
      upstream: some.map(({ upstream }, i) =>
        from + i === 0 ? [] : [...new Set(upstream.map((one) => one % (from + i)))],
      ),
      outside: some.map(() => 0),
      states: some.flatMap(({ begin }, i): [number, string, string, number][] =>
        begin !== null && begin % 3 === 0 ? [[from + i, 'PENDING', 'Pending', begin]] : [],
      ),
      kept: some.filter(({ begin }) => begin !== null && begin % 3 === 0).length,
    })),
  };
}
function partOf(list: readonly Drawn[], size = 1000, before: Part | null = null): Part {
  const builder = new PartBuilder(head(list.length), before);
  const { runs, links } = pieces(list, size);
  for (const piece of runs) builder.addRuns(piece);
  for (const piece of links) builder.addLinks(piece);
  return builder.part(true);
}

const orders: Order[] = ['start', 'dependency', 'task'];
const all = (part: Part): ReadonlySet<string> =>
  new Set(itemsOf(part.runs, plainName).map(({ key }) => `${part.head.id}/${key}`));

describe('what is read', () => {
  it('is the same in pieces of any size, and after a reading that went on where another ended', () => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 1, max: 9 }), (list, size) => {
        const whole = partOf(list);
        assert.deepEqual(partOf(list, size), whole);
        assert.ok(whole.whole && whole.linked === list.length);
        const again = new PartBuilder(head(list.length), whole);
        for (const piece of pieces(list, size).runs) again.addRuns(piece);
        assert.deepEqual(again.part(true), whole);
      }),
    );
  });
});

describe('rows', () => {
  it('folded: one a task, with all its runs; unfolded: every run once', () => {
    fc.assert(
      fc.property(drawn, fc.constantFrom(...orders), (list, order) => {
        const part = partOf(list, 7);
        const items = (one: Part) => orderItems(itemsOf(one.runs, plainName), order);
        const folded = rowsOf(part, items, new Set(), new Map());
        const keys = list.map(({ task }, i) => (task === 0 ? `alone ${i}` : String(task)));
        assert.equal(folded.length, new Set(keys).size);
        const inside = folded.flatMap((row) =>
          row.kind === 'run' ? [row.run.id] : row.kind === 'group' ? row.item.runs.map(({ id }) => id) : [],
        );
        assert.deepEqual(
          inside.toSorted(),
          part.runs.map(({ id }) => id),
        );
        const open = rowsOf(part, items, all(part), new Map());
        assert.deepEqual(
          open.flatMap((row) => (row.kind === 'run' ? [row.run.id] : [])).toSorted(),
          part.runs.map(({ id }) => id),
        );
        for (const [i, row] of open.entries())
          assert.ok(row.level <= (open[i - 1]?.level ?? 0) + 1, 'a level is never skipped');
      }),
    );
  });

  it('stand by start, by name, or each below what it was given', () => {
    fc.assert(
      fc.property(drawn, (list) => {
        const part = partOf(list, 7);
        const items = itemsOf(part.runs, plainName);
        const first = (runs: readonly TaskRun[]) => Math.min(...runs.map((run) => beginOf(run) ?? Infinity));
        const starts = orderItems(items, 'start').map(({ runs }) => first(runs));
        assert.deepEqual(
          starts,
          starts.toSorted((a, b) => (a === b ? 0 : a < b ? -1 : 1)),
        );
        const names = orderItems(items, 'task').map(({ name }) => name);
        assert.deepEqual(
          names,
          names.toSorted((a, b) => (a === b ? 0 : a < b ? -1 : 1)),
        );
        // alone, runs can be given results by earlier ones only
        const alone = part.runs.map((run) => ({ key: run.id, name: run.name, task_key: null, runs: [run] }));
        const places = new Map(orderItems(alone, 'dependency').map(({ runs }, i) => [runs[0]?.place, i]));
        for (const { place, upstream } of part.runs)
          for (const input of upstream) assert.ok(Number(places.get(input)) < Number(places.get(place)));
      }),
    );
  });

  it('a subflow stands below the run that has started it, once it was read, and not within itself', () => {
    const part = partOf([{ task: 1, begin: 0, waits: 0, runs: 5, type: 'COMPLETED', upstream: [] }]);
    const subflow = { ...head(2), id: 'sub', parent_task_run_id: 'run-000', runs: 2 };
    const run: TaskRun = { ...part.runs[0], subflows: [subflow] };
    const outer: Part = { ...part, runs: [run] };
    const inner: Part = { ...partOf([]), head: { ...head(1), id: 'sub' }, runs: [{ ...run, id: 'inner' }] };
    const items = (one: Part) => itemsOf(one.runs, plainName);
    const open = new Set(['flow-run/run-000', 'sub/inner']);
    const kinds = (parts: Map<string, Part>) =>
      rowsOf(outer, items, open, parts).map(({ kind, level }) => `${kind} ${level}`);
    assert.deepEqual(kinds(new Map()), ['run 1', 'note 2']);
    assert.deepEqual(kinds(new Map([['sub', inner]])), ['run 1', 'run 2', 'note 3']);
  });

  it('a folded row counts what is in it, and a failure shows', () => {
    fc.assert(
      fc.property(drawn, (list) => {
        const { runs } = partOf(list);
        const count = (...types: (string | null)[]) =>
          runs.filter(({ state_type }) => types.includes(state_type)).length;
        const { over, failed, running, of } = countStates(runs);
        assert.deepEqual(
          [over, failed, running, of],
          [count('COMPLETED', 'FAILED', 'CRASHED'), count('FAILED', 'CRASHED'), count('RUNNING'), list.length],
        );
        if (failed > 0) assert.ok(['FAILED', 'CRASHED'].includes(String(stateOf(runs))));
        else if (running > 0) assert.equal(stateOf(runs), 'RUNNING');
      }),
    );
  });
});

describe('the critical path', () => {
  it('goes back from the last end by the input that ended last', () => {
    fc.assert(
      fc.property(drawn, (list) => {
        const { runs } = partOf(list);
        const end = (run: TaskRun) => endOf(run, NOW) ?? -Infinity;
        const best = (some: readonly TaskRun[]) =>
          some
            .filter((run) => end(run) > -Infinity)
            .toSorted((a, b) => (end(a) === end(b) ? a.place - b.place : end(b) - end(a)))[0];
        const back = (run: TaskRun | undefined): number[] =>
          run ? [...back(best(run.upstream.map((place) => runs[place]))), run.place] : [];
        assert.deepEqual(criticalPath(runs, NOW), back(best(runs)));
      }),
    );
  });

  it('ends in runs that were given results by each other', () => {
    const { runs } = partOf(
      [1, 2, 3].map((task) => ({ task, begin: 0, waits: 0, runs: task, type: 'COMPLETED', upstream: [] })),
    );
    const round = runs.map((run, i) => ({ ...run, upstream: [(i + 1) % 3] }));
    assert.equal(new Set(criticalPath(round, NOW)).size, criticalPath(round, NOW).length);
  });
});

describe('the graph', () => {
  it('has an edge where a run of one node was given a result of another, and a step more than its inputs where that is possible', () => {
    fc.assert(
      fc.property(drawn, (list) => {
        const part = partOf(list, 7);
        const { nodes, edges, depths } = graphOf(part, plainName, new Set(), NOW);
        const nodeOf = (place: number) => nodes.findIndex(({ runs }) => runs.some((run) => run.place === place));
        const wanted = new Set(
          part.runs
            .flatMap(({ place, upstream }) => upstream.map((input) => `${nodeOf(input)} ${nodeOf(place)}`))
            .filter((edge) => edge.split(' ')[0] !== edge.split(' ')[1]),
        );
        assert.deepEqual(new Set(edges.map(([from, to]) => `${from} ${to}`)), wanted);
        assert.equal(edges.length, wanted.size);
        assert.deepEqual(
          depths,
          depths.toSorted((a, b) => a - b),
        );
        const alone = graphOf(part, plainName, new Set(itemsOf(part.runs, plainName).map(({ key }) => key)), NOW);
        const longest: number[] = [];
        for (const { place, upstream } of part.runs)
          longest[place] = Math.max(0, ...upstream.map((input) => longest[input] + 1));
        alone.nodes.forEach(({ runs }, i) => assert.equal(alone.depths[i], longest[runs[0]?.place ?? 0]));
      }),
      { numRuns: 50 },
    );
  });
});

describe('times', () => {
  it('a run is within the bounds, and its spans within the run', () => {
    fc.assert(
      fc.property(drawn, (list) => {
        const part = partOf(list, 7);
        const bounds = boundsOf(part, NOW);
        for (const run of part.runs) {
          const [begin, end] = [beginOf(run), endOf(run, NOW)];
          if (begin === null || end === null) continue;
          assert.ok(bounds && bounds.from <= begin && end <= bounds.to);
          for (const { from, to } of spansOf(run, NOW))
            assert.ok(from <= to && from >= begin && to <= Math.max(end, NOW));
        }
      }),
    );
  });

  const sight = fc
    .tuple(fc.nat(1e9), fc.integer({ min: 1_000, max: 1e9 }))
    .map(([from, length]) => ({ from, to: from + length }));
  it('zooming keeps what is under the pointer, while all of it is in the whole; what is seen is never empty', () => {
    fc.assert(
      fc.property(
        sight,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (whole, factor, share) => {
          const before = fitted(whole);
          const at = before.from + (before.to - before.from) * share;
          const after = zoomed(before, factor, at, whole);
          assert.ok(after.to - after.from >= 999);
          if (factor >= 1 && at >= whole.from && at <= whole.to)
            assert.ok(Math.abs((at - after.from) / (after.to - after.from) - share) < 1e-6);
          const far = panned(after, 1e12, whole);
          assert.ok(
            far.from < whole.to && panned(after, -1e12, whole).to > whole.from,
            'a part of the whole stays in sight',
          );
          const ticks = ticksOf(after, whole.from, 900, 90);
          assert.ok(ticks.length <= 11 && ticks.every((tick) => tick >= after.from && tick <= after.to));
        },
      ),
    );
  });

  it('a run that never ended, of a flow run that has, is drawn up to the end of the flow run', () => {
    fc.assert(
      fc.property(drawn, fc.constantFrom('COMPLETED', 'RUNNING'), (list, type) => {
        const part = partOf(list, 7);
        const one: Part = {
          ...part,
          head: { ...part.head, state_type: type, start_time: 0, end_time: type === 'RUNNING' ? null : 1500 },
        };
        const last = lastMoment(one, [one]);
        assert.equal(last === null, type === 'RUNNING');
        if (last === null) return;
        const ends = one.runs.filter(isOver).map((run) => endOf(run, 0) ?? 0);
        assert.equal(last, Math.max(1500, ...ends));
        const begins = one.runs.map((run) => beginOf(run) ?? 0);
        assert.ok((boundsOf(one, last)?.to ?? 0) <= Math.max(last, ...begins, 1000));
      }),
    );
  });

  it('says of each px and of all time how many spans are there at one moment', () => {
    const spans = fc.array(
      fc
        .tuple(fc.nat(900), fc.oneof(fc.nat(200), fc.nat(3), fc.constant(Infinity)))
        .map(([from, long]): [number, number] => [from, from + long]),
    );
    fc.assert(
      fc.property(spans, fc.nat(1000), (list, now) => {
        const [width, view] = [40, { from: 200, to: 600 }];
        const { counts, most } = atOnce(momentsOf(list), view, now, width);
        const open = Math.max(now, ...list.map(([from]) => from + 1));
        const at = (moment: number) =>
          list.filter(([from, to]) => from <= moment && moment < Math.min(Math.max(to, from + 1), open)).length;
        const all = Array.from({ length: 1200 }, (_, moment) => at(moment));
        assert.equal(most, Math.max(...all));
        for (let x = 0; x < width; x++)
          assert.equal(counts[x], Math.max(...all.slice(200 + x * 10, 210 + x * 10)), `px ${x}`);
      }),
    );
  });
});

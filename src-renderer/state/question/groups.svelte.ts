/** The list in groups: by which field, in which order, and the groups themselves. They follow the answer on screen. */
import { untrack } from 'svelte';
import type { AppError } from '../../../src-main/contract/errors.ts';
import type { Condition, Group, Grouping, GroupSort, ListGrouping } from '../../../src-main/contract/query.ts';
import { conditionOfGroup, groupByOf, groupingOf, type GroupBy } from '../filters/groupings.ts';
import { rememberTask } from '../filters/task-names.svelte.ts';
import { api, app } from '../window/app.svelte.ts';
import { question } from './question.svelte.ts';
import { shownProblem } from '../window/shown-problem.ts';

/** Groups read at once; "more" reads as many again. */
const PAGE = 200;

type Shown = { by: GroupBy; grouping: Grouping; count: number; list: Group[] };

class GroupedList {
  by = $state.raw<GroupBy | null>(null);
  sort = $state.raw<GroupSort>({ by: 'runs', dir: 'desc' });
  shown = $state.raw<Shown | null>(null);
  problem = $state.raw<AppError | null>(null);
  private asking: AbortController | null = null;

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      const { by, sort } = this;
      if (!by || !question.answer || !app.workspace) return;
      void sort;
      untrack(() => void this.ask(PAGE));
      return () => this.asking?.abort();
    });
  }

  choose(by: GroupBy | null): void {
    this.by = by;
    this.shown = null;
    this.problem = null;
    if (by?.time) this.sort = { by: 'label', dir: 'desc' };
    else if (this.sort.by === 'label') this.sort = { by: 'runs', dir: 'desc' };
  }

  /** The first click on a name sorts A to Z, on a number largest first. */
  sortBy(by: GroupSort['by']): void {
    const same = this.sort.by === by;
    const first = by === 'label' ? 'asc' : 'desc';
    this.sort = { by, dir: same ? (this.sort.dir === 'asc' ? 'desc' : 'asc') : first };
  }

  more(): void {
    if (this.shown) void this.ask(this.shown.list.length + PAGE);
  }

  /** The runs of one group as a list. */
  open(group: Group): void {
    const shown = this.shown;
    if (!shown) return;
    const where: Condition = conditionOfGroup(question.where, shown.by, shown.grouping, group.value);
    this.choose(null);
    question.set(where);
  }

  /** As a preset keeps it; null: single runs. */
  get kept(): ListGrouping | null {
    const { by, sort } = this;
    return by && { field: by.field, time: by.time ?? null, sort };
  }

  /** As the window was left, or as a preset has it; null: single runs. */
  resume(kept: ListGrouping | null): void {
    const by = kept && groupByOf(kept.field, kept.time);
    this.choose(by);
    if (by && kept) this.sort = kept.sort;
  }

  /** Reads the groups from the first to the `wanted`-th, a page at a time. */
  private async ask(wanted: number): Promise<void> {
    const [workspace, by, answer] = [app.workspace, this.by, question.answer];
    if (!workspace || !by || !answer) return;
    this.asking?.abort();
    const { signal } = (this.asking = new AbortController());
    const grouping = groupingOf(by, answer.histogram, app.utc);
    try {
      const { list, count } = await this.read(wanted, { grouping }, workspace, signal);
      if (by.field === 'task_key') for (const { value } of list) rememberTask(value);
      if (signal.aborted) return;
      this.shown = { by, grouping, count, list };
      this.problem = null;
    } catch (thrown) {
      const problem = shownProblem(thrown);
      if (problem) this.problem = problem;
    }
  }

  async read(
    wanted: number,
    { grouping }: { grouping: Grouping },
    workspace: string,
    signal?: AbortSignal,
  ): Promise<{ list: Group[]; count: number }> {
    const { where } = question;
    const { sort } = this;
    const list: Group[] = [];
    let count = wanted;
    for (let from = 0; from < Math.min(wanted, count); from += PAGE) {
      const input = { workspace, where, grouping, sort, from, to: Math.min(wanted, from + PAGE) };
      const page = await api['query.groups'](input, { signal });
      list.push(...page.groups);
      ({ count } = page);
    }
    return { list, count };
  }
}

export const groupedList = new GroupedList();

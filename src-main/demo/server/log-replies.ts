/** The replies to POST /logs/filter and /artifacts/filter. */
import { artifactSchemas, logsSchema } from '../../contract/prefect/filter.ts';
import type { Scope } from './filters.ts';
import { artifactJson, logJson, runLines, taskLines } from '../story/logs.ts';
import { invalidBody, limitProblem, reply, type Reply } from './replies.ts';
import type { JsonRow } from '../json.ts';

/** Log lines of the runs that the body names; a body that names none gets []: the lines of all runs would be millions. */
export function logsReply(largest: number, scope: Scope, body: unknown): Reply {
  const parsed = logsSchema.safeParse(body);
  if (!parsed.success) return invalidBody(parsed.error.issues);
  const { logs, sort } = parsed.data;
  const limit = parsed.data.limit ?? largest;
  const problem = limitProblem(limit, largest);
  if (problem) return problem;
  const { story } = scope.database;
  const rows: { at: number; row: JsonRow }[] = [];
  const addTask = (task: number) => {
    const run = story.tasks.at.run[task];
    const owner = { task: story.taskId(task), run: run < 0 ? null : story.runId(run) };
    for (const [n, line] of taskLines(story, task, scope.now).entries())
      rows.push({ at: line.at, row: logJson(line, task, n, owner) });
  };
  const tasks = logs?.task_run_id?.any_?.map((id) => story.taskOf(id)).filter((task) => task >= 0);
  const runs = logs?.flow_run_id?.any_?.map((id) => story.runOf(id)).filter((run) => run >= 0);
  if (tasks) for (const task of tasks) if (!runs || runs.includes(story.tasks.at.run[task])) addTask(task);
  if (runs && !tasks) {
    for (const run of runs) {
      const first = story.runs.at.first[run];
      if (logs?.task_run_id?.is_null_ !== true)
        for (let task = first; task < first + story.runs.at.count[run]; task++) addTask(task);
      const owner = { task: null, run: story.runId(run) };
      for (const [n, line] of runLines(story, run, scope.now).entries())
        rows.push({ at: line.at, row: logJson(line, run + 2 ** 30, n, owner) });
    }
  }
  const { ge_, le_ } = logs?.level ?? {};
  const { before_, after_ } = logs?.timestamp ?? {};
  const query = logs?.text?.query.toLowerCase();
  const kept = rows.filter(({ at, row }) => {
    const level = row['level'] as number;
    if (level < (ge_ ?? -Infinity) || level > (le_ ?? Infinity)) return false;
    if (at > (before_ ?? Infinity) || at < (after_ ?? -Infinity)) return false;
    return !query || String(row['message']).toLowerCase().includes(query);
  });
  kept.sort((a, b) => (sort === 'TIMESTAMP_ASC' ? a.at - b.at : b.at - a.at));
  const from = parsed.data.offset ?? 0;
  return reply(
    200,
    kept.slice(from, from + limit).map(({ row }) => row),
  );
}

/** Artifacts of the runs that the body names. */
export function artifactsReply(largest: number, scope: Scope, body: unknown): Reply {
  const parsed = artifactSchemas.filter.safeParse(body);
  if (!parsed.success) return invalidBody(parsed.error.issues);
  const limit = parsed.data.limit ?? largest;
  const problem = limitProblem(limit, largest);
  if (problem) return problem;
  const { story } = scope.database;
  const { artifacts } = parsed.data;
  const tasks = new Set((artifacts?.task_run_id?.any_ ?? []).map((id) => story.taskOf(id)));
  for (const id of artifacts?.flow_run_id?.any_ ?? []) {
    const run = story.runOf(id);
    if (run < 0) continue;
    const first = story.runs.at.first[run];
    for (let task = first; task < first + story.runs.at.count[run]; task++) tasks.add(task);
  }
  const rows = [...tasks].flatMap((task) => (task < 0 ? [] : (artifactJson(story, task, scope.now) ?? [])));
  const from = parsed.data.offset ?? 0;
  return reply(200, rows.slice(from, from + limit));
}

/** `taskscope case`: hands the runs of a question over as one case file. What it will hold is said before it is written. */
import { resolve } from 'node:path';
import { CASE_ENDING, MOST_CASE_RUNS } from '../../../contract/case-file.ts';
import { AppError } from '../../../contract/errors.ts';
import { DONE, print, Progress, say, untilStopped, UsageError } from '../../terminal.ts';
import { checkDamage, common, damageOptions, namingForce, parse, savingTo, withApp, workspaceOf, type Command } from './options.ts'; // prettier-ignore
import { questionOf, questionOptions, wholeQuery } from './questions.ts';

const options = {
  ...common,
  ...questionOptions,
  ...damageOptions,
  out: { type: 'string' },
  'no-activity': { type: 'boolean' },
  'no-notes': { type: 'boolean' },
  force: { type: 'boolean' },
  quiet: { type: 'boolean' },
} as const;

export const caseFile: Command = (args) => {
  const { values } = parse({ args, options });
  const { out, force = false, quiet = false } = values;
  if (!out?.endsWith(CASE_ENDING)) throw new UsageError(`--out names the file to write; it ends with ${CASE_ENDING}`);
  const [activity, notes] = [!values['no-activity'], !values['no-notes']];
  return withApp(
    values,
    async (app) => {
      const workspace = await workspaceOf(app, values);
      await checkDamage(app, workspace, values);
      const question = await questionOf(app, workspace, values);
      const query = await wholeQuery(app, workspace, question);
      const archive = await app.archive(workspace);
      const { ids } = await archive.query.ids({ query, limit: MOST_CASE_RUNS + 1 });
      if (ids.length === 0 || ids.length > MOST_CASE_RUNS)
        throw new AppError('BAD_INPUT', `a case file holds 1 to ${MOST_CASE_RUNS} runs`, {
          advice: ids.length === 0 ? 'No run matches.' : 'More match: filter further.',
        });
      const signal = untilStopped();
      const { contents } = await app.handlers['case.preview']({ workspace, ids }, { signal });
      const parameters = contents.parameters.length > 0 ? ` Parameters: ${contents.parameters.join(', ')}.` : '';
      if (!quiet)
        say(
          `Whoever has the file can read ${ids.length} runs with their inputs${activity ? ', logs and artifacts' : ''}, ${contents.flow_runs} flow runs, and the server's address.${parameters}`,
        );
      const place = await app.handlers['export.choose']({ suggested: resolve(out), folder: false }, { signal });
      if (!place) throw new AppError('INTERNAL', 'no place to save to');
      const columns = ('query' in question && question.columns) || [];
      const input = { workspace, ids, query, columns, activity, notes, save: place.save };
      const progress = new Progress();
      try {
        for await (const item of app.handlers['case.write'](input, { signal })) {
          if (signal.aborted) throw new AppError('CANCELLED', 'stopped');
          if (item.kind === 'done') {
            progress.end();
            const { path, bytes, unread } = item;
            if (!quiet) await print(JSON.stringify({ path, bytes, unread, ...item.contents }));
          } else if (!quiet && process.stderr.isTTY) progress.show(`${item.step} ${item.done} of ${item.total} runs`);
        }
      } catch (thrown) {
        throw namingForce(thrown);
      } finally {
        progress.end();
      }
      return DONE;
    },
    savingTo(resolve(out), force),
  );
};

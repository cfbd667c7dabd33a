/**
 * Which environment variables a window may have sent to a server. A page that was taken over must not be able to send every secret of
 * the environment to an address of its choice, and main cannot see whether a person typed a name there.
 */
import { AppError } from '../../contract/errors.ts';
import type { WorkspaceInput } from '../../contract/workspace.ts';

const ours = /^(PREFECT|TASKSCOPE)_/;

/** Throws BAD_INPUT for a variable that is neither Prefect's nor one of `known`: typed on a command line, or named by a profile. */
export function checkVariable(auth: WorkspaceInput['auth'] | { kind: 'keep' }, known: ReadonlySet<string>): void {
  if (auth.kind !== 'env' || ours.test(auth.variable) || known.has(auth.variable)) return;
  throw new AppError('BAD_INPUT', `the window may not read the environment variable ${auth.variable}`, {
    advice: `Use a variable whose name starts with PREFECT_ or TASKSCOPE_, or name ${auth.variable} once on the command line: taskscope workspace add NAME --api-url URL --api-key-env ${auth.variable}`,
  });
}

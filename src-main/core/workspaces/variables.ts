/**
 * Which environment variables a window may have sent to a server. A page that was taken over must not be able to send every secret of
 * the environment to an address of its choice, and main cannot see whether a person typed a name there.
 */
import { AppError } from '../../contract/errors.ts';
import type { WorkspaceInput } from '../../contract/workspace.ts';

/** Names of sign-ins. Prefect's other variables are none: PREFECT_API_DATABASE_CONNECTION_URL holds the database's password. */
const signIns = /^(PREFECT|TASKSCOPE)_(\w+_)?(API_KEY|API_TOKEN|AUTH_STRING)$/;

/** Throws BAD_INPUT for a variable that is neither named as a sign-in nor one of `known`: typed on a command line, or named by a profile. */
export function checkVariable(auth: WorkspaceInput['auth'] | { kind: 'keep' }, known: ReadonlySet<string>): void {
  if (auth.kind !== 'env' || signIns.test(auth.variable) || known.has(auth.variable)) return;
  throw new AppError('BAD_INPUT', `the window may not read the environment variable ${auth.variable}`, {
    advice: `Use a variable named PREFECT_…API_KEY, PREFECT_…AUTH_STRING or the same with TASKSCOPE_, or name ${auth.variable} once on the command line: taskscope workspace add NAME --api-url URL --api-key-env ${auth.variable}`,
  });
}

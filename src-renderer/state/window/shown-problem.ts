/** Which failed calls a view tells of. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';

/** null: the call was ended by the window itself, or the connection is lost, which a banner says; the question is asked again after it. */
export function shownProblem(thrown: unknown): AppError | null {
  const problem = toAppError(thrown);
  return problem.code === 'CANCELLED' || problem.code === 'DISCONNECTED' ? null : problem;
}

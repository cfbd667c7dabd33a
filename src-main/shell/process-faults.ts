/** Errors that nothing caught in the main process. Without these listeners Node ends the process while worker threads write. */

export type FaultKind = 'uncaughtException' | 'unhandledRejection';
type OnFault = (kind: FaultKind, thrown: unknown) => void;

let current: OnFault | null = null;

/** Replaces the handler for uncaught errors. The handler decides whether the process goes on. */
export function onProcessFault(onFault: OnFault): void {
  const first = current === null;
  current = onFault;
  if (!first) return;
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(kind, (thrown: unknown) => {
      try {
        current?.(kind, thrown);
      } catch {
        process.exit(1); // the handler failed as well
      }
    });
}

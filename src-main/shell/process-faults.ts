/** What nobody caught in the main process. Without these listeners Node ends the process, and an archive is cut off in the middle. */

export type FaultKind = 'uncaughtException' | 'unhandledRejection';
export type OnFault = (kind: FaultKind, thrown: unknown) => void;

let current: OnFault | null = null;

/** From now on `onFault` is told, in place of the one before. It decides whether the process goes on. */
export function onProcessFault(onFault: OnFault): void {
  const first = current === null;
  current = onFault;
  if (!first) return;
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(kind, (thrown: unknown) => {
      try {
        current?.(kind, thrown);
      } catch {
        process.exit(1); // telling it has failed as well
      }
    });
}

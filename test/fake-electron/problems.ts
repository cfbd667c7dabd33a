/** Mistakes of the app that the stand-in found: printed on stderr at once; the process then ends with 1. */
const problems: string[] = [];

export function problem(text: string): void {
  problems.push(text);
  process.stderr.write(`stand-in: ${text}\n`);
}

export function hadProblems(): boolean {
  return problems.length > 0;
}

process.on('unhandledRejection', (reason) => {
  problem(`unhandled rejection: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`);
});

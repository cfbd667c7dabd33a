/** What went wrong inside: told at once on stderr, and the process ends with 1 when there was any. */
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

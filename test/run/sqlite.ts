/** SQLite's own shell for the tests: the machine's own, or Debian's package. */
import { aptInstall, tryProgram, type Found } from './machine.ts';

/** 3.37, which reads STRICT tables. */
const OLDEST = [3, 37] as const;

export async function findOrInstallSqlite(): Promise<Found> {
  const path = (await find()) ?? ((await aptInstall(['sqlite3'])) ? await find() : null);
  return path ? { path, why: '' } : { path: null, why: `no sqlite3 of version ${OLDEST.join('.')} or later` };
}

async function find(): Promise<string | null> {
  for (const name of [process.env.TASKSCOPE_SQLITE3, 'sqlite3']) {
    if (!name) continue;
    const answer = await tryProgram(name, ['--version']);
    const [major = 0, minor = 0] = (answer?.code === 0 ? answer.out : '').split('.').map(Number);
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return name;
  }
  return null;
}

/** `taskscope workspace edit NAME`: options that are not given leave their part unchanged, the kept secret included. */
import { resolve } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import { connectionEditSchema, type ConnectionEdit } from '../../../contract/workspace.ts';
import type { App } from '../../../core/app.ts';
import type { Entry } from '../../../core/workspaces/workspaces.ts';
import { DONE, print, UsageError } from '../../terminal.ts';
import type { Values } from './options.ts';
import { header, NAME_RULE, warnOfInsecureTls } from './workspace-header.ts';

const LOOK = 30_000; // ms for the server to say whether it is the same one

export const editOptions = {
  name: { type: 'string' },
  'api-url': { type: 'string' },
  'api-key-env': { type: 'string' },
  'auth-string-env': { type: 'string' },
  header: { type: 'string', multiple: true },
  'ca-file': { type: 'string' },
  'insecure-tls': { type: 'boolean' },
  'no-auth': { type: 'boolean' },
  'no-headers': { type: 'boolean' },
  'no-ca-file': { type: 'boolean' },
  'secure-tls': { type: 'boolean' },
  anyway: { type: 'boolean' },
} as const;

type EditValues = Values<typeof editOptions>;

const exclusive: (keyof EditValues)[][] = [
  ['api-key-env', 'auth-string-env', 'no-auth'],
  ['ca-file', 'no-ca-file'],
  ['insecure-tls', 'secure-tls'],
];

/** Checks the options before the core is opened. Throws UsageError. */
export function checkEdit(name: string | undefined, values: EditValues): string {
  if (name === undefined) throw new UsageError('edit takes a name');
  for (const group of exclusive) {
    const given = group.filter((one) => values[one] !== undefined);
    if (given.length > 1) throw new UsageError(`${given.map((one) => `--${one}`).join(' and ')} exclude each other`);
  }
  const { anyway: _, ...changes } = values;
  if (Object.values(changes).every((value) => value === undefined))
    throw new UsageError('edit changes nothing: name what is to be another, such as --api-url');
  return name;
}

/** Returns the exit code. Throws UsageError when the values fit no workspace. */
export async function edit(app: App, name: string, values: EditValues): Promise<number> {
  const parsed = connectionEditSchema.safeParse(editOf(app.workspaces.get(name), values));
  if (!parsed.success) throw new UsageError(NAME_RULE);
  warnOfInsecureTls(parsed.data.insecure_tls);
  const signal = AbortSignal.timeout(LOOK);
  const anyway = values.anyway ?? false;
  try {
    const saved = await app.handlers['workspace.edit']({ workspace: name, edit: parsed.data, anyway }, { signal });
    await print(JSON.stringify(saved));
    return DONE;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const advice = thrown.code === 'ANOTHER_SERVER' ? ADVICE : thrown.details['field'] === 'auth' ? TYPE_AGAIN : null;
    if (advice === null) throw thrown;
    throw new AppError(thrown.code, thrown.message, { ...thrown.details, advice }, thrown);
  }
}

const ADVICE =
  'Nothing was changed. Add it as a workspace of its own, or give --anyway to have both in one archive: everything is then read and compared anew, and the runs this server does not have are marked as gone, or deleted where the archive mirrors it.';

const TYPE_AGAIN =
  'Nothing was changed. Give them again for the new address: --api-key-env, --auth-string-env or --no-auth for the sign-in, and --header, or --no-headers, for each header.';

function editOf(entry: Entry, values: EditValues): ConnectionEdit {
  const variable = values['api-key-env'] ?? values['auth-string-env'];
  const kept = values['no-headers'] ? [] : entry.headers.map((one): [string, null] => [one, null]);
  const given = (values.header ?? []).map(header);
  const replaced = new Set(given.map(([one]) => one.toLowerCase()));
  const scheme = values['api-key-env'] === undefined ? 'basic' : 'api_key';
  return {
    name: values.name ?? entry.name,
    api_url: values['api-url'] ?? entry.api_url,
    auth: values['no-auth']
      ? { kind: 'none' }
      : variable === undefined
        ? { kind: 'keep' }
        : { kind: 'env', scheme, variable },
    headers: Object.fromEntries([...kept.filter(([one]) => !replaced.has(one.toLowerCase())), ...given]),
    insecure_tls: values['insecure-tls'] ?? (values['secure-tls'] ? false : entry.insecure_tls),
    ca_file: values['no-ca-file'] ? null : values['ca-file'] === undefined ? entry.ca_file : resolve(values['ca-file']),
  };
}

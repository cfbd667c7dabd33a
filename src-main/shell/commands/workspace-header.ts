/** What `workspace add` and `workspace edit` read alike. */
import { UsageError } from '../terminal.ts';

export const NAME_RULE =
  'a name has up to 63 letters, digits, spaces, dots, dashes and underscores, and starts with a letter or digit';

/** `K=V` or, as curl takes it, `K: V`. What it holds may be a secret, so only the part before is ever repeated. */
export function header(text: string): [string, string] {
  const [, name, value] = /^([^=:\s]+)\s*[=:](.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError('--header takes NAME=VALUE or "NAME: VALUE"');
  return [name, value.trim()];
}

/** Options that `workspace add` and `workspace edit` share. */
import { say, UsageError } from '../../terminal.ts';

export const NAME_RULE =
  'a name has up to 63 letters, digits, spaces, dots, dashes and underscores, and starts with a letter or digit';

export function warnOfInsecureTls(insecure: boolean): void {
  if (insecure)
    say('The certificate of this server is not checked: whoever stands between can read and change everything.');
}

/** Reads `NAME=VALUE` or, as curl takes it, `NAME: VALUE`. The value may be a secret, so no message repeats it. */
export function header(text: string): [string, string] {
  const [, name, value] = /^([^=:\s]+)\s*[=:](.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError('--header takes NAME=VALUE or "NAME: VALUE"');
  return [name, value.trim()];
}

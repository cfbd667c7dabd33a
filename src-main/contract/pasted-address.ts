/** The address in what a person pastes as one: `prefect config view` and .env files print it with a name and in quotes. */

const setting = /\bPREFECT_API_URL\s*=\s*(["']?)([^\s"']+)\1/;
const quoted = /^(?:"(.*)"|'(.*)'|<(.*)>)$/;

/** `pasted` without quotes and the setting's name; `http:/host` and `http//host` as `http://host`. Anything else stays, trimmed. */
export function pastedAddress(pasted: string): string {
  const text = pasted.trim();
  const inside = setting.exec(text)?.[2] ?? quoted.exec(text)?.slice(1).find(Boolean)?.trim() ?? text;
  return inside.replace(/^(https?)(?::\/|\/\/)(?!\/)/i, '$1://');
}

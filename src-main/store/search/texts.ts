/** The texts of a row that are searched besides its names: its state's message and its parameters. */
import type { Entity } from '../../contract/fields.ts';
import { isObject, type JsonObject } from '../layout.ts';
import { indexed } from './search-tables.ts';

/** As it is indexed; null when there is nothing to search. `row`: as the server sent it. */
export function rowWords(entity: Entity, row: JsonObject): string | null {
  if (entity !== 'task_run' && entity !== 'flow_run') return null;
  const message = isObject(row.state) ? row.state.message : null;
  const texts = typeof message === 'string' && message !== '' ? [message] : [];
  if (entity === 'flow_run') addTexts(row.parameters, texts);
  return texts.length === 0 ? null : indexed(texts) || null;
}

/** Names and values of anything in JSON, in their order. Without recursion: JSON may be nested deeper than a stack goes. */
function addTexts(json: unknown, texts: string[]): void {
  const waiting = [json];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === 'string' || typeof value === 'number') texts.push(String(value));
    else if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i--) waiting.push(value[i]);
    else if (isObject(value)) for (const [name, one] of Object.entries(value).reverse()) waiting.push(one, name);
  }
}

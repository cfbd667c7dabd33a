/** The texts of a row that are searched besides its names: its state's message and its parameters. */
import type { Entity } from '../../contract/fields.ts';
import { jsonTexts } from '../../contract/texts-in-json.ts';
import { isObject, type JsonObject } from '../layout.ts';
import { indexed } from './search-tables.ts';

/** As it is indexed; null when there is nothing to search. `row`: as the server sent it. */
export function rowWords(entity: Entity, row: JsonObject): string | null {
  if (entity !== 'task_run' && entity !== 'flow_run') return null;
  const message = isObject(row.state) ? row.state.message : null;
  const texts = typeof message === 'string' && message !== '' ? [message] : [];
  const all = entity === 'flow_run' ? texts.concat(jsonTexts(row.parameters)) : texts;
  return all.length === 0 ? null : indexed(all) || null;
}

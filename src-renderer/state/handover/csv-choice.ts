/** How CSV is written: as the export dialog was set to last. Exports, copied rows and the list's groups have the same choice. */
import { delimiterOf, type Delimiter, type ExportOptions } from '../../../src-main/contract/export.ts';
import type { ExportChoice } from '../../../src-main/contract/settings.ts';

export type CsvChoice = Pick<ExportOptions, 'delimiter' | 'bom' | 'safe' | 'header' | 'time_zone' | 'tags'>;

/** The delimiter of this system's spreadsheets. */
export const usualDelimiter = (): Delimiter => delimiterOf(navigator.language);

type Chosen = Pick<ExportChoice, 'delimiter' | 'spreadsheet' | 'header' | 'local_times' | 'tags'>;

/** `utc`: the window shows UTC. */
export function csvChoice({ delimiter, spreadsheet, header, local_times, tags }: Chosen, utc: boolean): CsvChoice {
  return {
    delimiter: delimiter ?? usualDelimiter(),
    bom: spreadsheet,
    safe: spreadsheet,
    header,
    time_zone: local_times && !utc ? Intl.DateTimeFormat().resolvedOptions().timeZone : null,
    tags,
  };
}

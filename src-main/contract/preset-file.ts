/** A file of presets, to hand over to others: JSON with the version of its shape. */
import { z } from 'zod';
import { savedPresetSchema, type Preset, type SavedPreset } from './preset.ts';

export const PRESET_FILE_ENDING = '.presets.json';
/** Grows when an older Taskscope would misread the file. */
const VERSION = 1;

const fileSchema = z.object({
  taskscope_presets: z.literal(VERSION),
  presets: z.array(savedPresetSchema).min(1).max(1000),
});
const versionSchema = z.object({ taskscope_presets: z.number() });

export function writePresetFile(list: readonly Preset[]): string {
  const presets = list.map((one) => savedPresetSchema.parse(one)); // without its id, which is this machine's
  return `${JSON.stringify({ taskscope_presets: VERSION, presets }, null, 2)}\n`;
}

/** `newer`: by a later version of Taskscope; `other`: no file of presets. */
export type ReadPresets = { presets: SavedPreset[]; problem: null } | { presets: null; problem: 'newer' | 'other' };

export function readPresetFile(text: string): ReadPresets {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { presets: null, problem: 'other' };
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return { presets: parsed.data.presets, problem: null };
  const version = versionSchema.safeParse(json);
  return { presets: null, problem: version.success && version.data.taskscope_presets > VERSION ? 'newer' : 'other' };
}

/** Brings a field's section of the filter panel into view, opening it when it is folded. The focus stays where it is. */
import { tick } from 'svelte';
import { app } from '../window/app.svelte.ts';
import { mainTimes } from './quick-spans.ts';

/** Field → the section that edits it, where it is not the one of the same name. */
const sections: Record<string, string> = { state_type: 'state', state_name: 'state', name: 'task_key' };
/** Sections that are open until folded; the setting lists those that differ from their start. */
const startsOpen = [
  'presets',
  'state',
  'failure',
  'time',
  'flow_run.flow_id',
  'flow_run.deployment_id',
  'tags',
  'task_key',
];
/** Sections beside those, closed until opened. */
const closedAtTop = ['flow_run_id', 'gone'];

function sectionOf(field: string): string {
  return mainTimes.some((one) => one.field === field) ? 'time' : (sections[field] ?? field);
}

export async function revealSection(field: string): Promise<void> {
  const id = sectionOf(field);
  const isOpen = (one: string) => app.settings.closed_sections.includes(one) !== startsOpen.includes(one);
  const nested = !startsOpen.includes(id) && !closedAtTop.includes(id);
  if (nested && !isOpen('all')) app.toggleSection('all');
  if (!isOpen(id)) app.toggleSection(id);
  await tick();
  const section = document.querySelector<HTMLElement>(`[data-section="${CSS.escape(id)}"]`);
  section?.scrollIntoView({ block: 'nearest' });
}

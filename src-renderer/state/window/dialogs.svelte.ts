/** Which dialog is open. At most one is. */
import type { SavedPreset } from '../../../src-main/contract/preset.ts';
import type { Candidate } from '../../../src-main/contract/workspace.ts';
import type { Scheme, WorkspaceForm } from '../workspace/workspace-form.ts';

type Open =
  | { kind: 'none' }
  | { kind: 'export'; ids: string[] | null; what: 'runs' | 'groups' }
  | { kind: 'exports' }
  | { kind: 'case'; ids: string[] }
  | { kind: 'note'; ids: string[] }
  | { kind: 'keys' }
  | { kind: 'palette' }
  | { kind: 'presets'; file: string; presets: SavedPreset[] }
  | { kind: 'add'; candidate: Candidate | null; form: Partial<WorkspaceForm> }
  | { kind: 'edit'; workspace: string; scheme: Scheme | null }
  | { kind: 'workspaces' }
  | { kind: 'compare'; runs: readonly string[]; success: boolean }
  | { kind: 'sync' }
  | { kind: 'quiet' }
  | { kind: 'settings'; workspace: string };

class Dialogs {
  open = $state.raw<Open>({ kind: 'none' });

  close(): void {
    this.open = { kind: 'none' };
  }
  /** `ids`: runs that are chosen; null: the whole view */
  exportRuns(ids: string[] | null = null): void {
    this.open = { kind: 'export', ids, what: 'runs' };
  }
  /** the list's groups */
  exportGroups(): void {
    this.open = { kind: 'export', ids: null, what: 'groups' };
  }
  /** the exports that run or have run */
  exportList(): void {
    this.open = { kind: 'exports' };
  }
  /** a case file of these runs */
  caseFile(ids: string[]): void {
    this.open = { kind: 'case', ids };
  }
  /** one note for several runs */
  note(ids: string[]): void {
    this.open = { kind: 'note', ids };
  }
  /** presets of a file, before they are taken in */
  importPresets(file: string, presets: SavedPreset[]): void {
    this.open = { kind: 'presets', file, presets };
  }
  /** anything by its name */
  palette(): void {
    this.open = { kind: 'palette' };
  }
  keys(): void {
    this.open = { kind: 'keys' };
  }
  /** `form`: fields that are filled in already. */
  addWorkspace(form: Partial<WorkspaceForm> = {}): void {
    this.open = { kind: 'add', candidate: null, form };
  }
  addCandidate(candidate: Candidate): void {
    this.open = { kind: 'add', candidate, form: {} };
  }
  manageWorkspaces(): void {
    this.open = { kind: 'workspaces' };
  }
  /** where one workspace's server is and how to sign in there. `scheme`: the one its address is to have */
  connection(workspace: string, scheme: Scheme | null = null): void {
    this.open = { kind: 'edit', workspace, scheme };
  }
  /** two to six runs beside each other. `success`: the second is the last of the first one's task that succeeded */
  compare(runs: readonly string[], success = false): void {
    this.open = { kind: 'compare', runs, success };
  }
  /** hours in which watched presets tell nothing */
  quietHours(): void {
    this.open = { kind: 'quiet' };
  }
  syncView(): void {
    this.open = { kind: 'sync' };
  }
  /** what one workspace keeps and fetches */
  settings(workspace: string): void {
    this.open = { kind: 'settings', workspace };
  }
}

export const dialogs = new Dialogs();

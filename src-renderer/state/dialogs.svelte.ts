/** Which dialog is open. At most one is. */
import type { Candidate } from '../../src-main/contract/rows.ts';
import { fresh } from './fresh.svelte.ts';
import { question } from './question.svelte.ts';

type Open =
  | { kind: 'none' }
  | { kind: 'export' }
  | { kind: 'keys' }
  | { kind: 'add'; candidate: Candidate | null }
  | { kind: 'workspaces' }
  | { kind: 'sync' }
  | { kind: 'settings'; workspace: string };

class Dialogs {
  open = $state.raw<Open>({ kind: 'none' });

  close(): void {
    this.open = { kind: 'none' };
  }
  /** What is new is taken in first, so that the count in the dialog is that of the file. */
  exportRuns(): void {
    if (fresh.delta !== null) question.refresh();
    this.open = { kind: 'export' };
  }
  keys(): void {
    this.open = { kind: 'keys' };
  }
  addWorkspace(): void {
    this.open = { kind: 'add', candidate: null };
  }
  addCandidate(candidate: Candidate): void {
    this.open = { kind: 'add', candidate };
  }
  manageWorkspaces(): void {
    this.open = { kind: 'workspaces' };
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

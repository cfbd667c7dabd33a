/** Case files in the window: opening one that was chosen or dropped, and what the open one says of itself. */
import { untrack } from 'svelte';
import { CASE_ENDING, type CaseAbout } from '../../../src-main/contract/case-file.ts';
import { TRUE } from '../../../src-main/contract/query.ts';
import { columns } from '../question/columns.svelte.ts';
import { question } from '../question/question.svelte.ts';
import { api, app } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { base64 } from './base64.ts';

/** Bytes sent at once: a frame of the socket holds 16 MB, base64 takes a third more. */
const PIECE = 2_000_000;

class CaseFiles {
  /** of the open workspace; null: it is no case file */
  manifest = $state.raw<CaseAbout | null>(null);
  /** a file is being read and checked */
  opening = $state(false);

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      const { current } = app;
      const name = app.ready && current?.kind === 'case' ? current.name : null;
      untrack(() => void this.read(name));
    });
  }

  private async read(workspace: string | null): Promise<void> {
    this.manifest = null;
    if (workspace === null) return;
    await notes.attempt(async () => {
      const manifest = await api['case.about']({ workspace });
      if (app.workspace === workspace) this.manifest = manifest;
    });
  }

  /** Shows every run of it, in the order and the columns of the view it was made from. */
  async open(file: File): Promise<void> {
    this.opening = true;
    try {
      await notes.attempt(async () => {
        const receive = await send(file);
        const { workspace, manifest } = await api['case.open']({ receive });
        app.replace(workspace);
        question.load({ where: TRUE, sort: manifest.view.query.sort });
        if (manifest.view.columns.length > 0) columns.show(manifest.view.columns);
        await app.open(workspace.name);
      });
    } finally {
      this.opening = false;
    }
  }

  /** Ends a case; when it is the open one, opens another workspace. */
  async close(workspace: string): Promise<void> {
    await notes.attempt(async () => {
      await api['workspace.remove']({ workspace, archive: false });
      await app.reload();
      if (app.workspace !== workspace) return;
      columns.show(null);
      const next = app.workspaces.find((one) => one.kind === 'server') ?? app.workspaces[0];
      if (next) await app.open(next.name);
    });
  }
}

async function send(file: File): Promise<string> {
  const { receive } = await api['case.receive']({ name: file.name, bytes: file.size });
  for (let at = 0; at < file.size; at += PIECE) {
    const bytes = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
    await api['case.receivePiece']({ receive, at, piece: base64(bytes) });
  }
  return receive;
}

export const isCaseFile = (name: string): boolean => name.toLowerCase().endsWith(CASE_ENDING);

export const caseFiles = new CaseFiles();

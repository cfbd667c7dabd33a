/** A workspace being added, or the connection of one being changed: the form, the test of it, and saving it. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import type { Candidate, KeptArchive, Workspace } from '../../../src-main/contract/workspace.ts';
import { defaultSort, TRUE } from '../../../src-main/contract/query.ts';
import { presets } from '../question/presets.svelte.ts';
import { question } from '../question/question.svelte.ts';
import { api, app } from '../window/app.svelte.ts';
import { dialogs } from '../window/dialogs.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { notSentWords } from './connection-words.ts';
import {
  editForm,
  formEdit,
  formInput,
  formOfItsOwn,
  formProblems,
  newForm,
  sameEdit,
  variableFor,
  withScheme,
  type AuthChoice,
  type FormProblems,
  type Scheme,
  type WorkspaceForm,
} from './workspace-form.ts';

/** `server`: of a changed connection, whether the server is the one that the archive is from. */
type Tested = {
  api_url: string;
  version: string | null;
  task_runs: number;
  server?: 'same' | 'another' | 'unknown' | null;
};
/** What the last test or save said. `unsure`: saving was tried, and the server could not say whether it is the same one. */
/** `kept`: archives of the server that a new workspace may go on with; the person chooses. */
type Outcome = { tested: Tested | null; error: AppError | null; unsure: boolean; kept: KeptArchive[] };

/** The name under which a server is tested that has none yet. */
const UNNAMED = 'unnamed';

/** Whether a form still is the one that was tested or saved; its name is nothing to test. */
function same(what: 'test' | 'save', form: WorkspaceForm): (now: WorkspaceForm) => boolean {
  const key = (one: WorkspaceForm) => JSON.stringify(what === 'test' ? { ...one, name: '' } : one);
  const asked = key(form);
  return (now) => key(now) === asked;
}

export class WorkspaceEditor {
  form: WorkspaceForm = $state(newForm(null, {}));
  busy = $state<'test' | 'save' | null>(null);
  /** the workspace whose connection is changed; null: a new one is added */
  readonly workspace: Workspace | null;
  /** a server found on this machine, whose address and sign-in stay where they were found */
  readonly candidate: Candidate | null;
  private readonly start: WorkspaceForm;
  private asked = $state<'test' | 'save' | null>(null);
  /** `of`: what was tested or saved */
  private outcome = $state.raw<{ of: (form: WorkspaceForm) => boolean; is: Outcome } | null>(null);

  private problems = $derived.by(() => {
    const others = app.workspaces.map(({ name }) => name).filter((name) => name !== this.workspace?.name);
    return formProblems(this.candidate ? { ...this.form, where: 'server', auth: 'none' } : this.form, others);
  });
  /** by field, once the form was sent */
  shown = $derived(this.asked ? this.problemsOf(this.asked) : {});
  /** null: there is none, or what was typed since made it old */
  said = $derived(this.outcome?.of(this.form) ? this.outcome.is : null);
  /** the server holds other runs than the archive */
  isAnother = $derived(this.said?.tested?.server === 'another' || this.said?.error?.code === 'ANOTHER_SERVER');
  changed = $derived.by(
    () =>
      this.workspace === null ||
      !sameEdit(formEdit(this.form), formEdit(this.start)) ||
      this.form.dialect !== this.start.dialect,
  );
  /** why what is kept secret must be typed again before this address is tested or saved; null: it need not */
  notSent = $derived.by(() => this.workspace && notSentWords(this.workspace, this.form));

  constructor(workspace: Workspace | null, candidate: Candidate | null, known: Partial<WorkspaceForm>) {
    this.workspace = workspace;
    this.candidate = candidate;
    this.start = workspace ? editForm(workspace) : newForm(candidate, known);
    this.form = { ...this.start };
  }

  setAuth(kind: AuthChoice): void {
    this.form.variable = variableFor(kind, this.form.variable);
  }

  test(): Promise<void> {
    const { workspace, candidate } = this;
    return this.attempt('test', (form) =>
      workspace
        ? api['workspace.testEdit']({ workspace: workspace.name, edit: formEdit({ ...form, name: workspace.name }) })
        : api['workspace.test'](
            candidate
              ? { input: null, candidate: candidate.id }
              : { input: formInput({ ...form, name: UNNAMED }), candidate: null },
          ),
    );
  }

  /** For a server that speaks the one at an address that says the other. */
  use(scheme: Scheme): Promise<void> {
    this.form.apiUrl = withScheme(scheme, this.form.apiUrl);
    return this.test();
  }

  /** `anyway`: also when the server is another one, or does not say. */
  save(anyway = false): Promise<void> {
    const { workspace } = this;
    return this.attempt('save', async (form) => {
      if (workspace) await this.change(workspace, form, anyway);
      else return this.offerOrAdd(form);
      return null;
    });
  }

  /** Adds the workspace with one of the archives offered, or with a new one (null). */
  addWith(archive: string | null): Promise<void> {
    return this.attempt('save', async (form) => {
      await this.add(form, archive);
      return null;
    });
  }

  /** Opens the form for a new workspace with what was typed. */
  addInstead(): void {
    if (this.workspace) dialogs.addWorkspace(formOfItsOwn($state.snapshot(this.form), this.workspace));
  }

  private async attempt(
    what: 'test' | 'save',
    work: (form: WorkspaceForm) => Promise<Tested | KeptArchive[] | null>,
  ): Promise<void> {
    if (this.asked !== 'save') this.asked = what;
    if (this.busy || this.notSent !== null || Object.keys(this.problemsOf(what)).length > 0) return;
    this.busy = what;
    this.outcome = null;
    const form = $state.snapshot(this.form);
    let of = same(what, form);
    try {
      const found = await work(form);
      const [tested, kept] = Array.isArray(found) ? [null, found] : [found, []];
      // the address that answered is the one to keep
      if (tested && !this.candidate && form.where === 'server' && of(this.form)) {
        this.form.apiUrl = tested.api_url;
        of = same(what, { ...form, apiUrl: tested.api_url });
      }
      this.outcome = { of, is: { tested, error: null, unsure: false, kept } };
    } catch (thrown) {
      const error = toAppError(thrown);
      const unsure = what === 'save' && this.workspace !== null && error.code.startsWith('SERVER_');
      this.outcome = { of, is: { tested: null, error, unsure, kept: [] } };
    } finally {
      this.busy = null;
    }
  }

  /** A test needs no name. */
  private problemsOf(what: 'test' | 'save'): FormProblems {
    const { name: _, ...others } = this.problems;
    return what === 'test' ? others : this.problems;
  }

  /** Archives to choose from; null: there were none, and the workspace was added. */
  private async offerOrAdd(form: WorkspaceForm): Promise<KeptArchive[] | null> {
    const { candidate } = this;
    const server = candidate ? { input: null, candidate: candidate.id } : { input: formInput(form), candidate: null };
    // a server that does not answer can be added all the same, with a new archive
    const kept = await api['workspace.kept'](server).catch(() => []);
    if (kept.length > 0) return kept;
    await this.add(form, null);
    return null;
  }

  private async add(form: WorkspaceForm, archive: string | null): Promise<void> {
    const added = this.candidate
      ? await api['workspace.addCandidate']({ id: this.candidate.id, name: form.name.trim(), archive })
      : await api['workspace.add']({ ...formInput(form), archive });
    app.replace(added);
    if (archive !== null) notes.say(`“${added.name}” goes on with the archive ${archive}`);
    dialogs.close();
    // what was searched for in another server's runs would hide these
    presets.leave();
    question.load({ where: TRUE, sort: defaultSort });
    await app.choose(added.name);
    await app.look();
    await api['sync.start']({ workspace: added.name });
  }

  private async change({ name }: Workspace, form: WorkspaceForm, anyway: boolean): Promise<void> {
    let saved = await api['workspace.edit']({ workspace: name, edit: formEdit(form), anyway });
    const { dialect } = form;
    if (dialect !== null && dialect !== this.start.dialect)
      saved = await api['workspace.setDialect']({ workspace: saved.name, dialect });
    const current = app.workspace === name;
    if (saved.name === name) app.replace(saved);
    else {
      const { [name]: preset, ...others } = app.settings.default_presets;
      if (preset !== undefined) await app.save({ default_presets: { ...others, [saved.name]: preset } });
      const { [name]: asked, ...rest } = app.settings.recent_queries;
      if (asked !== undefined) await app.save({ recent_queries: { ...rest, [saved.name]: asked } });
      await app.reload();
    }
    notes.say(`Saved the connection of “${saved.name}”`);
    dialogs.close();
    if (current && saved.name !== name) await app.open(saved.name);
  }
}

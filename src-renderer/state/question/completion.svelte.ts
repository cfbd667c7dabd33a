/** Completion of a query at the cursor: fields, operators and values, with the archive's counts once they have come. */
import { TRUE } from '../../../src-main/contract/query.ts';
import { gapAt, type Gap } from '../../../src-main/contract/query-text/gap.ts';
import { api } from '../window/app.svelte.ts';
import { rememberNames } from '../filters/names.svelte.ts';
import { countedFields, countedOffers, knownOffers, type Offer } from './offers.ts';

const VALUES = 8;

export class Completion {
  gap = $state.raw<Gap | null>(null);
  offers = $state.raw<readonly Offer[]>([]);
  private asking: AbortController | null = null;

  close(): void {
    this.asking?.abort();
    this.gap = null;
    this.offers = [];
  }

  async look(workspace: string | null, text: string, cursor: number): Promise<void> {
    this.asking?.abort();
    const before = this.gap;
    const gap = gapAt(text, cursor);
    this.gap = gap;
    const known = gap ? knownOffers(gap) : [];
    const fields = gap ? countedFields(gap) : [];
    // the last values stay until the next ones come, so that the list does not blink
    if (fields.length === 0 || before?.at !== gap?.at) this.offers = known;
    if (!gap || fields.length === 0 || !workspace) return;
    const abort = new AbortController();
    this.asking = abort;
    const search = gap.typed === '' ? {} : { search: gap.typed };
    try {
      const { facets } = await api['query.ask'](
        {
          workspace,
          query: { where: TRUE, sort: [] },
          rows: { from: 0, to: 0 },
          facets: fields.map((field) => ({ field, limit: VALUES, ...search })),
          histogram: null,
        },
        { signal: abort.signal },
      );
      if (abort.signal.aborted) return;
      facets.forEach(rememberNames);
      this.offers = countedOffers(facets, known);
    } catch {
      if (!abort.signal.aborted) this.offers = known; // typing goes on without completion
    }
  }
}

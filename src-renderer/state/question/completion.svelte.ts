/** Completion of a query at the cursor: fields, operators and values, with the archive's counts once they have come. */
import { TRUE } from '../../../src-main/contract/query.ts';
import { completionPlace, type CompletionPlace } from '../../../src-main/contract/query-text/completion.ts';
import { api } from '../window/app.svelte.ts';
import { rememberNames } from '../filters/names.svelte.ts';
import { countedFields, countedOffers, knownOffers, type Offer } from './offers.ts';

const VALUES = 8;

export class Completion {
  place = $state.raw<CompletionPlace | null>(null);
  offers = $state.raw<readonly Offer[]>([]);
  private asking: AbortController | null = null;

  close(): void {
    this.asking?.abort();
    this.place = null;
    this.offers = [];
  }

  async look(workspace: string | null, text: string, cursor: number): Promise<void> {
    this.asking?.abort();
    const before = this.place;
    const place = completionPlace(text, cursor);
    this.place = place;
    const known = place ? knownOffers(place) : [];
    const fields = place ? countedFields(place) : [];
    // the last values stay until the next ones come, so that the list does not blink
    if (fields.length === 0 || before?.at !== place?.at) this.offers = known;
    if (!place || fields.length === 0 || !workspace) return;
    const abort = new AbortController();
    this.asking = abort;
    const search = place.typed === '' ? {} : { search: place.typed };
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

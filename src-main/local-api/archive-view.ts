/** What the local API answers from: one archive at one moment. */
import { prefectRules, type PrefectRules } from '../contract/prefect/versions.ts';
import type { Engine } from '../query/engine.ts';
import type { Reader } from '../store/read/reader.ts';

/** `now` in µs. `prefect`: the server's version, null where it is not known. */
export type ArchiveView = {
  engine: Pick<Engine, 'paginate' | 'ridOf' | 'idOf' | 'isListed' | 'accessor' | 'dialect' | 'version'>;
  reader: Pick<Reader, 'json' | 'documents' | 'kept'>;
  now: number;
  prefect: string | null;
};

/** When it is asked, and by which version's rules. */
export const moment = ({ prefect, now }: ArchiveView): { rules: PrefectRules; now: number } => ({
  rules: prefectRules(prefect),
  now,
});

/** The `postgres` dialect: the local API answers what a real Prefect server of the pinned version on PostgreSQL answers. */
import { compareWithServer } from '../fixtures/prefect/differential.ts';
import { noPrefect } from '../fixtures/prefect/server.ts';
import { PINNED } from '../run/proven.ts';

compareWithServer({ title: `Prefect ${PINNED} on PostgreSQL`, skip: noPrefect(), dialect: 'postgres', requests: 400 });

/** The local API answers what the newest Prefect that can be installed answers, on SQLite: what differs from the pinned version is in contract/prefect/versions.ts. */
import { compareWithServer } from '../fixtures/prefect/differential.ts';
import { newestPython, noNewest } from '../fixtures/prefect/server.ts';

compareWithServer({
  title: 'the newest Prefect on SQLite',
  skip: noNewest(),
  dialect: 'sqlite',
  python: newestPython(),
  requests: 1200,
});

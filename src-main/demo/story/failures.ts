/** The demo's failures and their Python exceptions. An incident brings failures of its `cause`. */
import { hash, pickBy } from './random.ts';

export type Cause = 'warehouse' | 'api' | 'memory' | 'schema' | 'disk' | 'network' | 'code' | 'upgrade';

type Failure = {
  cause: Cause;
  exception: string;
  /** `{n}` a number, `{table}` a table name, `{host}` a host name */
  message: string;
  /** frames of libraries, below the flow's own frame: `file:line function: source`, the file below site-packages */
  frames: readonly string[];
  /** the flow's own line that called the library */
  source: string;
};

const SITE = '/usr/local/lib/python3.12/site-packages';

export const failures: readonly Failure[] = [
  {
    cause: 'warehouse',
    exception: 'sqlalchemy.exc.OperationalError',
    message:
      '(psycopg2.OperationalError) connection to server at "{host}" (10.4.12.{n}), port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n\n(Background on this error at: sqlalche.me/e/20/e3q8)',
    frames: [
      'sqlalchemy/engine/base.py:3305 raw_connection: return self.pool.connect()',
      'sqlalchemy/pool/base.py:449 connect: return _ConnectionFairy._checkout(self)',
      'sqlalchemy/engine/default.py:621 connect: return self.loaded_dbapi.connect(*cargs, **cparams)',
    ],
    source: 'with engine.begin() as connection:',
  },
  {
    cause: 'warehouse',
    exception: 'snowflake.connector.errors.ProgrammingError',
    message:
      '000630 (57014): 01b7-0{n}: Statement reached its statement or warehouse timeout of 3,600 second(s) and was canceled.',
    frames: [
      'snowflake/connector/cursor.py:1136 execute: Error.errorhandler_wrapper(self.connection, self, error_class, errvalue)',
      'snowflake/connector/errors.py:290 errorhandler_wrapper: raise error_class(**error_value)',
    ],
    source: 'cursor.execute(statement, params)',
  },
  {
    cause: 'api',
    exception: 'httpx.HTTPStatusError',
    message: "Client error '429 Too Many Requests' for url 'https://{host}/v2/{table}?page={n}'",
    frames: ['httpx/_models.py:829 raise_for_status: raise HTTPStatusError(message, request=request, response=self)'],
    source: 'response.raise_for_status()',
  },
  {
    cause: 'api',
    exception: 'httpx.HTTPStatusError',
    message: "Server error '503 Service Unavailable' for url 'https://{host}/v2/{table}?page={n}'",
    frames: ['httpx/_models.py:829 raise_for_status: raise HTTPStatusError(message, request=request, response=self)'],
    source: 'response.raise_for_status()',
  },
  {
    cause: 'network',
    exception: 'httpx.ConnectError',
    message: '[Errno -3] Temporary failure in name resolution',
    frames: [
      'httpx/_transports/default.py:250 handle_request: resp = self._pool.handle_request(req)',
      'httpcore/_backends/sync.py:94 connect_tcp: with map_exceptions(exc_map):',
    ],
    source: 'response = client.get(url, params=params)',
  },
  {
    cause: 'network',
    exception: 'httpx.ReadTimeout',
    message: 'The read operation timed out',
    frames: [
      'httpx/_transports/default.py:250 handle_request: resp = self._pool.handle_request(req)',
      'httpcore/_sync/http11.py:231 _receive_event: data = self._network_stream.read(',
    ],
    source: 'response = client.get(url, timeout=30)',
  },
  {
    cause: 'schema',
    exception: 'KeyError',
    message: "'discount_code'",
    frames: ['pandas/core/indexes/base.py:3812 get_loc: raise KeyError(key) from err'],
    source: 'frame["net"] = frame["gross"] - frame["discount_code"].map(discounts)',
  },
  {
    cause: 'schema',
    exception: 'pydantic_core._pydantic_core.ValidationError',
    message:
      '1 validation error for OrderLine\nquantity\n  Input should be a valid integer, got a number with a fractional part [type=int_from_float, input_value={n}.5, input_type=float]',
    frames: ['pydantic/main.py:703 model_validate: return cls.__pydantic_validator__.validate_python('],
    source: 'lines = [OrderLine.model_validate(row) for row in rows]',
  },
  {
    cause: 'schema',
    exception: 'AssertionError',
    message: 'column {table}.customer_id: {n} null values, expected 0',
    frames: [],
    source: 'assert nulls == 0, f"column {column}: {nulls} null values, expected 0"',
  },
  {
    cause: 'memory',
    exception: 'torch.cuda.OutOfMemoryError',
    message:
      'CUDA out of memory. Tried to allocate 2.{n} GiB. GPU 0 has a total capacity of 15.77 GiB of which 1.12 GiB is free.',
    frames: ['torch/nn/modules/module.py:1553 _call_impl: return forward_call(*args, **kwargs)'],
    source: 'loss = model(batch.to(device)).loss',
  },
  {
    cause: 'memory',
    exception: 'MemoryError',
    message: 'Unable to allocate 11.{n} GiB for an array with shape (1487000000,) and data type float64',
    frames: [
      'pandas/core/reshape/merge.py:1135 _get_join_info: left_indexer, right_indexer = self._get_join_indexers()',
    ],
    source: 'merged = orders.merge(customers, on="customer_id", how="left")',
  },
  {
    cause: 'disk',
    exception: 'OSError',
    message: "[Errno 28] No space left on device: '/mnt/scratch/{table}-{n}.parquet'",
    frames: ['pyarrow/parquet/core.py:1908 write_table: writer.write_table(table, row_group_size=row_group_size)'],
    source: 'pq.write_table(table, path, compression="zstd")',
  },
  {
    cause: 'code',
    exception: 'ZeroDivisionError',
    message: 'division by zero',
    frames: [],
    source: 'rate = converted / visited',
  },
  {
    cause: 'code',
    exception: 'ValueError',
    message: "time data '2026-02-30' does not match format '%Y-%m-%d'",
    frames: [
      '/usr/local/lib/python3.12/_strptime.py:352 _strptime: raise ValueError("time data %r does not match format %r" %',
    ],
    source: 'day = datetime.strptime(raw, "%Y-%m-%d").date()',
  },
  {
    cause: 'code',
    exception: 'TypeError',
    message: "unsupported operand type(s) for +: 'NoneType' and 'int'",
    frames: [],
    source: 'total = previous.total + len(rows)',
  },
  {
    cause: 'code',
    exception: 'botocore.exceptions.ClientError',
    message:
      'An error occurred (AccessDenied) when calling the PutObject operation: User is not authorized to perform: s3:PutObject on resource "arn:aws:s3:::lake-{table}"',
    frames: ['botocore/client.py:1023 _make_api_call: raise error_class(parsed_response, operation_name)'],
    source: 's3.put_object(Bucket=bucket, Key=key, Body=payload)',
  },
  {
    // no task has this cause, only the last incident: so the demo always has a new failure
    cause: 'upgrade',
    exception: 'AttributeError',
    message: "'Engine' object has no attribute 'execute'",
    frames: [],
    source: 'rows = engine.execute(statement).fetchall()',
  },
];

const tables = ['orders', 'customers', 'payments', 'invoices', 'events', 'inventory', 'sessions', 'shipments'];
const hosts = ['dwh-prod-2.internal', 'api.northwind.example', 'crm.example.com', 'rates.example.net'];

/** Numbers of the failures with one of these causes, for the generator to draw from. */
export function failuresOf(causes: readonly Cause[]): number[] {
  return failures.flatMap((failure, number) => (causes.includes(failure.cause) ? [number] : []));
}

export type Told = { exception: string; message: string; traceback: string };

/** The exception as Python prints it. `seed` varies its numbers, tables and hosts; `code` is the task's own line. */
export function tellFailure(number: number, seed: number, code: { file: string; function: string }): Told {
  const failure = failures[number] ?? failures[0];
  const fill = (text: string) =>
    text
      .replaceAll('{n}', String(10 + (hash(seed, 1) % 90)))
      .replaceAll('{table}', pickBy(tables, hash(seed, 2)))
      .replaceAll('{host}', pickBy(hosts, hash(number, 3)));
  const message = fill(failure.message);
  const frame = (file: string, line: number | string, name: string, source: string) =>
    `  File "${file}", line ${line}, in ${name}\n    ${source}`;
  const traceback = [
    'Traceback (most recent call last):',
    frame(`${SITE}/prefect/task_engine.py`, 868, 'run_context', 'yield self'),
    frame(`${SITE}/prefect/task_engine.py`, 1509, 'run_task_sync', 'engine.call_task_fn(txn)'),
    frame(code.file, 20 + (hash(number, code.function.length) % 180), code.function, failure.source),
    ...failure.frames.map((text) => {
      const [, file = '', line = '', name = '', source = ''] = /^(.+?):(\d+) (\w+): (.*)$/.exec(text) ?? [];
      return frame(new URL(file, `file://${SITE}/`).pathname, line, name, source);
    }),
    `${failure.exception}: ${message}`,
  ].join('\n');
  return { exception: failure.exception.split('.').at(-1) ?? failure.exception, message, traceback };
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunLink, TaskRunDetail, TaskRunRow } from '../../src-main/contract/run.ts';
import { readJson } from '../../src-renderer/ui/text/json-tree.ts';
import { attemptOf, comparedToMedian, policyWords, readRecord } from '../../src-renderer/views/detail/record.ts';

const link: RunLink = {
  id: 'a',
  kind: 'task_run',
  name: 'extract-91c',
  state_type: 'COMPLETED',
  state_name: 'Completed',
  parameter: 'rows',
};
const detail = (json: string) => ({ json, upstream: [link] }) as unknown as TaskRunDetail;

describe('record of a run', () => {
  it('retry policies in words', () => {
    const words = (json: string) => policyWords(readJson(json));
    assert.equal(words('null'), 'no retries');
    assert.equal(words('{"max_retries":0,"retries":null}'), 'no retries');
    assert.equal(words('{"retries":1,"retry_delay":20}'), 'up to 1 retry, after 20 s');
    assert.equal(words('{"max_retries":2,"retry_delay_seconds":0}'), 'up to 2 retries, at once');
    assert.equal(words('{"retries":3,"retry_delay":[1,10,60]}'), 'up to 3 retries, after 1 s, 10 s, 1 m 0 s');
    assert.equal(
      words('{"retries":2,"retry_delay":[5,5],"retry_jitter_factor":0.5}'),
      'up to 2 retries, after 5 s, up to 50 % longer by chance',
    );
  });

  it('inputs are links where the archive has the run, and named where it has not', () => {
    const { inputs } = readRecord(
      detail(`{"task_inputs":{"rows":[{"input_type":"task_run","id":"a"},{"input_type":"task_run","id":"b"}],
        "size":[{"input_type":"parameter","name":"batch_size"}],"n":[{"input_type":"constant","type":"int"}],"x":[]}}`),
    );
    assert.deepEqual(
      inputs.map(({ parameter, items }) => [parameter, items.map((item) => item.kind)]),
      [
        ['rows', ['run', 'run']],
        ['size', ['parameter']],
        ['n', ['constant']],
        ['x', []],
      ],
    );
    const [first, second] = inputs[0]?.items ?? [];
    assert.equal(first?.kind === 'run' && first.link?.name, 'extract-91c');
    assert.equal(second?.kind === 'run' && second.link, null);
  });

  it('survives rows without any of it, and JSON that is none', () => {
    for (const json of ['{}', 'null', '{"state":null,"task_inputs":null,"labels":null}', 'not json']) {
      const record = readRecord(detail(json));
      assert.equal(record.message, null);
      assert.deepEqual(record.inputs, []);
      assert.deepEqual(record.labels, []);
    }
  });

  it('a comparison with the median only when it is worth a thought', () => {
    assert.equal(comparedToMedian(112, 38), '2.9 times the median');
    assert.equal(comparedToMedian(40, 38), null);
    assert.equal(comparedToMedian(0.4, 0.01), null);
    assert.equal(comparedToMedian(5, 0), null);
    assert.equal(comparedToMedian(978, 1), 'more than 100 times the median');
  });

  it('an attempt is what ran, without the waits between attempts', () => {
    const second = 1e6;
    const row = (change: Partial<TaskRunRow>) =>
      ({
        state_type: 'COMPLETED',
        state_timestamp: 1900 * second,
        start_time: 0,
        end_time: 1900 * second,
        run_count: 1,
        total_run_time: 0,
        ...change,
      }) as TaskRunRow;
    assert.equal(attemptOf(row({ run_count: 3, total_run_time: 6 }), 0), 2);
    assert.equal(attemptOf(row({}), 0), 1900);
    assert.equal(attemptOf(row({ run_count: 3 }), 0), null);
    const running = { state_type: 'RUNNING', end_time: null, run_count: 2, total_run_time: 50 };
    assert.equal(attemptOf(row(running), 1904 * second), 4);
    assert.equal(attemptOf(row({ state_type: 'PENDING', start_time: null, end_time: null }), 5 * second), null);
  });
});

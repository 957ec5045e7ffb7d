/** One event on its way from its producer to a mail, as an OpenTelemetry exporter sees it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Span as ApiSpan, context, propagation, trace } from '@opentelemetry/api';
import type { Wired } from '../../app/stores/wiring.ts';
import { lookupsFor, runJob } from '../../jobs/runtime/rows/run.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { sendTraced } from '../../topics/tracing/sending.ts';
import { command, wired } from '../cli/in-process.ts';
import { above, below, exporter, inTrace, named, PARENT, TRACE } from '../harness/spans.ts';

const STORY = join(import.meta.dirname, '../../demo/story');
const ORDER = ['user', 'content', 'batch', 'notification', 'group', 'enrollment'];

/** Runs the demo's story through all jobs. The last enrollment event completes the course, and Ada is notified by mail. */
async function story(t: TestContext, attribute: string): Promise<Wired> {
  const one = await wired(t);
  const runtime = one.runtime(SILENT);
  const lookups = lookupsFor(runtime);
  const running = await Promise.all(one.platform.jobs.map((job) => runJob(job, runtime, lookups)));
  t.after(() => Promise.all(running.map((job) => job.stop())));
  for (const name of ORDER) {
    const lines = readFileSync(join(STORY, `${name}.ndjson`), 'utf8')
      .trim()
      .split('\n');
    const last = JSON.parse(lines.pop() as string);
    const carrying = { ...last, specversion: '1.0', source: '/campus', [attribute]: PARENT };
    const input = [...lines, JSON.stringify(name === 'enrollment' ? carrying : last)].join('\n');
    const { code, stderr } = await command(one, 'produce-piece', { topic: `${name}.events` }, input);
    assert.equal(code ?? 0, 0, stderr);
  }
  const waited = await command(one, 'lag', { jobs: JOBS, wait: true, timeoutMs: 60_000, json: true });
  assert.equal(waited.code ?? 0, 0, waited.stderr);
  return one;
}

const JOBS = [
  'project-user',
  'project-course',
  'track-progress',
  'summarize-batch',
  'project-group',
  'notify',
  'deliver-message',
];

/** The headers of all records of a topic. */
async function headersIn({ stores }: Wired, topic: string): Promise<Readonly<Record<string, unknown>>[]> {
  const [info] = await stores.transport.describe([topic]);
  const headers = [];
  for (const { partition, begin } of info?.partitions ?? []) {
    for (const record of await stores.transport.read(topic, partition, begin, 1000)) headers.push(record.headers);
  }
  return headers;
}

test('without an SDK there are no spans, and derived events carry no trace', async (t) => {
  const one = await story(t, 'traceparent');
  const given = await headersIn(one, 'enrollment.events');
  assert.deepEqual(
    given.flatMap(({ ce_traceparent: each }) => each ?? []),
    [PARENT],
    'only what its producer said',
  );
  for (const topic of ['batch.events', 'notification.events']) {
    for (const headers of await headersIn(one, topic)) assert.equal(headers['ce_traceparent'], undefined);
  }
});

test('a trace follows an event to the row, the views, the derived events and the mail', async (t) => {
  const exported = exporter(t);
  const one = await story(t, 'traceparent');
  const spans = inTrace(exported);
  const sent = named(spans, 'send enrollment.events');
  assert.equal(sent.parentSpanContext?.spanId, 'b7ad6b7169203331');
  const tracked = named(spans, 'process track-progress');
  assert.equal(tracked.parentSpanContext?.spanId, sent.spanContext().spanId);
  assert.equal(tracked.attributes['tributary.outcome'], 'applied');
  const steps = below(spans, tracked);
  for (const step of ['write learner_progress', 'write enrollments', 'write batch_learners', 'commit']) {
    assert.ok(steps.includes(step), `${step} is a step of it`);
  }
  const upTo = ['process track-progress', 'send enrollment.events'];
  assert.deepEqual(above(spans, named(spans, 'process summarize-batch')), upTo);
  assert.deepEqual(above(spans, named(spans, 'call mail')), ['process deliver-message', 'process notify', ...upTo]);
  const carrying = (await headersIn(one, 'notification.events')).map(({ ce_traceparent: each }) => String(each));
  assert.ok(carrying.some((each) => each.includes(TRACE)));
  const batch = exported.getFinishedSpans().find(({ links }) => links.some(({ context: of }) => of.traceId === TRACE));
  assert.match(batch?.name ?? '', /^batch /);
});

test('the header without a prefix, which other producers set, is read too', async (t) => {
  const exported = exporter(t);
  const send = async (records: readonly { readonly headers: object }[]) => {
    assert.match(JSON.stringify(records[0]), new RegExp(`"ce_traceparent":"00-${TRACE}-`));
    return [0];
  };
  const record = { topic: 'user.events', partition: 0, key: null, value: null, timestamp: 1 };
  await sendTraced([{ ...record, headers: { traceparent: PARENT } }], send);
  assert.equal(exported.getFinishedSpans()[0]?.spanContext().traceId, TRACE);
});

test('what is produced during a call is in the trace of the call, and has no baggage', async (t) => {
  const exported = exporter(t);
  const baggage = propagation.createBaggage({ learner: { value: 'ada' } });
  const tracer = trace.getTracer('test');
  let headers: object = {};
  await tracer.startActiveSpan('POST', async (call: ApiSpan) => {
    await context.with(propagation.setBaggage(context.active(), baggage), async () => {
      const record = { topic: 'user.events', partition: 0, key: null, value: null, timestamp: 1, headers: {} };
      await sendTraced([record], async ([first]) => {
        headers = first?.headers ?? {};
        return [0];
      });
    });
    call.end();
  });
  const [sent, call] = exported.getFinishedSpans();
  assert.equal(sent?.parentSpanContext?.spanId, call?.spanContext().spanId);
  assert.deepEqual(Object.keys(headers), ['ce_traceparent']);
});

test('a trace that was not sampled is left alone', async (t) => {
  const exported = exporter(t);
  await story(t, 'traceparent');
  const all = exported.getFinishedSpans().length;
  assert.ok(all > 0);
  const { traceBatch } = await import('../../topics/tracing/batch.ts');
  const headers = { ce_traceparent: PARENT.replace(/01$/, '00') };
  const record = { partition: 0, offset: 3, timestamp: 1, key: null, value: null, headers };
  const untraced = traceBatch({ job: 'notify', topic: 'notification.events', partition: 0 }, [record]);
  assert.equal(await untraced.step('commit', async () => 7), 7);
  assert.equal(untraced.headersOf(3), undefined);
  untraced.end(false);
  assert.equal(exported.getFinishedSpans().length, all);
});

/**
 * What every job has to survive, as four tests over a history of its events. Each ends with the rows, views, emitted events and dead
 * letters of a run without incidents.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Job } from '../jobs/define.ts';
import { DEAD_LETTER } from '../jobs/runtime/dead-letter.ts';
import type { Dump, EmittedEvent } from './dump.ts';
import { type JobSpec, jobSpec, minute, type SpecEvent, type SpecOptions } from './job-spec.ts';
import { Random } from './random.ts';

interface Outcome {
  readonly dump: Dump;
  /** By topic and key: the order between keys does not matter. */
  readonly emitted: EmittedEvent[][];
  /** Events that can never be applied, with the reasons; each once, since it is refused as often as it is delivered. */
  readonly refused: string[];
}

class Crash extends Error {}

export function survives(
  job: Job,
  history: readonly SpecEvent[],
  options: Omit<SpecOptions, 'reach'> & { until?: number } = {},
): void {
  const events = history.map(
    ([def, data, rest], n): SpecEvent => [def, data, { id: `event-${n}`, time: minute(n), ...rest }],
  );
  const until = options.until ?? minute(events.length) + 365 * 24 * 3_600_000;
  const outcomeOf = async (spec: JobSpec): Promise<Outcome> => {
    const emitted = await spec.emitted();
    const refused = (await spec.deadLetterRecords()).map(
      ({ headers }) => `${headers['ce_id']} ${headers[DEAD_LETTER.code]}`,
    );
    return {
      dump: await spec.dump(),
      emitted: emitted.map((topic) => byKey(topic)),
      refused: [...new Set(refused)].sort(),
    };
  };
  const finish = async (spec: JobSpec): Promise<Outcome> => {
    for (let day = 0; day < 6; day++) {
      spec.clock.set(until + day * 24 * 3_600_000);
      await spec.run();
    }
    return outcomeOf(spec);
  };
  const calm = async (t: TestContext): Promise<Outcome> => {
    const spec = await jobSpec(t, job, options);
    await spec.given(...events);
    return finish(spec);
  };

  test(`${job.name}: records that are delivered again change nothing`, async (t) => {
    const spec = await jobSpec(t, job, options);
    for (let n = 0; n < events.length; n++) {
      await spec.given(events[n] as SpecEvent);
      await spec.rewind(n % 3 === 0 ? 0 : n);
    }
    await finish(spec);
    await spec.rewind(0);
    assert.deepEqual(await finish(spec), await calm(t));
  });

  test(`${job.name}: a crash between any two effects changes nothing`, async (t) => {
    const expected = await calm(t);
    for (let at = 1; ; at++) {
      let reached = 0;
      let armed = true;
      const reach = () => {
        reached += 1;
        // A dead process does nothing more, even if a caller takes the crash for a channel's error.
        if (armed && reached >= at) throw new Crash();
      };
      const spec = await jobSpec(t, job, { ...options, reach });
      await spec.produce(...events);
      const crashed = await spec.run().then(
        () => false,
        (error) => {
          if (error instanceof Crash) return true;
          throw error;
        },
      );
      armed = false;
      spec.restart();
      await spec.run();
      assert.deepEqual(await finish(spec), expected, `after a crash at effect ${at}`);
      if (!crashed) break;
    }
  });

  test(`${job.name}: the order between keys does not matter`, async (t) => {
    const expected = await calm(t);
    for (const seed of [1, 2, 3, 4, 5]) {
      const spec = await jobSpec(t, job, options);
      await spec.given(...shuffledBetweenKeys(job, events, new Random(seed)));
      assert.deepEqual(unordered(await finish(spec)), unordered(expected), `seed ${seed}`);
    }
  });

  test(`${job.name}: silence says nothing and writes nothing`, async (t) => {
    const spec = await jobSpec(t, job, options);
    await spec.run();
    const { dump, emitted } = await finish(spec);
    assert.deepEqual(emitted.flat(), []);
    assert.deepEqual(dump.tables[job.row.name], []);
    await spec.thenDeadLetters();
  });
}

/** Events with different keys about one thing may come in any order. */
function unordered({ emitted, ...rest }: Outcome): unknown {
  return { ...rest, said: emitted.map((events) => events.map((event) => JSON.stringify(event)).sort()) };
}

function byKey(events: readonly EmittedEvent[]): EmittedEvent[] {
  return events
    .map((event, turn) => ({ event, turn }))
    .sort((a, b) => compare(a.event.key ?? '', b.event.key ?? '') || a.turn - b.turn)
    .map(({ event }) => event);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Another order that keeps the order within each key. Broadcasts keep their places among all events. */
function shuffledBetweenKeys(job: Job, events: readonly SpecEvent[], random: Random): SpecEvent[] {
  const result: SpecEvent[] = [];
  let queues = new Map<string, SpecEvent[]>();
  const drain = () => {
    while (queues.size > 0) {
      const key = random.pick([...queues.keys()]);
      const queue = queues.get(key) as SpecEvent[];
      result.push(queue.shift() as SpecEvent);
      if (queue.length === 0) queues.delete(key);
    }
    queues = new Map();
  };
  for (const event of events) {
    const key = event[1][job.from.key];
    if (typeof key !== 'string') {
      drain();
      result.push(event);
    } else queues.set(key, [...(queues.get(key) ?? []), event]);
  }
  drain();
  return result;
}

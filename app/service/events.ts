/** The log of a process, for events that callers produce. */
import { TributaryError } from '../../core/errors.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import type { EventLog } from '../../reports/service/route.ts';
import type { Codec } from '../../topics/codec/codec.ts';
import type { Topic } from '../../topics/define.ts';
import type { Transport } from '../../topics/log/transport.ts';
import { sendTraced } from '../../topics/tracing/sending.ts';

interface Log {
  readonly transport: Pick<Transport, 'shape' | 'produce'>;
  readonly codec: Codec;
}

export function eventLog({ transport, codec }: Log): EventLog {
  const prepared = new Map<Topic, Promise<void>>();
  /** Each schema is registered once, and again after a failure. */
  const prepare = (topic: Topic): Promise<void> => {
    const before = prepared.get(topic);
    if (before !== undefined) return before;
    const preparing = codec.prepare([topic]);
    prepared.set(topic, preparing);
    preparing.catch(() => prepared.delete(topic));
    return preparing;
  };
  return {
    async targetOf(topic) {
      const [shape] = await transport.shape([topic.name]);
      if (shape === undefined)
        throw new TributaryError(
          'CONFIG_INVALID',
          `the log has no topic ${topic.name}: the operator runs tributary doctor`,
        );
      await prepare(topic);
      return { topic, partitions: shape.partitions, codec, now: systemClock.now };
    },
    append: (records) => sendTraced(records, (traced) => transport.produce(traced)),
  };
}

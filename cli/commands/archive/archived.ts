/** The log of a topic together with its archive, for commands that read further back than the topic reaches. */
import { archivedLog } from '../../../reports/operate/archived-log.ts';
import { currentTable, type KeptStores } from '../../../reports/operate/kept.ts';
import { archiveOf } from '../../../reports/runtime/archive-source.ts';
import type { Topic } from '../../../topics/define.ts';
import type { Transport } from '../../../topics/log/transport.ts';
import { usage } from '../../errors.ts';

interface Parts {
  readonly topic: Topic;
  /** The job or datasource that reads the log. */
  readonly reader: string;
  /** Whether missing records are an error; otherwise they are only reported. */
  readonly whole: boolean;
  readonly stores: KeptStores;
  readonly transport: Transport;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Reports what it has of each partition, and the offsets that neither topic nor archive has. Throws USAGE if there is no archive. */
export async function withArchive({ topic, say, ...options }: Parts): Promise<Transport> {
  const archive = archiveOf(topic);
  const kept = await currentTable(options.stores, archive);
  if (kept === undefined) throw usage(`${topic.name} has no archive, so --from-archive adds nothing`);
  const { transport, parts } = await archivedLog({ ...options, topic, snapshot: kept.snapshot });
  for (const { partition, first, begin, reach = 0 } of parts) {
    if (first !== undefined)
      say(
        `partition ${partition}: read from offset ${first} of ${archive.name} on, and from ${begin} on in ${topic.name}`,
      );
    if (reach >= begin) continue;
    say(
      `partition ${partition}: the records from offset ${reach} to ${begin - 1} are neither in the topic nor in its archive`,
    );
  }
  return transport;
}

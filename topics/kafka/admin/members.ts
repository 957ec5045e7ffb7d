import { TributaryError } from '../../../core/errors.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { describeGroups } from '../wire/calls/group.ts';
import { CODE } from '../wire/error-codes.ts';
import { check } from '../wire/errors.ts';

/** How many members a group has now. */
export async function membersOf(cluster: Cluster, group: string): Promise<number> {
  const connection = cluster.connection(await cluster.coordinator('group', group), 'main');
  const [found] = await connection.send(describeGroups([group]));
  if (found === undefined) throw new TributaryError('LOG_AWAY', `Kafka did not list the members of the group ${group}`);
  if (found.error === CODE.GROUP_ID_NOT_FOUND) return 0;
  check(found.error, `asking who is in the group ${group}`);
  return found.members;
}

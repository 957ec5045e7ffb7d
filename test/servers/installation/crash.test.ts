/**
 * The crash property on the stores of production: processes that crash or stand still between any two effects, rewound offsets, and
 * repeated and misdirected records, on Kafka, Cassandra, Redis and Elasticsearch. If a seed fails, the message names it. To run it alone:
 *
 *     SEED=123 npm run test:servers -- test/servers/installation/crash.test.ts
 */
import { after, test } from 'node:test';
import { jobs } from '../../../jobs/index.ts';
import { running } from '../../../servers/running.ts';
import { assertSurvives } from '../../harness/crash-property.ts';
import { openStores } from './crash-stores.ts';

const only = process.env['SEED'];
const seeds = (count: number): number[] => (only === undefined ? [...Array(count).keys()] : [Number(only)]);
const [kafka, cassandra, redis, elasticsearch] = await Promise.all([
  running('kafka'),
  running('cassandra'),
  running('redis'),
  running('elasticsearch'),
]);
const stores = await openStores(
  { kafka: kafka.url, cassandra: cassandra.url, redis: redis.url, elasticsearch: elasticsearch.url },
  jobs,
);
after(() => stores.close());

const PLATFORMS = [
  ['two learners, and a course that changes all the time', 'narrow', 8],
  ['lookups that stand still', 'still', 3],
  ['lookups that change and records gone astray', 'changing', 3],
] as const;

for (const [what, lookups, count] of PLATFORMS) {
  for (const seed of seeds(count)) {
    test(`whatever happens to its processes, a platform with ${what} ends up as if nothing had (seed ${seed})`, async () => {
      const tenant = `${lookups}-${seed}`;
      await assertSurvives(seed, lookups, { tenant, stores: (lived, options) => stores.life(lived, options) });
    });
  }
}

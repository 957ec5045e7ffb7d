/** `tributary run track-progress` without its views in Redis and Elasticsearch: a copy of the job that has only the other views. */
import { parseArgs } from 'node:util';
import { loadConfig } from '../../app/config/config.ts';
import { letHeapGrow } from '../../app/run/heap.ts';
import { wire } from '../../app/stores/wiring.ts';
import { runJob } from '../../jobs/runtime/rows/run.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { learningPlatform } from '../../modules/learning.ts';

const { config: file, data = '' } = parseArgs({
  options: { config: { type: 'string' }, data: { type: 'string' } },
}).values;
letHeapGrow();
const { config } = loadConfig({ flags: { data }, env: {}, file, folder: process.cwd() });
const wired = await wire({ config, platform: learningPlatform });
const views = trackProgress.views.filter(({ into }) => into.kind === 'table');
const running = await runJob({ ...trackProgress, views }, wired.runtime(SILENT));
process.once('SIGTERM', async () => {
  await running.stop();
  await wired.close();
});
await running.finished;

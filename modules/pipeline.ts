/** The figures of the pipeline itself: on a platform with this module, the runtime emits events about every batch. */
import { pipeline as datasource } from '../reports/datasources/pipeline.ts';
import { pipelineEvents } from '../topics/index.ts';
import { defineModule } from './define.ts';

export const pipeline = defineModule({ name: 'pipeline', topics: [pipelineEvents], datasources: [datasource] });

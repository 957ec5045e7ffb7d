/** The figures of the pipeline itself, for a platform whose runtime says what it does. */
import { pipeline as datasource } from '../reports/datasources/pipeline.ts';
import { pipelineEvents } from '../topics/index.ts';
import { defineModule } from './define.ts';

export const pipeline = defineModule({ name: 'pipeline', topics: [pipelineEvents], datasources: [datasource] });

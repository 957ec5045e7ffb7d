/** `node engine/run.js <arguments>` is `node <arguments>` by a Node that is new enough: what the npm scripts run. */
import { runNode } from '../bin/engine.js';

runNode(process.argv.slice(2));

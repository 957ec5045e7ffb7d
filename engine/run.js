/** `node engine/run.js <arguments>` runs `node <arguments>` with a Node that is new enough. The npm scripts use it. */
import { runNode } from '../bin/engine.js';

runNode(process.argv.slice(2));

/** The way in, on a Node that is new enough: `bin/tributary.js` sees to that. */
import { enableCompileCache } from 'node:module';

// Before the imports that it is for.
enableCompileCache();
const { main } = await import('./program.ts');
process.exitCode = await main(process.argv.slice(2));

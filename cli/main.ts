/** The entry point, on a supported Node, which `bin/tributary.js` checks. */
import { enableCompileCache } from 'node:module';

// Before the imports that it caches.
enableCompileCache();
const { main } = await import('./program.ts');
process.exitCode = await main(process.argv.slice(2));

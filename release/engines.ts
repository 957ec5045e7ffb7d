/**
 * A checkout brings the Node that it runs on, and only needs one that can start npm. A package needs an installed Node to run on. npm packs
 * package.json as it is on disk. So `engines` has the checkout's requirement, except during `npm pack`, when it has the package's.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_VERSIONS } from '../app/node-version.ts';

const NEEDS = { checkout: '>=20', package: NODE_VERSIONS };
const FILE = join(import.meta.dirname, '../package.json');

const what = process.argv[2];
if (what !== 'checkout' && what !== 'package') throw new Error('say whose: checkout or package');
const manifest = JSON.parse(readFileSync(FILE, 'utf8')) as { engines: { node: string } };
manifest.engines.node = NEEDS[what];
// Atomic, for programs that read the file meanwhile.
writeFileSync(`${FILE}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
renameSync(`${FILE}.new`, FILE);

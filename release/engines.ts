/**
 * A checkout brings the Node that it runs on, and needs only one that can start npm. A package needs the Node it runs on to be there. npm
 * packs package.json as it is on the disk, so `engines` says the one until `npm pack`, the other during it, and the one again.
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
// At once, for whoever reads it meanwhile.
writeFileSync(`${FILE}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
renameSync(`${FILE}.new`, FILE);

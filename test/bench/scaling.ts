/** `npm run simulate`: writes the plots of docs/capacity.md and prints its tables. A test compares both with the page. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scalingPage } from './scaling/page.ts';

const folder = join(import.meta.dirname, '../../docs/images');
const { tables, images } = scalingPage();
mkdirSync(folder, { recursive: true });
for (const [name, svg] of Object.entries(images)) writeFileSync(join(folder, name), svg);
process.stdout.write(`${tables.join('\n\n')}\n`);

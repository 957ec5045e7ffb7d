#!/usr/bin/env -S node --max-semi-space-size=8
/** The command. A checkout runs the sources; an installed package runs their compiled form. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runNode, runsHere } from './engine.js';

const source = new URL('../cli/main.ts', import.meta.url);
const main = existsSync(source) ? source : new URL('../dist/cli/main.js', import.meta.url);

if (runsHere) await import(main.href);
else runNode(['--max-semi-space-size=8', fileURLToPath(main), ...process.argv.slice(2)]);

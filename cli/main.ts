#!/usr/bin/env -S node --max-semi-space-size=8
/** The way in. Everything else is imported after the check, so that an older Node says what is wrong instead of failing at it. */
const OLDEST = 24;

if (Number(process.versions.node.split('.')[0]) < OLDEST) {
  process.stderr.write(
    `error: tributary needs Node ${OLDEST} or newer, and this is ${process.version}; \`npm ci\` brings one along: use \`npx tributary\`\n`,
  );
  process.exitCode = 1;
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  const { main } = await import('./program.ts');
  process.exitCode = await main(process.argv.slice(2));
}

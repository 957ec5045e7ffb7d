/**
 * `npm run screenshots [-- folder]` takes the pictures of the page for `docs/images/`, with the data of the demo, in both colour schemes.
 * With a folder, it uses the demo data that were imported there before.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endBrowser, missing, openContext } from '../harness/browser.ts';
import { importDemo, serve } from '../harness/demo-service.ts';

/** Fixed size, locale and zone, so that pictures of two runs can be compared. */
const LOOK = { width: 1280, height: 1140, locale: 'en-GB', zone: 'Europe/London' } as const;
const SCREENS = [
  { name: 'overview', path: '/' },
  { name: 'batch', path: '/batches/AAA-2013J' },
  { name: 'report', path: '/reports/learner-progress' },
] as const;
const IMAGES = join(import.meta.dirname, '../../docs/images');

/** Takes a picture of every screen in one scheme, once nothing on it is loading. */
async function take(address: string, scheme: 'light' | 'dark'): Promise<void> {
  const context = await openContext({ ...LOOK, scheme });
  try {
    for (const { name, path } of SCREENS) {
      const page = await context.newPage();
      await page.goto(address + path);
      await page.locator('main h1').waitFor();
      // A part that has loaded may show another part that still has to load.
      for (let idle = 0; idle < 5; idle += 1) {
        const loading = page.locator('.loading, [aria-busy=true]');
        if ((await loading.count()) > 0) idle = -1;
        await page.waitForTimeout(200);
      }
      const failed = page.locator('main .notice-failed').first();
      if ((await failed.count()) > 0) throw new Error(`no picture of ${path}: ${await failed.textContent()}`);
      const file = join(IMAGES, `${name}-${scheme}.png`);
      await page.screenshot({ path: file });
      await page.close();
      console.log(file);
    }
  } finally {
    await context.close();
  }
}

if (missing !== false) throw new Error(missing);
const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), 'tributary-screenshots-'));
try {
  if (given === undefined) await importDemo(folder);
  const { address, stop } = await serve(folder);
  try {
    for (const scheme of ['light', 'dark'] as const) await take(address, scheme);
  } finally {
    await endBrowser();
    await stop();
  }
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}

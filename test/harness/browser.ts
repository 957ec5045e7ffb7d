/** The page in a real Chromium: the service on embedded stores in a temporary folder and a browser that reports whatever goes wrong. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, type TestContext, test } from 'node:test';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** Generous, because the machine may be busy with other things. */
const SLOW_MS = 90_000;

/** Why the page cannot be tested; false if there is a browser. */
export const missing = existsSync(EXECUTABLE)
  ? false
  : `no Chromium at ${EXECUTABLE}: apt-get install -y chromium, or set CHROMIUM to the path of one`;

/** The pages of a test. They are closed before the service, which drops its followers when it stops; an open page would report that. */
const opened = new WeakMap<TestContext, (() => Promise<void>)[]>();

let endsWithFile = false;

/** A test that needs a browser. Without one it is skipped, with a message about how to get one. */
export const browserTest = (name: string, run: (t: TestContext) => Promise<void>): void => {
  if (!endsWithFile) after(endBrowser);
  endsWithFile = true;
  test(name, { skip: missing }, async (t) => {
    const pages: (() => Promise<void>)[] = [];
    opened.set(t, pages);
    const failures: unknown[] = [];
    await run(t).catch((error: unknown) => failures.push(error));
    for (const close of pages) await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  });
};

export interface Opening {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  /** The time zone of the browser. */
  readonly zone?: string;
  readonly locale?: string;
  /** Other origins that the page may call, such as an identity provider. */
  readonly origins?: readonly string[];
  /** Console messages to ignore, in tests of failures. */
  readonly expected?: RegExp;
}

/** Started for the first page of a process and shared, since a start takes longer than most tests. */
let browser: Promise<Browser> | undefined;
export const endBrowser = async (): Promise<void> => (await browser)?.close();

/** A separate browser profile, which `close` discards. */
export async function openContext(opening: Opening): Promise<BrowserContext> {
  const { width = 1280, height = 800, scheme = 'light', zone = 'UTC', locale = 'en-GB' } = opening;
  browser ??= chromium.launch({ executablePath: EXECUTABLE, headless: true, args: ARGS });
  const context = await (await browser).newContext({
    viewport: { width, height },
    colorScheme: scheme,
    timezoneId: zone,
    locale,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(SLOW_MS);
  return context;
}

/**
 * Opens a page of the service. The test fails if the console shows errors, if the page violates its content security policy, or if it
 * calls another host.
 */
export async function openPage(t: TestContext, address: string, opening: Opening = {}): Promise<Page> {
  const context = await openContext(opening);
  const wrong: string[] = [];
  const allowed = [new URL(address).origin, ...(opening.origins ?? [])];
  const page = await context.newPage();
  page.on('pageerror', (error) => wrong.push(error.stack ?? error.message));
  page.on('console', (message) => {
    const text = `${message.text()} ${message.location().url}`;
    // Live updates break off when the service ends, and a test may stop the service first.
    if (text.includes('ERR_INCOMPLETE_CHUNKED_ENCODING')) return;
    if (message.type() === 'error' && opening.expected?.test(text) !== true) wrong.push(text);
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && !allowed.includes(origin)) wrong.push(`the page calls ${request.url()}`);
  });
  const end = async (): Promise<void> => {
    await context.close();
    assert.deepEqual(wrong, [], 'nothing went wrong in the browser');
  };
  const pages = opened.get(t);
  if (pages === undefined) t.after(end);
  else pages.push(end);
  await page.goto(address);
  await page.locator('main').waitFor();
  return page;
}

/** Waits until a screen is shown and nothing on it is loading. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main h1').waitFor();
  await page.locator('main :is(.loading, [aria-busy=true])').first().waitFor({ state: 'detached' });
}

/** The link in the navigation. A screen may have links of the same name. */
export const screenLink = (page: Page, name: string): Locator =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name, exact: true });

/** A figure tile, by its label. */
export const tile = (page: Page, label: string): Locator =>
  page.locator('.stat').filter({ has: page.getByText(label, { exact: true }) });

/** Waits until the table below shows these rows, such as `1 to 25 of 75`. */
export const rowsShown = (page: Page, text: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Pages' }).getByText(text, { exact: true }).waitFor();

/** The select field with this name. */
export const choice = (page: Page, name: string): Locator => page.getByRole('combobox', { name, exact: true });

interface Outage {
  /** The calls that fail, as a pattern for `page.route`. */
  readonly calls: string;
  /** Opens the screen that makes the calls. */
  readonly open: () => Promise<void>;
  /** Text that is shown once the calls succeed. */
  readonly after: string;
}

/** Failing calls are reported where their content would be, and can be retried. */
export async function assertRecovers(page: Page, { calls, open, after }: Outage): Promise<void> {
  const away = { status: 503, json: { code: 'STORE_AWAY', detail: 'something does not answer', problems: [] } };
  await page.route(calls, (route) => route.fulfill(away));
  await open();
  await page.getByText('Something does not answer.', { exact: true }).waitFor();
  await assertAccessible(page);
  await page.unroute(calls);
  await page.getByRole('button', { name: 'Try again', exact: true }).click();
  await page.getByText(after, { exact: true }).waitFor();
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Fails if axe-core finds anything serious or critical. */
export async function assertAccessible(page: Page): Promise<void> {
  // Evaluated as by a debugger, because the page's policy allows no injected script.
  const { violations } = (await page.evaluate(
    `${axe.source}; axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => ({ violations }))`,
  )) as { violations: Violation[] };
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const findings = serious.map(
    ({ id, nodes }) => `${id}: ${nodes.map((each) => `${each.html} ${each.failureSummary}`)}`,
  );
  assert.deepEqual(findings, [], page.url());
}

/** Fails if the page is wider than the screen. */
export async function assertFits(page: Page): Promise<void> {
  const [content, screen] = (await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )) as [number, number];
  assert.ok(content <= screen, `${page.url()} is ${content} px wide on a screen of ${screen} px`);
}

/** The accessible name of the focused element. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate('(document.activeElement.ariaLabel ?? document.activeElement.textContent).trim()');

/** The page in a real Chromium: the service on embedded stores in a temporary folder, and a browser that reports whatever goes wrong in it. */
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

/** On a machine that does other things, too. */
const SLOW_MS = 90_000;

/** Why no test of the page runs; false if there is a browser. */
export const missing = existsSync(EXECUTABLE)
  ? false
  : `no Chromium at ${EXECUTABLE}: apt-get install -y chromium, or set CHROMIUM to the path of one`;

/** The pages of a test, closed before the service is: it lets followers go, which a page would report. */
const opened = new WeakMap<TestContext, (() => Promise<void>)[]>();

let endsWithFile = false;

/** A test that needs a browser. Without one it is skipped, and says how to get it. */
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
  /** Of the browser. */
  readonly zone?: string;
  readonly locale?: string;
  /** Other origins that the page may call, such as a provider's. */
  readonly origins?: readonly string[];
  /** What the console may complain about, for tests of what goes wrong. */
  readonly expected?: RegExp;
}

/** Started for the first page of a process, since to start one takes longer than most tests. */
let browser: Promise<Browser> | undefined;
export const endBrowser = async (): Promise<void> => (await browser)?.close();

/** A profile of its own, which `close` ends. */
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
 * A page of the service, opened at the address. The test fails if the console has errors, if the policy of the page is violated, or if the page
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
    // Live updates end with the service, which the end of a test may stop first.
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

/** A screen is there, and nothing on it is loading any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main h1').waitFor();
  await page.locator('main :is(.loading, [aria-busy=true])').first().waitFor({ state: 'detached' });
}

/** The entry of the navigation: a screen may have links of the same name. */
export const screenLink = (page: Page, name: string): Locator =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name, exact: true });

/** A figure tile, by its label. */
export const tile = (page: Page, label: string): Locator =>
  page.locator('.stat').filter({ has: page.getByText(label, { exact: true }) });

/** Waits until the table below shows these rows, such as `1 to 25 of 75`. */
export const rowsShown = (page: Page, text: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Pages' }).getByText(text, { exact: true }).waitFor();

/** The field in which one of several is chosen. */
export const choice = (page: Page, name: string): Locator => page.getByRole('combobox', { name, exact: true });

interface Outage {
  /** The calls that fail, as `page.route` takes them. */
  readonly calls: string;
  /** Leads to what makes them. */
  readonly open: () => Promise<void>;
  /** What is shown once they are answered. */
  readonly after: string;
}

/** Calls that fail are told of in their place, and can be made again. */
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

/** What axe-core finds that is serious or critical: nothing, or the test fails. */
export async function assertAccessible(page: Page): Promise<void> {
  // As a debugger does: the policy of the page lets no script in.
  const { violations } = (await page.evaluate(
    `${axe.source}; axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => ({ violations }))`,
  )) as { violations: Violation[] };
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const findings = serious.map(
    ({ id, nodes }) => `${id}: ${nodes.map((each) => `${each.html} ${each.failureSummary}`)}`,
  );
  assert.deepEqual(findings, [], page.url());
}

/** Nothing sticks out: the page is not wider than the screen. */
export async function assertFits(page: Page): Promise<void> {
  const [content, screen] = (await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )) as [number, number];
  assert.ok(content <= screen, `${page.url()} is ${content} px wide on a screen of ${screen} px`);
}

/** The name of what has the focus. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate('(document.activeElement.ariaLabel ?? document.activeElement.textContent).trim()');

/** What surrounds every screen: navigation, sizes, schemes, keyboard. */
import assert from 'node:assert/strict';
import { PAGE_ADDRESSES } from '../../app/service/page.ts';
import { keyOf, service } from '../app/service/harness.ts';
import {
  assertAccessible,
  assertFits,
  browserTest,
  focused,
  openPage,
  screenLink,
  settled,
} from '../harness/browser.ts';

const PATHS = {
  '/': 'Overview',
  '/courses': 'Courses',
  '/reports': 'Reports',
  '/explore': 'Explore',
  '/operate': 'Operate',
};
const SCREENS = Object.values(PATHS);

browserTest('every entry of the navigation leads to its screen, and Back leads back', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, address);
  const navigation = page.getByRole('navigation', { name: 'Screens' });
  assert.deepEqual(await navigation.getByRole('link').allTextContents(), SCREENS);
  for (const name of SCREENS) {
    await screenLink(page, name).click();
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    assert.equal(await navigation.locator('[aria-current=page]').textContent(), name);
    assert.match(await page.title(), new RegExp(name));
  }
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'Explore' }).waitFor();
});

browserTest('every address of the router is answered with the shell, and no other is', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, address);
  const script = await page.locator('script[type=module]').getAttribute('src');
  const module = script?.replace('main.js', 'app/screens.js');
  const paths = (await page.evaluate(
    `import('${module}').then(({ ADDRESSES }) => ADDRESSES.map(({ path }) => path))`,
  )) as string[];
  for (const path of paths.map((each) => each.replaceAll(/:\w+/g, 'x'))) {
    const response = await fetch(address + path);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8', path);
  }
  const used = new Set(paths.map((each) => each.split('/')[1]).filter((each) => each !== ''));
  assert.deepEqual([...used, 'signed-in'].sort(), [...PAGE_ADDRESSES].sort());
  assert.equal((await fetch(`${address}/elsewhere`)).status, 404);
});

browserTest('the screens of operators are for operators alone', async (t) => {
  const { address } = await service(t, { flags: { serveRoles: 'analyst' } });
  const page = await openPage(t, address);
  await screenLink(page, 'Explore').waitFor();
  assert.equal(await screenLink(page, 'Operate').count(), 0);
  await page.goto(`${address}/operate`);
  await page.getByText('This screen needs the role operator').waitFor();
});

for (const scheme of ['light', 'dark'] as const)
  browserTest(`axe finds nothing serious on any screen in the ${scheme} scheme`, async (t) => {
    const { address } = await service(t, {});
    const page = await openPage(t, address, { scheme });
    const paths = { '/elsewhere-1': 'Page not found', ...PATHS };
    for (const [path, heading] of Object.entries(paths)) {
      await page.evaluate(
        `history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`,
      );
      // The previous screen stays until this one is drawn.
      await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
      await settled(page);
      await assertAccessible(page);
    }
  });

browserTest('nothing sticks out of a screen of 320 px', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, address, { width: 320, height: 640 });
  for (const path of Object.keys(PATHS)) {
    await page.goto(address + path);
    await settled(page);
    await assertFits(page);
  }
});

browserTest('the keyboard alone leads to another screen, whose heading then has the focus', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, address);
  await page.locator('main h1').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to content');
  for (let i = 0; i < 4; i += 1) await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Reports');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Reports' }).waitFor();
  assert.equal(await focused(page), 'Reports');
  assert.equal(await page.evaluate('document.activeElement.localName'), 'h1');
});

browserTest('the time zone of the header is kept', async (t) => {
  const { address } = await service(t, { flags: { serveZone: 'Asia/Kolkata' } });
  const page = await openPage(t, address, { zone: 'Europe/Berlin' });
  const zone = page.getByLabel('Time zone');
  assert.equal(await zone.inputValue(), 'Asia/Kolkata');
  await zone.selectOption('America/Bogota');
  await page.reload();
  assert.equal(await zone.inputValue(), 'America/Bogota');
});

browserTest('a time zone that was chosen is the one that is shown, on every screen that has one', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, `${address}/explore`);
  const zone = page.getByRole('combobox', { name: 'Time zone' });
  await zone.selectOption('Asia/Tokyo');
  await page.getByText('Times are now shown in Asia/Tokyo.', { exact: true }).waitFor();
  assert.equal(await zone.inputValue(), 'Asia/Tokyo');
  await zone.selectOption('America/Bogota');
  await page.getByText('Times are now shown in America/Bogota.', { exact: true }).waitFor();
  assert.equal(await zone.inputValue(), 'America/Bogota');
});

browserTest(
  'the colours that the reader chose are there before the page is drawn, and after it is loaded again',
  async (t) => {
    const { address } = await service(t, {});
    const page = await openPage(t, `${address}/explore`, { scheme: 'light' });
    const background = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const light = await background();
    await page.locator('.account summary').click();
    const dark = page.getByRole('radio', { name: 'Dark' });
    assert.ok(await page.getByRole('radio', { name: 'System' }).isChecked());
    await dark.check();
    const chosen = await background();
    assert.notEqual(chosen, light);
    await assertAccessible(page);

    // Without the modules of the page, only its first paint remains.
    await page.route('**/main.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    await page.reload();
    assert.equal(await background(), chosen);
    await page.unroute('**/main.js');
    await page.reload();
    await page.locator('.account summary').click();
    assert.ok(await dark.isChecked());
    await page.getByRole('radio', { name: 'System' }).check();
    assert.equal(await background(), light);
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await background(), chosen, 'the system decides again');
  },
);

browserTest('where nobody signs in at a provider, an API key opens the page', async (t) => {
  const { key, text } = keyOf({ name: 'ada' });
  const { address } = await service(t, { keys: [key] });
  const page = await openPage(t, address);
  await page.getByRole('heading', { name: 'Sign in to Tributary' }).waitFor();
  await assertAccessible(page);
  await page.getByLabel('API key').fill(text);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.getByText('key:ada', { exact: true }).waitFor();
});

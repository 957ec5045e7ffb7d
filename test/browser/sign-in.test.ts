/** Signing in at an OpenID Connect provider. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { service } from '../app/service/harness.ts';
import { freePort } from '../cli/free-port.ts';
import { browserTest, openPage } from '../harness/browser.ts';
import { AUDIENCE, oidcProvider } from '../harness/oidc-provider.ts';

/** The page of a service whose users sign in at an OpenID Connect provider. */
async function signedIn(t: TestContext, { roles = ['analyst'], seconds = 300 } = {}) {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const issuer = await oidcProvider(t, { page: address, roles, seconds });
  const flags = {
    serveAccess: 'signed-in',
    oidcIssuers: issuer,
    oidcAudience: AUDIENCE,
    oidcPageClients: 'page',
  };
  await service(t, { flags, port });
  return { address, issuer };
}

browserTest('who signs in at the provider sees the address that was asked for, and stays signed in', async (t) => {
  const { address, issuer } = await signedIn(t);
  const page = await openPage(t, `${address}/reports?sort=name`, { origins: [issuer] });
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'I am Ada' }).click();
  await page.getByRole('heading', { level: 1, name: 'Reports' }).waitFor();
  assert.equal(page.url(), `${address}/reports?sort=name`);
  await page.getByText('ada', { exact: true }).click();
  await page.getByText('acme', { exact: true }).waitFor();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Reports' }).waitFor();
});

browserTest('a token that is nearly over is renewed, unseen', async (t) => {
  // Shorter than the time before expiry at which the page renews a token.
  const { address, issuer } = await signedIn(t, { seconds: 20 });
  const page = await openPage(t, address, { origins: [issuer] });
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'I am Ada' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const token = () => page.evaluate("JSON.parse(sessionStorage.getItem('tributary.tokens')).access");
  const before = await token();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  assert.notEqual(await token(), before);
});

browserTest('who signs out must sign in again', async (t) => {
  const { address, issuer } = await signedIn(t);
  const page = await openPage(t, address, { origins: [issuer] });
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'I am Ada' }).click();
  await page.getByText('ada', { exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.waitForURL(`${address}/`);
  await page.getByRole('heading', { name: 'Sign in to Tributary' }).waitFor();
});

browserTest('an answer that was not asked for here signs nobody in', async (t) => {
  const { address, issuer } = await signedIn(t);
  const page = await openPage(t, `${address}/signed-in?code=stolen&state=x`, { origins: [issuer] });
  await page.getByText(/did not start here/).waitFor();
  assert.equal(page.url(), `${address}/`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

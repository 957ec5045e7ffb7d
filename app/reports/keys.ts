/** The keys that seal the secrets of report requests. */
import { secretIn } from '../../files/secrets.ts';
import { type SealingKeys, sealingKeys } from '../../reports/requesting/sealing.ts';
import type { Config } from '../config/keys.ts';
import { isEmbedded } from '../config/urls.ts';

const SECRET = '.report-secret';

/** Undefined if the requests are on a server and no secret is configured: then no file can be protected. */
export function reportKeys({ reportSecret, requests, data }: Config): SealingKeys | undefined {
  const [first, ...others] = (reportSecret ?? '').split(/\s+/).filter((each) => each !== '');
  if (first !== undefined) return sealingKeys([first, ...others]);
  if (!isEmbedded(requests)) return undefined;
  return sealingKeys([secretIn(data, SECRET, 'waiting requests for protected files have to be made again')]);
}

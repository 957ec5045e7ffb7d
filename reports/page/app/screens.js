/** Every address of the page, with its screen. */

/**
 * @typedef {object} Screen
 * @property {string | ((view: import('./view.js').View) => string)} title
 * @property {(view: import('./view.js').View) => unknown} show Called again for every change; returns a template.
 */

/**
 * @typedef {object} Address
 * @property {string} path With `:name` for each part that varies.
 * @property {() => Promise<Screen>} load
 * @property {string} section Its entry in the navigation.
 */

/** The navigation. An entry with a role is shown only to users who have it. */
export const SECTIONS = [
  { name: 'overview', text: 'Overview', href: '/' },
  { name: 'courses', text: 'Courses', href: '/courses' },
  { name: 'reports', text: 'Reports', href: '/reports' },
  { name: 'explore', text: 'Explore', href: '/explore' },
  { name: 'operate', text: 'Operate', href: '/operate', role: 'operator' },
];

/** @type {readonly Address[]} */
export const ADDRESSES = [
  { path: '/', section: 'overview', load: () => import('../screens/overview/overview.js') },
  { path: '/courses', section: 'courses', load: () => import('../screens/courses/courses.js') },
  { path: '/courses/:course', section: 'courses', load: () => import('../screens/courses/course.js') },
  { path: '/batches/:batch', section: 'courses', load: () => import('../screens/courses/batch.js') },
  { path: '/reports', section: 'reports', load: () => import('../screens/reports/reports.js') },
  { path: '/reports/:report', section: 'reports', load: () => import('../screens/reports/report.js') },
  { path: '/requests', section: 'reports', load: () => import('../screens/reports/requests.js') },
  { path: '/requests/:request', section: 'reports', load: () => import('../screens/reports/request.js') },
  { path: '/schedules', section: 'reports', load: () => import('../screens/reports/schedules.js') },
  { path: '/explore', section: 'explore', load: () => import('../screens/explore/explore.js') },
  { path: '/operate', section: 'operate', load: () => import('../screens/operate/jobs.js') },
  { path: '/operate/dead-letters', section: 'operate', load: () => import('../screens/operate/dead-letters.js') },
  {
    path: '/operate/dead-letters/:letter',
    section: 'operate',
    load: () => import('../screens/operate/dead-letter.js'),
  },
  { path: '/operate/schedules', section: 'operate', load: () => import('../screens/operate/schedules.js') },
  { path: '/operate/doctor', section: 'operate', load: () => import('../screens/operate/doctor.js') },
];

/**
 * @param {string} pathname
 * @returns {{ address: Address, params: Record<string, string> } | undefined}
 */
export function addressAt(pathname) {
  const given = partsOf(pathname);
  for (const address of ADDRESSES) {
    const wanted = partsOf(address.path);
    if (wanted.length !== given.length) continue;
    /** @type {Record<string, string>} */
    const params = {};
    const isIt = wanted.every((part, at) => {
      const value = /** @type {string} */ (given[at]);
      if (!part.startsWith(':')) return part === value;
      params[part.slice(1)] = value;
      return true;
    });
    if (isIt) return { address, params };
  }
  return undefined;
}

/** @param {string} pathname */
function partsOf(pathname) {
  const parts = pathname.split('/').filter((part) => part !== '');
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return parts;
  }
}

/** The tabs of the screens for reports. */
import { tabs as tabsOf } from '../../parts/tabs.js';

const TABS = [
  { name: 'reports', text: 'Catalogue', href: '/reports' },
  { name: 'requests', text: 'Requests', href: '/requests' },
  { name: 'schedules', text: 'Schedules', href: '/schedules' },
];

/** @param {'reports' | 'requests' | 'schedules'} current */
export const tabs = (current) => tabsOf('Reports', TABS, current);

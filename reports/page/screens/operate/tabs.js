/** The tabs of the screens for operators. */
import { tabs as tabsOf } from '../../parts/tabs.js';

const TABS = [
  { name: 'jobs', text: 'Jobs', href: '/operate' },
  { name: 'dead-letters', text: 'Dead letters', href: '/operate/dead-letters' },
  { name: 'schedules', text: 'Schedules', href: '/operate/schedules' },
  { name: 'doctor', text: 'Doctor', href: '/operate/doctor' },
];

/** @param {'jobs' | 'dead-letters' | 'schedules' | 'doctor'} current */
export const tabs = (current) => tabsOf('Operate', TABS, current);

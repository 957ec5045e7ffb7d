/** The use of contents of a course, by type. */
import { html } from 'lit-html';
import { byName, figures } from '../../app/figures.js';
import { distinctQuantity, quantity } from '../../app/format.js';
import { empty, loaded } from '../../parts/states.js';
import { rows } from './bars.js';

/** @param {import('../../app/view.js').View} view @param {string} courseId */
export function contentTypes(view, courseId) {
  const load = view.load('content-types', [courseId], async (signal) => {
    const query = { by: ['content_type'], metrics: ['learners', 'views'], filter: { course_id: [courseId] } };
    return byName(await figures(view.api, 'activity', query, signal))
      .map(({ content_type: type, learners, views }) => ({ type, learners: Number(learners), views: Number(views) }))
      .sort((a, b) => b.learners - a.learners || b.views - a.views);
  });
  return html`<section class="card">
    <h2>Content types</h2>
    <p class="soft">Distinct learners and visits by type of content.</p>
    ${loaded(
      load,
      (found) =>
        rows({
          label: 'Learners by content type',
          bars: found.map(({ type, learners, views }) => ({
            label: type ?? 'Unknown type',
            value: learners,
            text: distinctQuantity(learners, 'learners'),
            note: quantity(views, 'visits'),
          })),
        }),
      { space: 'plot', empty: (found) => found.length === 0 && empty('No visits yet') },
    )}
  </section>`;
}

/** The partitions of one job: offsets, lag and rate. */
import { html } from 'lit-html';
import { number } from '../../app/format.js';
import { table } from '../../parts/table.js';
import { waited } from './job-state.js';

/** @typedef {import('../../app/api-types.js').JobState} JobState */
/** @typedef {JobState['partitions'][number]} Partition */

/**
 * @param {JobState} job
 * @param {() => void} close
 */
export function partitionsCard({ name, group, topic, partitions }, close) {
  /** @type {(key: string, title: string, doc: string, cell: (partition: Partition) => string) => import('../../parts/table.js').Column<Partition>} */
  const column = (key, title, doc, cell) => ({ key, title, doc, cell, align: 'end' });
  return html`<section class="card" aria-labelledby="partitions">
    <div class="card-head">
      <h2 id="partitions">Partitions of ${name}</h2>
      <button type="button" class="plain" @click=${close}>Close</button>
    </div>
    <p class="soft">The consumer group ${group} reads the topic ${topic}.</p>
    ${table({
      caption: `Partitions of ${name}`,
      captionHidden: true,
      columns: [
        { key: 'partition', title: 'Partition', cell: ({ partition }) => partition },
        column('begin', 'First', 'The first offset that can still be read.', ({ begin }) => number(begin)),
        column('committed', 'Committed', 'The offset at which the group continues.', ({ committed }) =>
          committed === null ? 'never' : number(committed),
        ),
        column('end', 'End', 'The offset of the next record.', ({ end }) => number(end)),
        column('lag', 'Lag', 'Records still to be read.', ({ lag }) => number(lag)),
        column('wait', 'Wait', 'How long the oldest unread record has waited.', ({ lagSeconds }) => waited(lagSeconds)),
        column('rate', 'Records per second', 'Since the last update.', ({ rate }) =>
          rate === null ? '–' : number(rate, 1),
        ),
      ],
      rows: partitions,
    })}
  </section>`;
}

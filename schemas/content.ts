/** Events about the contents of one course. Topic `content.events`, keyed by `courseId`. */
import { defineEvent } from '../core/event.ts';
import { contentId, courseId, NEWEST_HOLDS } from './fields.ts';

const namespace = 'org.tributary.content';

export const coursePublished = defineEvent(
  'content.published',
  {
    type: 'record',
    name: 'Published',
    namespace,
    doc: `A course was published. The event carries its whole structure as it is now; units and contents that are not in it are removed. Of two publications, ${NEWEST_HOLDS} A course that was retired at an earlier time is offered again.`,
    fields: [
      courseId,
      { name: 'name', type: 'string', doc: 'The name of the course.' },
      {
        name: 'units',
        doc: 'The units of the course, in any order. A unit that is in several units is listed once for each.',
        default: [],
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Unit',
            doc: 'One place of a unit in the course. A unit groups contents and other units.',
            fields: [
              { name: 'unitId', type: 'string', doc: 'The unit.' },
              {
                name: 'parentId',
                type: ['null', 'string'],
                doc: 'The unit that contains it. Absent if the course itself contains it.',
                default: null,
              },
              { name: 'name', type: 'string', doc: 'The name of the unit.', default: '' },
              {
                name: 'optional',
                type: 'boolean',
                doc: 'Whether everything in it is optional in this place.',
                default: false,
              },
            ],
          },
        },
      },
      {
        name: 'contents',
        doc: 'The leaf contents. A content that is in several units is listed once for each. It is required if it is required in any place.',
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Content',
            doc: 'One place of a leaf content in the course.',
            fields: [
              contentId,
              {
                name: 'unitId',
                type: ['null', 'string'],
                doc: 'The unit that contains it. Absent if the course itself contains it.',
                default: null,
              },
              { name: 'name', type: 'string', doc: 'The name of the content.', default: '' },
              { name: 'optional', type: 'boolean', doc: 'Whether it is optional in this place.', default: false },
              {
                name: 'type',
                type: 'string',
                doc: 'The type of the content, as the platform calls it, such as "video". Figures can be split by it.',
                default: '',
              },
            ],
          },
        },
      },
    ],
  },
  {
    courseId: 'AAA-2013J',
    name: 'AAA, autumn 2013',
    units: [{ unitId: 'resource', name: 'Resources' }],
    contents: [
      { contentId: '546669', unitId: 'resource' },
      { contentId: '546662', unitId: 'resource', optional: true },
    ],
  },
);

export const courseRetired = defineEvent(
  'content.retired',
  {
    type: 'record',
    name: 'Retired',
    namespace,
    doc: `A course is no longer offered. The progress of its learners is kept. Of two publications or retirements of a course, ${NEWEST_HOLDS}`,
    fields: [courseId],
  },
  { courseId: 'AAA-2013J' },
);

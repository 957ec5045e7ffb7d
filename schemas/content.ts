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
    doc: `A course was published, with its whole structure as it is now. What is no longer in it is removed. Of two: ${NEWEST_HOLDS} A course that was retired at an earlier time is offered again.`,
    fields: [
      courseId,
      { name: 'name', type: 'string', doc: 'The name of the course.' },
      {
        name: 'units',
        doc: 'The units of the course, in any order. A unit that is in several units is listed several times.',
        default: [],
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Unit',
            doc: 'A unit, which groups contents and units, in one place of the course.',
            fields: [
              { name: 'unitId', type: 'string', doc: 'The unit.' },
              {
                name: 'parentId',
                type: ['null', 'string'],
                doc: 'The unit that contains it; absent: the course itself.',
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
        doc: 'The leaf contents. A content that is in several units is listed several times; it is required if it is required in any place.',
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Content',
            doc: 'A leaf content in one place of the course.',
            fields: [
              contentId,
              {
                name: 'unitId',
                type: ['null', 'string'],
                doc: 'The unit that contains it; absent: the course itself.',
                default: null,
              },
              { name: 'name', type: 'string', doc: 'The name of the content.', default: '' },
              { name: 'optional', type: 'boolean', doc: 'Whether it is optional in this place.', default: false },
              {
                name: 'type',
                type: 'string',
                doc: 'The kind of content, in the terms of the platform, such as "video". Statistics are split by it.',
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
    doc: `A course is no longer offered. What learners did in it stays. Of its publications and retirements: ${NEWEST_HOLDS}`,
    fields: [courseId],
  },
  { courseId: 'AAA-2013J' },
);

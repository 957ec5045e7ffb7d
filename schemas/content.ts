/** What happens to one course as a thing that is read. Topic `content.events`, keyed by `courseId`. */
import { defineEvent } from '../core/event.ts';
import { contentId, courseId, NEWEST_HOLDS } from './fields.ts';

const namespace = 'org.tributary.content';

export const coursePublished = defineEvent(
  'content.published',
  {
    type: 'record',
    name: 'Published',
    namespace,
    doc: `A course was published, with its whole structure as it is now. What is not in it any more is gone. Of two: ${NEWEST_HOLDS} It offers a course again that was retired at an earlier time.`,
    fields: [
      courseId,
      { name: 'name', type: 'string', doc: 'What people call the course.' },
      {
        name: 'units',
        doc: 'The units of the course, in any order. One that lies in several units stands here several times.',
        default: [],
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Unit',
            doc: 'A unit groups contents and units: here in one place of the course.',
            fields: [
              { name: 'unitId', type: 'string', doc: 'The unit.' },
              {
                name: 'parentId',
                type: ['null', 'string'],
                doc: 'The unit it lies in; absent: the course itself.',
                default: null,
              },
              { name: 'name', type: 'string', doc: 'What people call the unit.', default: '' },
              {
                name: 'optional',
                type: 'boolean',
                doc: 'Whether all that lies in it in this place is optional.',
                default: false,
              },
            ],
          },
        },
      },
      {
        name: 'contents',
        doc: 'The leaf contents. One that lies in several units stands here several times; it is required if it is in any place.',
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
                doc: 'The unit it lies in; absent: the course itself.',
                default: null,
              },
              { name: 'name', type: 'string', doc: 'What people call the content.', default: '' },
              { name: 'optional', type: 'boolean', doc: 'Whether it is optional in this place.', default: false },
              {
                name: 'type',
                type: 'string',
                doc: 'What kind of content it is, in the words of the platform, such as "video": figures are told apart by it.',
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
    doc: `A course is no longer offered. What learners did in it stays. Of what is published and retired: ${NEWEST_HOLDS}`,
    fields: [courseId],
  },
  { courseId: 'AAA-2013J' },
);

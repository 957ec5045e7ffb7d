import { defineIndex, defineTable } from '../../core/target.ts';

/** The structure of a course, as last published. The progress of its learners is measured by it. */
export const courseStructure = defineTable({
  name: 'course_structure',
  doc: 'The structure of each course, as last published.',
  key: ['courseId'],
  record: {
    type: 'record',
    name: 'CourseStructure',
    fields: [
      { name: 'courseId', type: 'string', doc: 'The course.' },
      { name: 'name', type: 'string', doc: 'The name of the course.' },
      { name: 'retired', type: 'boolean', doc: 'Whether the course is no longer offered.' },
      { name: 'publishedAt', type: ['null', 'long'], doc: 'When it was last published.', unit: 'ms since 1970 UTC' },
      {
        name: 'measuredSince',
        type: ['null', 'long'],
        doc: 'Identifies the structure by which progress is measured: the time when it was published, or a little later if that time is taken.',
        unit: 'ms since 1970 UTC',
        default: null,
      },
      {
        name: 'retiredAt',
        type: ['null', 'long'],
        doc: 'When it was last retired, even if it is offered again.',
        unit: 'ms since 1970 UTC',
        default: null,
      },
      { name: 'required', type: 'int', doc: 'How many of its contents are required.' },
      {
        name: 'units',
        doc: 'Its units, by id.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'CourseUnit',
            fields: [
              { name: 'name', type: 'string', doc: 'The name of the unit.' },
              {
                name: 'parentId',
                type: ['null', 'string'],
                doc: 'The unit that contains it. If there are several, the first.',
              },
              {
                name: 'otherParentIds',
                type: { type: 'array', items: 'string' },
                doc: 'The other units that contain it.',
                default: [],
              },
              {
                name: 'optional',
                type: 'boolean',
                doc: 'Whether the unit, or a unit above it, is optional in every place.',
              },
              {
                name: 'required',
                type: 'int',
                doc: 'The number of required contents in it and in the units below it.',
              },
            ],
          },
        },
      },
      {
        name: 'contents',
        doc: 'Its leaf contents, by id.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'CourseContent',
            fields: [
              { name: 'name', type: 'string', doc: 'The name of the content.' },
              { name: 'required', type: 'boolean', doc: 'Whether it is required in any of its places.' },
              {
                name: 'units',
                type: { type: 'array', items: 'string' },
                doc: 'All units in which it is required, directly or through units below them.',
              },
              { name: 'type', type: 'string', doc: 'The type of the content; empty if it is unknown.', default: '' },
            ],
          },
        },
      },
      {
        name: 'contentOrder',
        type: { type: 'array', items: 'string' },
        doc: 'The ids of its contents, in the order in which they were published. Empty in rows of earlier releases until the course is published again.',
        default: [],
      },
    ],
  },
});

/** The search index of courses: a view of `course_structure`. */
export const courseIndex = defineIndex({
  name: 'courses',
  doc: 'All courses.',
  key: ['courseId'],
  text: ['courseId', 'name'],
  record: {
    type: 'record',
    name: 'Course',
    fields: [
      { name: 'courseId', type: 'string', doc: 'The course.' },
      { name: 'name', type: 'string', doc: 'The name of the course.' },
      { name: 'retired', type: 'boolean', doc: 'Whether the course is no longer offered.' },
      { name: 'publishedAt', type: ['null', 'long'], doc: 'When it was last published.', unit: 'ms since 1970 UTC' },
      { name: 'units', type: 'int', doc: 'How many units it has.' },
      { name: 'contents', type: 'int', doc: 'How many different leaf contents it has.' },
      { name: 'required', type: 'int', doc: 'How many of them are required.' },
    ],
  },
});

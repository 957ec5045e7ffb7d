import { defineIndex, defineTable } from '../../core/target.ts';

/** What a course consists of, as last published: what the progress of its learners is measured against. */
export const courseStructure = defineTable({
  name: 'course_structure',
  doc: 'What each course consists of, as last published.',
  key: ['courseId'],
  record: {
    type: 'record',
    name: 'CourseStructure',
    fields: [
      { name: 'courseId', type: 'string', doc: 'The course.' },
      { name: 'name', type: 'string', doc: 'What people call the course.' },
      { name: 'retired', type: 'boolean', doc: 'Whether the course is no longer offered.' },
      { name: 'publishedAt', type: ['null', 'long'], doc: 'When it was last published.', unit: 'ms since 1970 UTC' },
      {
        name: 'measuredSince',
        type: ['null', 'long'],
        doc: 'Names what the standing of learners is measured by: when it was published, or, since no two are equal, somewhat later.',
        unit: 'ms since 1970 UTC',
        default: null,
      },
      {
        name: 'retiredAt',
        type: ['null', 'long'],
        doc: 'When it was last retired, whether it is offered again or not.',
        unit: 'ms since 1970 UTC',
        default: null,
      },
      { name: 'required', type: 'int', doc: 'How many of its contents are required.' },
      {
        name: 'units',
        doc: 'Its units, by unit.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'CourseUnit',
            fields: [
              { name: 'name', type: 'string', doc: 'What people call the unit.' },
              { name: 'parentId', type: ['null', 'string'], doc: 'The unit it lies in; of several places, the first.' },
              {
                name: 'otherParentIds',
                type: { type: 'array', items: 'string' },
                doc: 'The units it lies in besides.',
                default: [],
              },
              {
                name: 'optional',
                type: 'boolean',
                doc: 'Whether it, or a unit it lies in, is optional in every place.',
              },
              { name: 'required', type: 'int', doc: 'Required contents in it and in the units it holds.' },
            ],
          },
        },
      },
      {
        name: 'contents',
        doc: 'Its leaf contents, by content.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'CourseContent',
            fields: [
              { name: 'name', type: 'string', doc: 'What people call the content.' },
              { name: 'required', type: 'boolean', doc: 'Whether it is required in any of its places.' },
              {
                name: 'units',
                type: { type: 'array', items: 'string' },
                doc: 'Every unit in which it is required, directly or through the units these hold.',
              },
              { name: 'type', type: 'string', doc: 'What kind of content it is; empty if nobody tells.', default: '' },
            ],
          },
        },
      },
    ],
  },
});

/** Courses to search in: a view of `course_structure`. */
export const courseIndex = defineIndex({
  name: 'courses',
  doc: 'Which courses there are.',
  key: ['courseId'],
  text: ['courseId', 'name'],
  record: {
    type: 'record',
    name: 'Course',
    fields: [
      { name: 'courseId', type: 'string', doc: 'The course.' },
      { name: 'name', type: 'string', doc: 'What people call the course.' },
      { name: 'retired', type: 'boolean', doc: 'Whether the course is no longer offered.' },
      { name: 'publishedAt', type: ['null', 'long'], doc: 'When it was last published.', unit: 'ms since 1970 UTC' },
      { name: 'units', type: 'int', doc: 'How many units it has.' },
      { name: 'contents', type: 'int', doc: 'How many different leaf contents it has.' },
      { name: 'required', type: 'int', doc: 'How many of them are required.' },
    ],
  },
});

/** The courses and people of a load. They follow from the seed and their number, so none of them has to be stored. */

export const LEARNERS_OF_GROUP = 20;
const LEARNERS_OF_COURSE = 400;
const CONTENTS_OF_UNIT = 5;
const ASSESSMENT_EVERY = 10;
const LAST_UINT = 2 ** 32;

export interface Course {
  readonly courseId: string;
  readonly batchId: string;
  readonly name: string;
  readonly contents: number;
}

export class Platform {
  readonly courses: number;
  readonly #seed: number;

  constructor(seed: number, learners: number) {
    this.#seed = seed;
    this.courses = Math.max(3, Math.ceil(learners / LEARNERS_OF_COURSE));
  }

  course(index: number): Course {
    const courseId = this.#id('course', index);
    const contents = 10 + Math.floor(this.#luck('contents', index) * 31);
    return { courseId, batchId: `${courseId}-a`, name: `Course ${index + 1}`, contents };
  }

  learner(index: number): string {
    return this.#id('learner', index);
  }

  group(index: number): string {
    return this.#id('group', index);
  }

  /** The learners of a group take the same course. A few courses are taken by many learners, most by few. */
  courseOf(learner: number): Course {
    const luck = this.#luck('course', this.groupOf(learner));
    return this.course(Math.floor(this.courses * luck * luck));
  }

  groupOf(learner: number): number {
    return Math.floor(learner / LEARNERS_OF_GROUP);
  }

  /** In [0, 1): always the same for the same arguments. The mixing is that of murmur3. */
  #luck(what: string, index: number): number {
    let hash = (this.#seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0;
    for (const letter of what) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x85ebca6b) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35) >>> 0;
    return ((hash ^ (hash >>> 13)) >>> 0) / LAST_UINT;
  }

  /** Cannot be mistaken for ids of a real platform. */
  #id(what: string, index: number): string {
    return `load-${this.#seed}-${what}-${index + 1}`;
  }
}

export const contentId = (index: number): string => `content-${index + 1}`;
export const unitId = (index: number): string => `unit-${Math.floor(index / CONTENTS_OF_UNIT) + 1}`;
export const isAssessment = (index: number): boolean => index % ASSESSMENT_EVERY === ASSESSMENT_EVERY - 1;

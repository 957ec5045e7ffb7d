/** Types of the service's answers, from the declarations of its routes. Nothing is imported at run time. */

/** @typedef {import('zod').infer<typeof import('../../service/shapes.ts').parameterShape>} Parameter */
/** @typedef {import('zod').infer<typeof import('../../service/shapes.ts').reportShape>} Report */
/** @typedef {import('zod').infer<typeof import('../../service/shapes.ts').requestShape>} Request */
/** @typedef {import('zod').infer<typeof import('../../service/shapes.ts').scheduleShape>} Schedule */
/** @typedef {import('zod').infer<typeof import('../../service/shapes.ts').previewShape>} Preview */

/** @typedef {import('zod').infer<typeof import('../../service/operate/shapes.ts').jobsShape>} JobStates */
/** @typedef {JobStates['jobs'][number]} JobState */
/** @typedef {import('zod').infer<typeof import('../../service/operate/shapes.ts').lettersShape>} DeadLetters */
/** @typedef {DeadLetters['deadLetters'][number]} DeadLetter */
/** @typedef {import('zod').infer<typeof import('../../service/operate/shapes.ts').wholeLetterShape>} WholeDeadLetter */
/** @typedef {import('zod').infer<typeof import('../../service/operate/shapes.ts').editedShape>} EditedDeadLetters */
/** @typedef {import('zod').infer<typeof import('../../service/operate/shapes.ts').findingsShape>} Findings */
/** @typedef {import('zod').infer<typeof import('../../service/shapes.ts').datasourceShape>} Datasource */

/** Records of projections. @typedef {import('../../../core/target.ts').RecordOf<typeof import('../../../schemas/rows/batch-summary.ts').batchIndex>} Batch */
/** @typedef {import('../../../core/target.ts').RecordOf<typeof import('../../../schemas/rows/course-structure.ts').courseIndex>} Course */
/** @typedef {import('../../../core/target.ts').RecordOf<typeof import('../../../schemas/rows/course-structure.ts').courseStructure>} CourseStructure */
/** @typedef {import('../../../core/target.ts').RecordOf<typeof import('../../../schemas/rows/learner-progress.ts').enrollmentIndex>} Enrollment */
/** @typedef {import('../../../core/target.ts').RecordOf<typeof import('../../../schemas/rows/learner-progress.ts').batchLearners>} BatchLearner */
/** @typedef {import('../../../core/target.ts').RecordOf<typeof import('../../../schemas/rows/user-profile.ts').userProfile>} UserProfile */

/**
 * The figures of a datasource, `POST /v1/datasources/<name>/query`.
 * @typedef {object} Figures
 * @property {{ name: string, type: string, doc: string, unit?: string }[]} columns
 * @property {unknown[][]} rows
 * @property {boolean} more
 */

export {};

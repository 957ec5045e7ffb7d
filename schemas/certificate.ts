/** Events about the certificates of one user. Topic `certificate.events`, keyed by `userId`. */
import { defineEvent } from '../core/event.ts';
import { batchId, courseId, userId } from './fields.ts';

const namespace = 'org.tributary.certificate';
const certificateId = { name: 'certificateId', type: 'string', doc: 'The certificate.' } as const;
const templateId = {
  name: 'templateId',
  type: 'string',
  doc: 'The template, which defines the design and the conditions of the certificate.',
} as const;
const example = { userId: 'learner-1', courseId: 'AAA-2013J', batchId: 'AAA-2013J', templateId: 'completion' };

export const certificateRequested = defineEvent(
  'certificate.requested',
  {
    type: 'record',
    name: 'Requested',
    namespace,
    doc: 'A certificate should be issued. If it was already issued, the request changes nothing unless anew is true.',
    fields: [
      userId,
      courseId,
      batchId,
      templateId,
      {
        name: 'anew',
        type: 'boolean',
        doc: 'Whether to replace a certificate that was already issued.',
        default: false,
      },
    ],
  },
  { ...example, anew: false },
);

export const certificateRevoked = defineEvent(
  'certificate.revoked',
  {
    type: 'record',
    name: 'Revoked',
    namespace,
    doc: 'A certificate was revoked.',
    fields: [
      userId,
      certificateId,
      { name: 'reason', type: 'string', doc: 'The reason, for people to read.', default: '', personal: true },
    ],
  },
  { userId: 'learner-1', certificateId: 'certificate-1', reason: 'issued to the wrong learner' },
);

export const certificateIssued = defineEvent(
  'certificate.issued',
  {
    type: 'record',
    name: 'Issued',
    namespace,
    doc: 'A certificate was issued.',
    fields: [userId, courseId, batchId, templateId, certificateId],
  },
  { ...example, certificateId: 'certificate-1' },
);

export const certificateFailed = defineEvent(
  'certificate.failed',
  {
    type: 'record',
    name: 'Failed',
    namespace,
    doc: 'A certificate could not be issued.',
    fields: [
      userId,
      courseId,
      batchId,
      templateId,
      { name: 'reason', type: 'string', doc: 'The reason, for people to read.', personal: true },
    ],
  },
  { ...example, reason: 'the template asks for a name and the user has none' },
);

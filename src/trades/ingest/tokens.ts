// Makes the ids and tokens of jobs, and recognises them by their hashes. Both are capabilities: neither is kept.

import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

const JOB_ID = /^[0-9a-f]{32}$/;

/** A new job id: 128 random bits as 32 lower-case hex digits. */
export function newJobId(): string {
  return randomBytes(16).toString('hex');
}

/** A new token: 256 random bits as 64 lower-case hex digits. */
export function newToken(): string {
  return randomBytes(32).toString('hex');
}

/** SHA-256 of a text in hex. */
export function hashOf(text: string): string {
  return hash('sha256', text, 'hex');
}

/** The hash under which a job is kept; null if the text cannot be a job id. */
export function jobHashOf(jobId: string): string | null {
  return JOB_ID.test(jobId) ? hashOf(jobId) : null;
}

/** True if a text has this hash. The time that it takes says nothing about the hash. */
export function hasHash(text: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(text)), Buffer.from(expected));
}

import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/lib/errors.ts';
import { codeOf, DatabaseMissing, explainRefusal, refusalOf } from '../../src/store/refusal.ts';

function sqlite(code: string): Error {
  return Object.assign(new Error('its text quotes node-12345'), { code });
}

describe('refusal', () => {
  it.each([
    ['SQLITE_FULL', 'full'],
    ['ENOSPC', 'full'],
    ['SQLITE_BUSY', 'locked'],
    ['SQLITE_BUSY_SNAPSHOT', 'locked'],
    ['SQLITE_LOCKED', 'locked'],
    ['SQLITE_READONLY', 'not_writable'],
    ['SQLITE_READONLY_DBMOVED', 'not_writable'],
    ['EACCES', 'not_writable'],
    ['EPERM', 'not_writable'],
    ['EROFS', 'not_writable'],
    ['EIO', 'disk_error'],
    ['ESTALE', 'disk_error'],
    ['SQLITE_CANTOPEN', 'missing'],
    ['SQLITE_CORRUPT', 'damaged'],
    ['SQLITE_CORRUPT_INDEX', 'damaged'],
    ['SQLITE_NOTADB', 'damaged'],
    ['SQLITE_IOERR_WRITE', 'disk_error'],
    ['SQLITE_NOMEM', 'no_memory'],
    ['SQLITE_ERROR', 'other'],
    ['SQLITE_SCHEMA', 'other'],
    ['SQLITE_INTERRUPT', 'other'],
  ] as const)('refusal - %s is of the environment: %s', (code, refusal) => {
    const error = sqlite(code);
    expect(refusalOf(error)).toBe(refusal);
    const sentence = explainRefusal(error, refusal, '/data/a.db');
    expect(sentence).toMatch(/^\/data\/a\.db cannot be written \([A-Z_]+\): .+; /);
    expect(sentence).toContain(code);
    expect(sentence).not.toContain('node-12345');
  });

  it.each([
    ['SQLITE_CONSTRAINT_CHECK', sqlite('SQLITE_CONSTRAINT_CHECK')],
    ['SQLITE_MISMATCH', sqlite('SQLITE_MISMATCH')],
    ['SQLITE_TOOBIG', sqlite('SQLITE_TOOBIG')],
    ['SQLITE_RANGE', sqlite('SQLITE_RANGE')],
    ['TypeError', new TypeError('node-12345')],
    ['RangeError', new RangeError('node-12345')],
    ['Error', new Error('node-12345')],
    ['ERR_INVALID_ARG_TYPE', Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['unknown', 'thrown text of node-12345'],
  ])('refusal - %s is blamed on the message, and only its code is kept', (code, error) => {
    expect(refusalOf(error)).toBeNull();
    expect(codeOf(error)).toBe(code);
  });

  it('refusal - a failed read gives a sentence about reading', () => {
    const sentence = explainRefusal(sqlite('SQLITE_CORRUPT'), 'damaged', '/data/a.db', 'read');
    expect(sentence).toMatch(
      /^\/data\/a\.db cannot be read \(SQLITE_CORRUPT\): the file is damaged .+; stop/,
    );
  });

  it('refusal - missing or changed files are never blamed on a message', () => {
    expect(refusalOf(new DatabaseMissing('/data/a.db'))).toBe('missing');
    const replaced = new CodedError('database_replaced', 'Another file took the place.');
    expect(refusalOf(replaced)).toBe('other');
    expect(explainRefusal(replaced, 'other', '/data/a.db')).toBe('Another file took the place.');
  });
});

import { describe, expect, it } from 'vitest';
import { nearNames } from '../../src/config/near-names.ts';

const NAMES = ['HTTP_PORT', 'HTTP_HOST', 'RETENTION_DAYS', 'NATS_KEY', 'PORT'];

describe('near names', () => {
  it.each([
    ['HTTP_PRT', 'HTTP_PORT'],
    ['HTTP_PROT', 'HTTP_PORT'],
    ['HTTPS_PORT', 'HTTP_PORT'],
    ['HTTP_PORS', 'HTTP_PORT'],
    ['http_port', 'HTTP_PORT'],
    ['HTTP-PORT', 'HTTP_PORT'],
    ['port', 'PORT'],
    ['RETENTION_DAY', 'RETENTION_DAYS'],
    ['RETENSION_DAY', 'RETENTION_DAYS'],
    ['RETENTOIN_DASY', 'RETENTION_DAYS'],
  ])('near names - for %s the setting %s is suggested', (written, meant) => {
    expect(nearNames(NAMES, { [written]: '1' })).toEqual([
      `${written}: no setting has this name; is ${meant} meant?`,
    ]);
  });

  it.each([
    'POST',
    'PATH',
    'HTTP_PROXY',
    'NATS_URI',
    'HTTP',
    'RETENTION',
    'HTTP_PORT_MAX',
    '',
    'A'.repeat(500),
  ])('near names - %s is near to no setting', (written) => {
    expect(nearNames(NAMES, { [written]: '1' })).toEqual([]);
  });

  it('near names - a setting that is set is not suggested, and a name without a value gets no suggestion', () => {
    expect(nearNames(NAMES, { HTTPS_PORT: '443', HTTP_PORT: '80' })).toEqual([]);
    expect(nearNames(NAMES, { HTTPS_PORT: ' ' })).toEqual([]);
  });

  it('near names - an existing setting is never taken for another one, however near its name', () => {
    expect(nearNames(['NODE_HOST', 'NODE_POST'], { NODE_HOST: 'a' })).toEqual([]);
  });
});

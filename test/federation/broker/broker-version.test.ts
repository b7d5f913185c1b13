// The nats-servers that a cluster accepts.

import { describe, expect, test } from 'vitest';
import { servesCluster, tooOldSentence } from '../../../src/federation/broker/broker-version.ts';

describe('broker version', () => {
  test.each([
    ['2.12.0', true],
    ['2.12.15', true],
    ['2.15.3', true],
    ['3.0.0', true],
    ['v2.12.1', true],
    ['2.13.0-RC.1', true],
    ['2.11.99', false],
    ['2.9.10', false],
    ['1.99.99', false],
    ['', false],
    ['new', false],
    ['2.12', false],
  ])('%s serves a cluster: %s', (version, serves) => {
    expect(servesCluster(version)).toBe(serves);
  });

  test('the refusal names the server, both versions and the remedy', () => {
    const sentence = tooOldSentence('truebit-1', '2.9.10');
    for (const part of ['truebit-1', '2.9.10', '2.12.0', 'CLUSTER_UNSAFE_BROKER'])
      expect(sentence).toContain(part);
  });
});

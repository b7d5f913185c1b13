// What counts as an id, a label, a number and a time in a node's files.

import { describe, expect, it } from 'vitest';
import {
  chainIdOf,
  ID_BYTES_MAX,
  idOf,
  numberOf,
  operationOf,
  peakMemoryBytesOf,
  taskTypeOf,
  timeOf,
} from '../../../src/agent/domain/task-labels.ts';

const HEX = '0123456789abcdef'.repeat(4);

describe('task labels', () => {
  it.each<[string | null, string | null]>([
    ['1792917253851031498', '1792917253851031498'],
    ['657938a7-ebf1-4899-85ea-494fbca71123', '657938a7-ebf1-4899-85ea-494fbca71123'],
    ['é'.repeat(ID_BYTES_MAX / 2), 'é'.repeat(ID_BYTES_MAX / 2)],
    [`${'é'.repeat(ID_BYTES_MAX / 2)}a`, null],
    ['', null],
    [null, null],
  ])('task labels - id %j is %j', (value, id) => {
    expect(idOf(value)).toBe(id);
  });

  it.each<[string | null, string | null]>([
    ['43113', '43113'],
    ['0', '0'],
    ['12345678901234567890', '12345678901234567890'],
    ['123456789012345678901', null],
    ['-1', null],
    ['1.0', null],
    ['1e3', null],
    ['eip155:1', null],
    ['', null],
    [null, null],
  ])('task labels - chain id %j is %j', (value, chainId) => {
    expect(chainIdOf(value)).toBe(chainId);
  });

  it.each<[string | null, string | null, string | null]>([
    ['rust', null, 'rust'],
    ['a-1', `api_${HEX}`, 'a-1'],
    ['a'.repeat(16), null, 'a'.repeat(16)],
    ['a'.repeat(17), null, null],
    ['-a', null, null],
    ['Rust', `rs_${HEX}`, 'rs'],
    [null, `api_${HEX}`, 'api'],
    [null, `api_${HEX.toUpperCase()}`, 'api'],
    [null, `abcdefghi_${HEX}`, null],
    [null, `rs_${HEX.slice(1)}`, null],
    [null, `rs_${HEX}/1.0.0`, null],
    [null, `_${HEX}`, null],
    [null, '0xab', null],
    ['unknown', `rs_${HEX}`, 'rs'],
    [null, `unknown_${HEX}`, null],
    [null, null, null],
  ])('task labels - task type %j of task %j is %j', (given, taskId, taskType) => {
    expect(taskTypeOf(given, taskId)).toBe(taskType);
  });

  it.each<[string | null, string | null]>([
    ['charge', 'charge'],
    ['a'.repeat(16), 'a'.repeat(16)],
    ['a'.repeat(17), null],
    ['Charge', null],
    ['unknown', null],
    ['', null],
    [null, null],
  ])('task labels - operation %j is %j', (value, operation) => {
    expect(operationOf(value)).toBe(operation);
  });

  it.each<[string | null, number | null]>([
    ['17', 17],
    ['5e-7', 5e-7],
    ['-3.5', -3.5],
    ['1e999', null],
    ['0x10', null],
    ['1_000', null],
    [' 1', null],
    ['', null],
    ['NaN', null],
    [null, null],
  ])('task labels - number %j is %j', (value, number) => {
    expect(numberOf(value)).toBe(number);
  });

  it.each<[number | null, number | null]>([
    [17, 17 * 65_536],
    [65_535, 65_535 * 65_536],
    [65_536, 65_536],
    [2 ** 30, 2 ** 30],
    [0, null],
    [-1, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    [null, null],
  ])('task labels - peak memory %j is %j bytes', (value, bytes) => {
    expect(peakMemoryBytesOf(value)).toBe(bytes);
  });

  it.each<[string | null, number | null]>([
    ['1725385103522', 1_725_385_103_522],
    ['1725385103', 1_725_385_103_000],
    ['99999999999', 99_999_999_999_000],
    ['100000000000', 100_000_000_000],
    ['1.725385103522e12', 1_725_385_103_522],
    ['1725385103.5', null],
    ['0', null],
    ['-1', null],
    ['253402300800000', null],
    ['2024-09-03T17:38:23.522Z', 1_725_385_103_522],
    ['2024-09-03t17:38:23.522z', 1_725_385_103_522],
    ['2024-09-03 17:38:23', 1_725_385_103_000],
    ['2024-09-03T17:38:23.5', 1_725_385_103_500],
    ['2024-09-03T17:38:23.522999999Z', 1_725_385_103_522],
    ['2024-09-03T19:38:23+02:00', 1_725_385_103_000],
    ['2024-09-03T12:08:23-0530', 1_725_385_103_000],
    ['2024-09-03T17:38Z', Date.UTC(2024, 8, 3, 17, 38)],
    ['2024-09-03', Date.UTC(2024, 8, 3)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2023-02-29', null],
    ['2024-13-01', null],
    ['2024-09-03T24:00:00Z', null],
    ['2024-09-03T17:60:00Z', null],
    ['0024-09-03', null],
    ['yesterday', null],
    ['', null],
    [null, null],
  ])('task labels - time %j is %j', (text, atMs) => {
    expect(timeOf(text)).toBe(atMs);
  });
});

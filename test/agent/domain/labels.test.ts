// Patterns of the open labels, and the type that the name of a task tells.

import { describe, expect, it } from 'vitest';
import { isChainId, isOperation, isTaskType, taskTypeOf } from '../../../src/agent/domain/labels.ts';

const HEX = 'a1'.repeat(32);

describe('labels', () => {
  it.each([
    ['43113', true],
    ['1'.repeat(20), true],
    ['1'.repeat(21), false],
    ['', false],
    ['0x1', false],
    ['1\n', false],
  ])('chain id - %j: %s', (text, isOne) => {
    expect(isChainId(text)).toBe(isOne);
  });

  it.each([
    ['rs', true],
    ['0-wasm', true],
    ['a'.repeat(16), true],
    ['a'.repeat(17), false],
    ['-a', false],
    ['WASM', false],
    ['unknown', false],
    ['', false],
  ])('task type - %j: %s', (text, isOne) => {
    expect(isTaskType(text)).toBe(isOne);
  });

  it.each([
    ['compute', true],
    ['a'.repeat(16), true],
    ['a'.repeat(17), false],
    ['pay2', false],
    ['unknown', false],
  ])('operation - %j: %s', (text, isOne) => {
    expect(isOperation(text)).toBe(isOne);
  });

  it.each([
    ['wasm', `rs_${HEX}`, 'wasm'],
    [null, `rs_${HEX}`, 'rs'],
    ['WASM', `api_${HEX}`, 'api'],
    [null, `rs_${HEX}/1.0.0`, null],
    [null, `abcdefghi_${HEX}`, null],
    [null, `rs_${HEX.slice(2)}`, null],
    [null, `unknown_${HEX}`, null],
    [null, null, null],
  ])('type of the task %j named %j is %j', (type, name, result) => {
    expect(taskTypeOf(type, name)).toBe(result);
  });
});

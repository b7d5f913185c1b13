import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLogEntry } from '../../../src/agent/domain/log-entry.ts';
import { LogTime } from '../../../src/agent/domain/log-time.ts';
import type { SourceFact } from '../../../src/agent/domain/source-facts.ts';

const UTC = new LogTime('UTC');
const AT_MS = Date.UTC(2025, 10, 24, 13, 55, 34);
const HEAD = `2025-11-24 13:55:34 info: @truebit/worker-runner-node-0x${'5a'.repeat(20)}:1.4.2-beta.3 `;
const ID = '657938a7-ebf1-4899-85ea-494fbca71123';

const received = (more: object = {}): SourceFact => ({
  kind: 'received',
  executionId: ID,
  chainId: null,
  taskType: null,
  atMs: AT_MS,
  ...more,
});
const completed: SourceFact = { kind: 'completed', executionId: ID, atMs: AT_MS };
const started = { kind: 'started' as const, executionId: ID, atMs: AT_MS };
const metrics = (executionId: string | null = null): SourceFact => ({
  kind: 'metrics',
  executionId,
  metrics: { elapsedMs: 1_234.567_891, exitCode: 0, steps: 2_500_000, isCached: true },
  atMs: AT_MS,
});
const OUTPUT = JSON.stringify(
  {
    elapsed: 1_234_567_891,
    wasi: { exitCode: 0 },
    metering: { limits: { gas: 1 }, last: { steps: 2_500_000 }, peak: { memory: 17 } },
    execution: { prepare: { cached: true }, wasm: { hash: 'a{b"}' } },
  },
  null,
  2,
);

function factsOf(text: string): readonly SourceFact[] {
  return readLogEntry(text, UTC).facts;
}

describe('log entry', () => {
  it.each<[string, string, readonly SourceFact[]]>([
    ['a task received', `Message received from task_created: {"executionId":"${ID}"}`, [received()]],
    [
      'the members of the payload before those of the message itself',
      `Message received from task_created: {"chainId":"1","payload":{"executionId":"${ID}","chainId":"43113","taskType":"wasm"}}`,
      [received({ chainId: '43113', taskType: 'wasm' })],
    ],
    [
      'the members of the message itself, and the type out of the name of the task',
      `Message received from task_created: {"executionId":"${ID}","chainId":43113,"taskId":"rs_${'0a'.repeat(32)}"}`,
      [received({ chainId: '43113', taskType: 'rs' })],
    ],
    [
      'the message inside the payload',
      `Message received from task_created: {"payload":{"type":"task_created","executionId":"${ID}","message":{"chainId":"5"}}}`,
      [received({ chainId: '5' })],
    ],
    [
      'the digits of a number as written',
      'Message received from task_created: {"executionId":1792917253851031498,"chainId":43113}',
      [received({ executionId: '1792917253851031498', chainId: '43113' })],
    ],
    [
      'JSON over many lines',
      `Message received from task_created:\n{\n  "executionId": "${ID}",\n  "input": "a}\\"{"\n}\nmore`,
      [received()],
    ],
    [
      'other marks inside the JSON as text of the task',
      `Message received from task_created: {"executionId":"${ID}","input":"Execution 77 completed, Starting task execution 8"}`,
      [received()],
    ],
    ['a start', `Starting task execution ${ID}`, [started]],
    ['a start with a colon', `Starting task execution: ${ID}.`, [started]],
    ['a start with a label', `[Runner] Starting task execution for executionId=${ID}, slot 2/4`, [started]],
    ['a start with JSON', `Starting task execution {"slot":1,"executionId":"${ID}"}`, [started]],
    [
      'a start that names the program first',
      `Starting task execution of rs_${'0a'.repeat(32)}/1.0.0 as ${ID}`,
      [started],
    ],
    ['a start with a number', 'Starting task execution for 42', [{ ...started, executionId: '42' }]],
    ['a start with a word', 'Starting task execution: first', [{ ...started, executionId: 'first' }]],
    ['no start without an id', 'Starting task execution now', []],
    ['a completion', `Execution ${ID} completed`, [completed]],
    ['a completion with more text', `TaskRunner: Execution "${ID}" completed in 3 s`, [completed]],
    ['a completion with a label', `Execution ID ${ID} completed`, [completed]],
    ['a completion with the id behind it', `Execution ID completed: ${ID}.`, [completed]],
    ['no completion of a word', 'Execution completed: successfully', []],
    ['no completion without an id', 'Execution successfully completed', []],
    ['no completion in quoted JSON', `Message published: {"x":"Execution ${ID} completed"}`, []],
    ['metrics', `Command execution stdout: ${OUTPUT}`, [metrics()]],
    ['metrics in a line of their own', `Command execution stdout:\n${OUTPUT}\n`, [metrics()]],
    [
      'metrics of a named execution',
      `[executionId: ${ID}] Command execution stdout: ${OUTPUT}`,
      [metrics(ID)],
    ],
    ['metrics behind an id', `Execution ${ID}: Command execution stdout: ${OUTPUT}`, [metrics(ID)]],
    [
      'metrics that name their execution',
      `Command execution stdout: {"executionId":1792917253851031498,"elapsed":"1234567891","wasi":{"exitCode":0},"metering":{"last":{"steps":"2500000"}},"execution":{"prepare":{"cached":true}}}`,
      [metrics('1792917253851031498')],
    ],
    [
      'metrics of the execution that the entry starts',
      `Starting task execution ${ID}\nCommand execution stdout: ${OUTPUT}`,
      [started, metrics(ID)],
    ],
    ['output that is no JSON', 'Command execution stdout: hello', []],
    ['output of another kind', 'Command execution stdout: {"hello":1}', []],
    ['any other text', 'Using slot 1/4', []],
    ['no text', '', []],
  ])('log entry - reads %s', (_name, text, facts) => {
    expect(readLogEntry(HEAD + text, UTC)).toEqual({ facts, isInvalid: false, isOpen: false });
  });

  it('log entry - metrics may be told in part', () => {
    const [fact] = factsOf(
      `${HEAD}Command execution stdout: {"wasi":{"exitCode":3},"elapsed":-1,"metering":[]}`,
    );
    expect(fact).toMatchObject({ metrics: { elapsedMs: null, exitCode: 3, steps: null, isCached: null } });
  });

  it.each([
    ['no JSON', 'Message received from task_created: nothing', true],
    ['JSON without an id', 'Message received from task_created: {"chainId":"1"}', false],
    ['an empty id', 'Message received from task_created: {"executionId":""}', false],
    ['an id of another type', 'Message received from task_created: {"executionId":{"a":1}}', false],
    ['an id of 257 bytes', `Message received from task_created: {"executionId":"${'x'.repeat(257)}"}`, false],
    ['broken JSON', 'Message received from task_created: {"executionId":}', false],
    ['JSON that does not end', `Message received from task_created: {"executionId":"${ID}"`, true],
    ['metrics that are broken', 'Command execution stdout: {"elapsed":}', false],
    ['metrics that do not end', 'Command execution stdout: {"elapsed":1,\n', true],
  ])('log entry - tells nothing of %s', (_name, text, isOpen) => {
    expect(readLogEntry(HEAD + text, UTC)).toEqual({ facts: [], isInvalid: true, isOpen });
  });

  it.each([
    [
      'colour codes',
      `\u001b[90m2025-11-24 13:55:34\u001b[39m \u001b[32minfo\u001b[39m: @truebit/worker-runner-node:1.0 `,
    ],
    ['the prefix of a container', `runner-node  | ${HEAD}`],
    ['a coloured prefix', `\u001b[36mrunner-node |\u001b[0m ${HEAD}`],
    ['a byte order mark', `\ufeff${HEAD}`],
    ['another level', HEAD.replace('info', 'ERROR')],
    ['no address', HEAD.replace(/-0x[0-9a-f]+/, '')],
  ])('log entry - reads a head with %s', (_name, head) => {
    expect(factsOf(`${head}Execution ${ID} completed\r\n`)).toEqual([completed]);
  });

  it('log entry - the prefix of a container stands before every line', () => {
    const lines = `${HEAD}Message received from task_created:\n{\n"executionId":\n"${ID}"}`.split('\n');
    expect(factsOf(lines.map((line) => `runner-node | ${line}`).join('\n'))).toEqual([received()]);
  });

  it.each([
    ['another program', HEAD.replace('worker-runner-node', 'hub')],
    ['no level', HEAD.replace('info: ', '')],
    ['no time', HEAD.slice(20)],
  ])('log entry - tells nothing of an entry with %s', (_name, head) => {
    expect(readLogEntry(`${head}Execution ${ID} completed`, UTC)).toEqual({
      facts: [],
      isInvalid: false,
      isOpen: false,
    });
  });

  it('log entry - a time that does not exist is none', () => {
    expect(factsOf(`${HEAD.replace('11-24', '02-30')}Execution ${ID} completed`)).toEqual([
      { ...completed, atMs: null },
    ]);
  });

  it('log entry - a time is one of the zone', () => {
    const { facts } = readLogEntry(`${HEAD}Execution ${ID} completed`, new LogTime('America/New_York'));
    expect(facts).toEqual([{ ...completed, atMs: AT_MS + 5 * 3_600_000 }]);
  });

  it('log entry - the id at the end of a cut entry is not taken', () => {
    expect(readLogEntry(`${HEAD}Starting task execution ${ID.slice(0, 9)}`, UTC, true).facts).toEqual([]);
    expect(readLogEntry(`${HEAD}Starting task execution ${ID} `, UTC, true).facts).toEqual([started]);
  });

  it('log entry - nor the id behind the word in a cut completion', () => {
    expect(readLogEntry(`${HEAD}Execution ID completed: ${ID.slice(0, 9)}`, UTC, true).facts).toEqual([]);
    expect(readLogEntry(`${HEAD}Execution ID completed: ${ID}`, UTC).facts).toEqual([completed]);
  });

  it('log entry - a number keeps its digits, however far from its name it stands', () => {
    for (const blanks of [0, 1, 64, 65, 5_000]) {
      const json = `{"executionId":${' '.repeat(blanks)}1792917253851031498}`;
      expect(factsOf(`${HEAD}Message received from task_created: ${json}`)).toMatchObject([
        { executionId: '1792917253851031498' },
      ]);
    }
  });

  it('log entry - JSON may be as large as an entry, and its depth does no harm', () => {
    const wide = JSON.stringify({
      input: Array.from({ length: 100_000 }, (_, index) => index),
      executionId: ID,
    });
    expect(factsOf(`${HEAD}Message received from task_created: ${wide}`)).toEqual([received()]);
    const deep = `${'['.repeat(300_000)}${']'.repeat(300_000)}`;
    const task = `${HEAD}Message received from task_created: {"input":${deep},"executionId":`;
    expect(factsOf(`${task}"${ID}"}`)).toEqual([received()]);
    expect(readLogEntry(`${task}1792917253851031498}`, UTC).isInvalid).toBe(true);
  });

  it('log entry - any text is read without an error', () => {
    const mark = fc.constantFrom(
      'Message received from task_created:',
      'Starting task execution',
      'Execution 1 completed',
      'Command execution stdout:',
      '{"executionId":',
      '"\\',
      '}',
      '\n',
      '\u001b[',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(mark, fc.string({ unit: 'binary' }))), fc.boolean(), (parts, isCut) => {
        for (const fact of readLogEntry(HEAD + parts.join(''), UTC, isCut).facts) {
          expect(fact).not.toMatchObject({ executionId: '' });
        }
      }),
    );
  });
});

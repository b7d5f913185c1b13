import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DoorCounts } from '../../../src/mining/sources/door-counts.ts';
import { MinerRpc, type RpcReply } from '../../../src/mining/sources/miner-rpc.ts';
import { INFORMATION } from './door.ts';
import { PARAMS } from './golden.ts';

const PEER = { machineId: '192.0.2.1', address: '192.0.2.1' };

function rpc() {
  const counts = new DoorCounts();
  const failures: unknown[] = [];
  const answers = new MinerRpc(
    {
      information: () => INFORMATION,
      submit: async () => ({ type: 'accepted', pocTime: 1n }),
      seen: (peer) => peer,
      failed: (error) => void failures.push(error),
    },
    counts,
  );
  return { answers, counts, failures };
}

/** The parts of a request, most of them nearly right. */
const id = fc.constantFrom(
  '1',
  '"a"',
  'null',
  '18446744073709551615',
  '18446744073709551616',
  '-0',
  '1.5',
  '[]',
  '""',
);
const method = fc.constantFrom('"get_mining_info"', '"submit_nonce"', '"x"', '7', 'null', '"__proto__"');
const params = fc.oneof(fc.constantFrom(PARAMS, '[]', '{}', 'null', '[1,2]'), fc.json());
const member = fc
  .tuple(
    fc
      .subarray(['jsonrpc', 'id', 'method', 'params'], { minLength: 0 })
      .chain((names) => fc.shuffledSubarray(names, { minLength: names.length })),
    id,
    method,
    params,
  )
  .map(([names, idText, methodText, paramsText]) => {
    const texts: Readonly<Record<string, string>> = {
      jsonrpc: '"2.0"',
      id: idText,
      method: methodText,
      params: paramsText,
    };
    return `{${names.map((name) => `"${name}":${texts[name]}`).join()}}`;
  });
const request = fc.oneof(
  member,
  fc.array(member, { maxLength: 5 }).map((members) => `[${members.join()}]`),
  fc.json(),
  fc.string(),
);

function shapeOf(reply: RpcReply): unknown {
  if (reply.type !== 'text') return reply.type;
  const answer = JSON.parse(reply.text) as unknown;
  return Array.isArray(answer) ? answer : [answer];
}

describe('JSON-RPC', () => {
  it('JSON-RPC - every text has an answer with a version, an id, and either a result or an error with its reason', async () => {
    const { answers, failures } = rpc();
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        const shape = shapeOf(await answers.answer(text, PEER));
        if (shape === 'not_json') {
          expect(() => void JSON.parse(text)).toThrow(SyntaxError);
          return;
        }
        for (const answer of shape as Record<string, unknown>[]) {
          expect(answer['jsonrpc']).toBe('2.0');
          expect(answer).toHaveProperty('id');
          expect('result' in answer).not.toBe('error' in answer);
          if (!('error' in answer)) continue;
          const { code, message, data } = answer['error'] as Record<string, unknown>;
          expect(code).toBeLessThan(-31_999);
          expect(data).toHaveProperty('reason', message);
        }
      }),
      { numRuns: 500 },
    );
    expect(failures).toEqual([]);
  });

  it('JSON-RPC - a request with blanks, which goes the long way, has the same answer', async () => {
    const { answers } = rpc();
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        expect(await answers.answer(` ${text}`, PEER)).toEqual(await answers.answer(text, PEER));
      }),
      { numRuns: 500 },
    );
  });

  it('JSON-RPC - each member of a batch is counted once, by its outcome', async () => {
    const { answers, counts } = rpc();
    const poll = '{"id":1,"method":"get_mining_info"}';
    await answers.answer(`[${poll},${poll},{"id":1,"method":"x"},7]`, PEER);
    const { requests, outcomes, batchMembers } = counts.snapshot(0, 1);
    expect(requests).toEqual({ get_mining_info: 2, submit_nonce: 0, other: 2 });
    expect(outcomes.other).toMatchObject({ '-32600': 1, '-32601': 1, other: 0 });
    expect(batchMembers).toBe(4);
  });
});

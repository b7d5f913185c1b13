import { describe, expect, it } from 'vitest';
import { parseLossless } from '../../../src/lib/lossless-json.ts';
import { meaningOf, type UpstreamReply } from '../../../src/mining/domain/upstream-reply.ts';

const BOUNDS = { charactersMax: 10_000, depthMax: 20, valuesMax: 1_000 };

function answer(body: string, status = 200, retryAfterMs: number | null = null): UpstreamReply {
  let parsed;
  try {
    parsed = parseLossless(body, BOUNDS);
  } catch {
    parsed = undefined;
  }
  return { type: 'answer', status, retryAfterMs, body: parsed };
}

const error = (code: number, message = 'their words') =>
  `{"jsonrpc":"2.0","id":null,"error":{"code":${code},"message":"${message}"}}`;

/** The meaning in a few words. */
function inWords(reply: UpstreamReply): string {
  const meaning = meaningOf(reply);
  switch (meaning.type) {
    case 'accepted':
      return `accepted ${meaning.rawQuality} ${meaning.pocTime}`;
    case 'refused':
      return `refused ${meaning.about} ${meaning.code}${meaning.mayBeStale ? ' may be stale' : ''}: ${meaning.text}`;
    case 'operator':
      return `operator ${meaning.code}: ${meaning.text}`;
    case 'temporary': {
      const flags = [
        meaning.isConnection ? 'connection' : '',
        meaning.isBusy ? 'busy' : '',
        meaning.retryAfterMs === null ? '' : `after ${meaning.retryAfterMs}`,
      ];
      return ['temporary', ...flags.filter((flag) => flag !== ''), meaning.reason].join(' ');
    }
  }
}

describe('upstream reply', () => {
  it.each([
    [-32001, 'refused submission -32001: their words'],
    [-32600, 'refused submission -32600: their words'],
    [-32602, 'refused submission -32602: their words'],
    [-8, 'refused submission -8 may be stale: their words'],
    [-26, 'refused submission -26 may be stale: their words'],
    [-32003, 'refused block -32003: their words'],
    [-32002, 'refused block -32002: their words'],
    [-32007, 'refused account -32007: their words'],
    [-5, 'refused account -5: their words'],
    [-32004, 'operator -32004: their words'],
    [-32005, 'operator -32005: their words'],
    [-32601, 'operator -32601: their words'],
    [-13, 'operator -13: their words'],
    [-32006, 'temporary busy error -32006: it asks for fewer requests'],
    [-10, 'temporary error -10: it is still downloading blocks'],
    [-28, 'temporary error -28: it is still starting'],
    [-32603, 'temporary error -32603'],
    [-32700, 'temporary error -32700'],
    [-32000, 'temporary error -32000'],
    [-1, 'temporary error -1'],
    [7, 'temporary error 7'],
    [0, 'temporary error 0'],
  ])('upstream reply - code %i is %s', (code, words) => {
    expect(inWords(answer(error(code)))).toBe(words);
  });

  it.each([
    [400, 'temporary HTTP status 400'],
    [401, 'operator 401: HTTP status 401'],
    [403, 'operator 403: HTTP status 403'],
    [404, 'temporary HTTP status 404: correct the path of the address'],
    [429, 'temporary busy HTTP status 429'],
    [500, 'temporary HTTP status 500'],
    [503, 'temporary HTTP status 503'],
    [301, 'temporary HTTP status 301: redirects are not followed, give the address to which it leads'],
    [304, 'temporary HTTP status 304'],
    [204, 'temporary HTTP status 204 with a body that is not JSON'],
    [200, 'temporary HTTP status 200 with a body that is not JSON'],
  ])('upstream reply - status %i without JSON is %s', (status, words) => {
    expect(inWords(answer(status === 204 ? '' : '<html>Work queue depth exceeded</html>', status))).toBe(
      words,
    );
  });

  it('upstream reply - the codes of a node stand in bodies with status 500 too, but 401, 403 and 429 decide', () => {
    expect(inWords(answer(error(-8), 500))).toBe('refused submission -8 may be stale: their words');
    expect(inWords(answer(error(-32601), 404))).toBe('operator -32601: their words');
    expect(inWords(answer(error(-32001), 401))).toBe('operator 401: their words');
    expect(inWords(answer(error(-32007), 403))).toBe('operator 403: their words');
    expect(inWords(answer(error(-32001), 429, 3000))).toBe('temporary busy after 3000 HTTP status 429');
    expect(inWords(answer('busy', 503, 2000))).toBe('temporary after 2000 HTTP status 503');
  });

  it('upstream reply - an acceptance keeps all digits, whatever its id', () => {
    const result = '{"raw_quality":18446744073709551615,"poc_time":9223372036854775808}';
    for (const body of [
      `{"jsonrpc":"2.0","id":"other","result":${result}}`,
      `{"id":null,"error":null,"result":${result}}`,
    ])
      expect(inWords(answer(body))).toBe('accepted 18446744073709551615 9223372036854775808');
  });

  it.each([
    '{"result":{"raw_quality":1}}',
    '{"result":{"poc_time":1}}',
    '{"result":{"raw_quality":"1","poc_time":1}}',
    '{"result":{"raw_quality":-1,"poc_time":1}}',
    '{"result":{"raw_quality":1.5,"poc_time":1}}',
    '{"result":{"raw_quality":18446744073709551616,"poc_time":1}}',
    '{"result":true}',
    '{"result":null}',
    '{"error":null}',
    '{"error":{"code":"-32001"}}',
    '{"error":"no"}',
    '[]',
    '{}',
    'true',
    '"<html>"',
  ])('upstream reply - %s is an outage and never an acceptance', (body) => {
    expect(meaningOf(answer(body))).toMatchObject({ type: 'temporary', isConnection: false });
  });

  it('upstream reply - no answer is temporary', () => {
    expect(inWords({ type: 'none', reason: 'the connection was refused', isConnection: true })).toBe(
      'temporary connection the connection was refused',
    );
  });

  it('upstream reply - the text is the message, else the reason; it is shortened', () => {
    const text = (error: string) => inWords(answer(`{"error":{"code":-5,${error}}}`));
    expect(text('"message":"","data":{"reason":"why"}')).toBe('refused account -5: why');
    expect(text('"data":{"error":"why"}')).toBe('refused account -5: why');
    expect(text('"data":"why"')).toBe('refused account -5: why');
    expect(text('"data":[1]')).toBe('refused account -5: error -5');
    expect(text(`"message":"${'x'.repeat(5000)}"`)).toHaveLength('refused account -5: '.length + 300);
  });
});

import { describe, expect, it } from 'vitest';
import { type DeliveryMeaning, meaningOf } from '../../../src/trades/domain/delivery-meaning.ts';

function meant(status: number, text = 'their words', retryAfterMs: number | null = null): DeliveryMeaning {
  return meaningOf({ type: 'answer', status, text, retryAfterMs });
}

const TYPES = {
  delivered: [200, 201, 202, 204, 299, 409],
  retry: [100, 199, 408, 425, 429, 500, 501, 502, 503, 504, 511, 599, 600, 999, 0],
  dead: [300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 410, 413, 415, 422, 451, 499],
} as const;

describe('delivery meaning', () => {
  it.each(Object.entries(TYPES).flatMap(([type, all]) => all.map((status) => [status, type] as const)))(
    'the status %i: %s',
    (status, type) => {
      const meaning = meant(status);
      expect(meaning).toMatchObject({ type, attempt: { status, response: 'their words' } });
      expect(meaning.attempt.reason).toMatch(new RegExp(`^HTTP status ${status}\\b`));
      expect(meaning.attempt.reason).not.toContain('words');
    },
  );

  it('only 409 says that the backend had it before', () => {
    expect([meant(200), meant(409)]).toMatchObject([{ isRepeat: false }, { isRepeat: true }]);
  });

  it('a redirect and a refusal say what to do', () => {
    const reasons = [302, 401, 404, 413].map((status) => meant(status).attempt.reason);
    expect(reasons).toEqual([
      'HTTP status 302: redirects are not followed, set AGGREGATOR_BACKEND_URL to the address to which it leads',
      'HTTP status 401: the backend refuses the signature, the key or the token',
      'HTTP status 404: nothing takes summaries at this address, see AGGREGATOR_BACKEND_URL',
      'HTTP status 413: the summary is too long for the backend',
    ]);
  });

  it('a wait of a minute and more is told', () => {
    const reasons = [null, 59_999, 60_000, 3_600_000].map((waitMs) => meant(503, '', waitMs).attempt.reason);
    expect(reasons).toEqual([
      'HTTP status 503',
      'HTTP status 503',
      'HTTP status 503: the backend asks for a wait of 60 s',
      'HTTP status 503: the backend asks for a wait of 3600 s',
    ]);
  });

  it.each([true, false])('no answer is asked again (isConnection %s)', (isConnection) => {
    expect(meaningOf({ type: 'none', reason: 'the connection was refused', isConnection })).toEqual({
      type: 'retry',
      retryAfterMs: null,
      isConnection,
      attempt: { status: null, reason: 'the connection was refused', response: '' },
    });
  });

  it('a wait that the backend asks for is heeded for each status that is asked again', () => {
    for (const status of [408, 425, 429, 500, 503])
      expect(meant(status, '', 7000)).toMatchObject({
        type: 'retry',
        retryAfterMs: 7000,
        isConnection: false,
      });
  });

  it('of an answer to an attempt that is repeated 1,024 characters are kept, of others all', () => {
    const text = 'x'.repeat(65_536);
    expect([500, 400, 200].map((status) => meant(status, text).attempt.response.length)).toEqual([
      1024, 65_536, 65_536,
    ]);
  });
});

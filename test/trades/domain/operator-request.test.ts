import { describe, expect, it } from 'vitest';
import {
  decodeOperatorRequest,
  LISTED_MAX,
  REPLAY_IDS_MAX,
} from '../../../src/trades/domain/operator-request.ts';
import { CONTROL_REQUEST_BYTES_MAX } from '../../../src/io/control-socket.ts';

const most = Array.from({ length: REPLAY_IDS_MAX }, (_, nth) => Number.MAX_SAFE_INTEGER - nth);

describe('operator request', () => {
  it.each([
    [{ type: 'listOutbox', state: null, limit: 1 }],
    [{ type: 'listOutbox', state: 'dead', limit: LISTED_MAX }],
    [{ type: 'replay', ids: [1] }],
    [{ type: 'replay', ids: most }],
    [{ type: 'replay', ids: 'all' }],
  ])('is decoded', (request) => {
    expect(decodeOperatorRequest({ ...request, more: 1 })).toEqual(request);
    expect(JSON.stringify(request).length).toBeLessThan(CONTROL_REQUEST_BYTES_MAX);
  });

  it.each([
    [null, 'A request is an object.'],
    [[], 'A request is an object.'],
    [{ type: 'drop' }, 'There is no such request.'],
    [{ type: 'listOutbox', limit: 1 }, 'The state of an entry is one of waiting, delivered, dead.'],
    [
      { type: 'listOutbox', state: 'toString', limit: 1 },
      'The state of an entry is one of waiting, delivered, dead.',
    ],
    [{ type: 'listOutbox', state: null, limit: 0 }, 'The limit is a whole number from 1 to 1000.'],
    [{ type: 'listOutbox', state: null, limit: 1001 }, 'The limit is a whole number from 1 to 1000.'],
    [{ type: 'listOutbox', state: null, limit: Number.NaN }, 'The limit is a whole number from 1 to 1000.'],
    [{ type: 'replay' }, 'The id of an entry is a whole number from 1, as `outbox list` shows it.'],
    [
      { type: 'replay', ids: [1, '2'] },
      'The id of an entry is a whole number from 1, as `outbox list` shows it.',
    ],
    [{ type: 'replay', ids: [0] }, 'The id of an entry is a whole number from 1, as `outbox list` shows it.'],
    [{ type: 'replay', ids: [] }, 'Between 1 and 200 ids can be given at once, or --all.'],
    [{ type: 'replay', ids: [...most, 1] }, 'Between 1 and 200 ids can be given at once, or --all.'],
  ])('%j is refused', (request, sentence) => {
    expect(decodeOperatorRequest(request)).toBe(sentence);
  });
});

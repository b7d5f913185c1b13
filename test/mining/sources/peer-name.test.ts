import { describe, expect, it } from 'vitest';
import { fitConnections, shareOfOneAddress } from '../../../src/mining/sources/connection-limit.ts';
import {
  isLoopback,
  isMinerName,
  shownAddress,
  TrustedProxies,
} from '../../../src/mining/sources/peer-name.ts';
import { openDoor, post } from './door.ts';

const TEXT = '{"id":1,"method":"get_mining_info"}';

describe('machine id', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['::1', '::1'],
    ['192.0.2.256', null],
    ['', null],
    ['<b>', null],
  ])('machine id - the address %s is shown as %s', (text, shown) => {
    expect(shownAddress(text)).toBe(shown);
  });

  it('machine id - loopback is 127.0.0.0/8 and ::1', () => {
    expect(
      ['127.0.0.1', '127.9.9.9', '::1', '128.0.0.1', '127.0.0.1.example', '::2'].map(isLoopback),
    ).toEqual([true, true, true, false, false, false]);
  });

  it.each([
    ['rig-1', true],
    ['rig 1', true],
    ['<script>alert(1)</script>', true],
    ['a@b', true],
    ['x'.repeat(64), true],
    ['x'.repeat(65), false],
    ['', false],
    ['   ', false],
    ['rig\u0007', false],
    ['rig\u007f', false],
    ['rüg', false],
  ])('machine id - %j as a name counts: %s', (name, counts) => {
    expect(isMinerName(name)).toBe(counts);
  });

  it.each([
    // An untrusted peer may write what it wants.
    ['192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['10.1.2.3', '198.51.100.7', '198.51.100.7'],
    ['10.1.2.3', undefined, '10.1.2.3'],
    // Only the last address that is no proxy was not written by the client.
    ['10.1.2.3', '203.0.113.9, 198.51.100.7', '198.51.100.7'],
    ['10.1.2.3', '203.0.113.9, 198.51.100.7, 10.0.0.9', '198.51.100.7'],
    ['10.1.2.3', '10.0.0.8, 10.0.0.9', '10.0.0.8'],
    ['10.1.2.3', '198.51.100.7, nonsense', '10.1.2.3'],
    ['10.1.2.3', 'nonsense, 10.0.0.9', '10.0.0.9'],
    ['10.1.2.3', '', '10.1.2.3'],
    ['10.1.2.3', '198.51.100.7:4711', '198.51.100.7'],
    ['10.1.2.3', '[2001:db8::7]:4711', '2001:db8::7'],
    ['10.1.2.3', '::ffff:198.51.100.7', '198.51.100.7'],
    ['2001:db8::5', '198.51.100.7', '198.51.100.7'],
    ['2001:db8::6', '198.51.100.7', '2001:db8::6'],
  ])('machine id - a connection of %s with the header %s is the client %s', (address, header, client) => {
    const proxies = new TrustedProxies(['10.0.0.0/8', '2001:db8::5']);
    expect(proxies.clientOf(address, header)).toBe(client);
  });

  it.each(['10.0.0.0/33', '10.0.0', 'proxy.example', '::/129', '', '10.0.0.0/'])(
    'machine id - %j is no trusted proxy',
    (entry) => {
      expect(() => new TrustedProxies([entry])).toThrow('is neither an address nor a network');
    },
  );

  it('machine id - three miners behind one address with names are three, and a name with markup stays text', async () => {
    await using open = await openDoor();
    const client = await open.connect();
    for (const name of ['a', 'b', '<script>alert(1)</script>', 'x'.repeat(65), 'rüg']) {
      await client.ask(post(TEXT, { 'x-miner': Buffer.from(name).toString('latin1') }));
    }
    await client.ask(post(TEXT));
    expect(open.told.peers).toEqual([
      { machineId: 'a@127.0.0.1', address: '127.0.0.1' },
      { machineId: 'b@127.0.0.1', address: '127.0.0.1' },
      { machineId: '<script>alert(1)</script>@127.0.0.1', address: '127.0.0.1' },
      { machineId: '127.0.0.1', address: '127.0.0.1' },
      { machineId: '127.0.0.1', address: '127.0.0.1' },
      { machineId: '127.0.0.1', address: '127.0.0.1' },
    ]);
    expect(open.door.counts.ignoredNames).toBe(2);
  });

  it('machine id - the header of a trusted proxy may change on one connection', async () => {
    await using open = await openDoor({ trustedProxies: ['127.0.0.0/8'] });
    const client = await open.connect();
    for (const address of ['198.51.100.7', '198.51.100.8']) {
      await client.ask(post(TEXT, { 'x-forwarded-for': address, 'x-miner': 'rig' }));
    }
    expect(open.told.peers.map(({ machineId }) => machineId)).toEqual([
      'rig@198.51.100.7',
      'rig@198.51.100.8',
    ]);
  });
});

describe('limit of connections', () => {
  it.each([
    [null, 16_384],
    [1_048_576, 16_384],
    [65_536, 16_384],
    [16_384, 12_288],
    [1_024, 768],
    [511, 255],
    [256, 128],
    [1, 1],
  ])('limit of connections - with %s open files it is %s', (openFiles, connectionsMax) => {
    const limit = fitConnections(openFiles);
    expect(limit.connectionsMax).toBe(connectionsMax);
    if (connectionsMax === 16_384) expect(limit.warning).toBeNull();
    else
      expect(limit.warning).toContain(
        `The limit of open files is ${openFiles}, so at most ${connectionsMax} miners`,
      );
  });

  it('limit of connections - one address may have seven eighths', () => {
    expect([16_384, 768, 8, 1].map(shareOfOneAddress)).toEqual([14_336, 672, 7, 1]);
  });
});

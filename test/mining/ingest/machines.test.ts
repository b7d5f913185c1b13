// Which machine a request counts as, at and above the limits, and what the journal is told of it.

import { describe, expect, it } from 'vitest';
import { MACHINE_ACTIVE_MS, MACHINE_MEMORY_MS, Machines } from '../../../src/mining/ingest/machines.ts';

const at = (address: string, name?: string) => ({
  machineId: name === undefined ? address : `${name}@${address}`,
  address,
});

describe('machines', () => {
  it('machines - each name behind one address is a machine, and the journal is told of it once with its polls', () => {
    const machines = new Machines();
    for (const name of ['a', 'b', 'a']) machines.seen(at('192.0.2.1', name), 1_000);
    expect(machines.take(77, 1_000)).toEqual([
      { type: 'seen', atMs: 77, machineId: 'a@192.0.2.1', address: '192.0.2.1', polls: 2 },
      { type: 'seen', atMs: 77, machineId: 'b@192.0.2.1', address: '192.0.2.1', polls: 1 },
    ]);
    expect(machines.take(78, 1_001)).toEqual([]);
  });

  it('machines - a name above the limit of its address counts as the address; other addresses keep theirs', () => {
    const machines = new Machines({ machinesMax: 100, namesMax: 2 });
    for (const name of ['a', 'b', 'c', 'd']) machines.seen(at('192.0.2.1', name), 0);
    expect(machines.seen(at('192.0.2.1', 'e'), 0)).toEqual(at('192.0.2.1'));
    expect(machines.seen(at('192.0.2.1', 'a'), 0)).toEqual(at('192.0.2.1', 'a'));
    expect(machines.seen(at('192.0.2.2', 'a'), 0)).toEqual(at('192.0.2.2', 'a'));
    expect(machines.counts).toEqual({ known: 4, folded: 3 });
  });

  it('machines - the addresses of one IPv6 network count like names of one address', () => {
    const machines = new Machines({ machinesMax: 100, namesMax: 2 });
    for (const host of [1, 2, 3, 4]) machines.seen(at(`2001:db8::${host}`), 0);
    expect(machines.seen(at('2001:db8::5', 'e'), 0).machineId).toBe('2001:db8:0:0::/64');
    expect(machines.seen(at('2001:db8::1'), 0).machineId).toBe('2001:db8::1');
    expect(machines.seen(at('2001:db8:0:1::1'), 0).machineId).toBe('2001:db8:0:1::1');
    expect(machines.counts).toEqual({ known: 4, folded: 3 });
  });

  it('machines - above the limit of all, a new one counts as `other`, and one that fell silent makes room', () => {
    const machines = new Machines({ machinesMax: 2, namesMax: 10 });
    machines.seen(at('192.0.2.1'), 0);
    machines.seen(at('192.0.2.2'), 10);
    const folded = machines.seen(at('192.0.2.3'), 20);
    expect(folded).toEqual({ machineId: 'other', address: '192.0.2.3' });
    machines.take(0, MACHINE_MEMORY_MS + 20);
    expect(machines.counts.known).toBe(0);
    expect(machines.seen(at('192.0.2.3'), 30)).toEqual(at('192.0.2.3'));
  });

  it('machines - a name makes room when its machine fell silent', () => {
    const machines = new Machines({ machinesMax: 10, namesMax: 1 });
    machines.seen(at('192.0.2.1', 'a'), 0);
    expect(machines.seen(at('192.0.2.1', 'b'), 1).machineId).toBe('192.0.2.1');
    machines.take(0, MACHINE_MEMORY_MS);
    expect(machines.seen(at('192.0.2.1', 'b'), MACHINE_MEMORY_MS).machineId).toBe('b@192.0.2.1');
  });

  it('machines - one is active for five minutes', () => {
    const machines = new Machines();
    expect(machines.isAnyActive(0)).toBe(false);
    machines.seen(at('192.0.2.1'), 1_000);
    expect(machines.isAnyActive(1_000 + MACHINE_ACTIVE_MS - 1)).toBe(true);
    expect(machines.isAnyActive(1_000 + MACHINE_ACTIVE_MS)).toBe(false);
  });
});

// The machines that were heard: gives each request its machine within the limits, and tells the journal from time to
// time who was heard and how often. It keeps no state of a machine; actors do.

import type { Fact } from '../domain/facts.ts';
import { networkOf } from '../domain/address-network.ts';
import type { Peer } from '../domain/submission.ts';

/**
 * Maximum number of machines that are told apart. Requests of further ones count as the machine {@link OTHER_MACHINE}:
 * an attacker with many addresses must not fill memory, database and dashboard.
 */
export const MACHINES_MAX = 50_000;
/**
 * Maximum number of names that one address may use in `X-Miner`; a further name counts as the address alone. An IPv6
 * network of 64 bits is one address here: its addresses count like names, and further ones count as the network.
 */
export const NAMES_PER_ADDRESS_MAX = 10_000;
/** The machine of all requests above {@link MACHINES_MAX}. */
export const OTHER_MACHINE = 'other';
/** A machine that was silent for this long makes room. */
export const MACHINE_MEMORY_MS = 86_400_000;
/** A machine counts as active for this long after a request. */
export const MACHINE_ACTIVE_MS = 300_000;

interface Heard {
  readonly address: string;
  lastSeenMs: number;
  /** Requests since the journal was last told. */
  polls: number;
}

/** Counts for metrics. */
export interface MachineCounts {
  /** Machines told apart at present. */
  readonly known: number;
  /** Requests whose machine was one too many: counted as {@link OTHER_MACHINE}, or as their address alone. */
  readonly folded: number;
}

/** Knows which machines were heard; all times are ms of one clock, given by the caller. */
export class Machines {
  readonly #heard = new Map<string, Heard>();
  /** Number of machines by network, those without a name of an IPv4 address left out. */
  readonly #names = new Map<string, number>();
  readonly #limits: { readonly machinesMax: number; readonly namesMax: number };
  #lastSeenMs = -Infinity;
  #folded = 0;

  /** Tests hand in smaller limits. */
  constructor(limits = { machinesMax: MACHINES_MAX, namesMax: NAMES_PER_ADDRESS_MAX }) {
    this.#limits = limits;
  }

  /** Notes a request, and returns the peer as which it counts. */
  seen(peer: Peer, nowMs: number): Peer {
    this.#lastSeenMs = nowMs;
    // Most requests come from a machine that is known.
    const known = this.#heard.get(peer.machineId);
    if (known !== undefined) {
      known.lastSeenMs = nowMs;
      known.polls++;
      return peer;
    }
    return this.#fold(peer, nowMs);
  }

  #fold(peer: Peer, nowMs: number): Peer {
    let counted = peer;
    let heard: Heard | undefined;
    if (this.#isOneNameTooMany(counted)) {
      counted = { machineId: networkOf(peer.address), address: peer.address };
      heard = this.#heard.get(counted.machineId);
      this.#folded++;
    }
    if (heard === undefined && this.#heard.size >= this.#limits.machinesMax) {
      counted = { machineId: OTHER_MACHINE, address: peer.address };
      heard = this.#heard.get(OTHER_MACHINE);
      this.#folded++;
    }
    heard ??= this.#add(counted, nowMs);
    heard.lastSeenMs = nowMs;
    heard.polls++;
    return counted;
  }

  /** True if any machine was heard in the last {@link MACHINE_ACTIVE_MS}. */
  isAnyActive(nowMs: number): boolean {
    return nowMs - this.#lastSeenMs < MACHINE_ACTIVE_MS;
  }

  /** Returns a fact for each machine that was heard since the last call, and forgets machines that fell silent. */
  take(atMs: number, nowMs: number): readonly Fact[] {
    const facts: Fact[] = [];
    for (const [machineId, heard] of this.#heard) {
      const { address, polls, lastSeenMs } = heard;
      if (polls > 0) facts.push({ type: 'seen', atMs, machineId, address, polls });
      heard.polls = 0;
      if (nowMs - lastSeenMs >= MACHINE_MEMORY_MS) this.#remove(machineId, heard);
    }
    return facts;
  }

  get counts(): MachineCounts {
    return { known: this.#heard.size, folded: this.#folded };
  }

  #isOneNameTooMany({ machineId, address }: Peer): boolean {
    const network = networkOf(address);
    return machineId !== network && (this.#names.get(network) ?? 0) >= this.#limits.namesMax;
  }

  #add({ machineId, address }: Peer, nowMs: number): Heard {
    const heard = { address, lastSeenMs: nowMs, polls: 0 };
    this.#heard.set(machineId, heard);
    if (!isNamed(machineId, address)) return heard;
    const network = networkOf(address);
    this.#names.set(network, (this.#names.get(network) ?? 0) + 1);
    return heard;
  }

  #remove(machineId: string, { address }: Heard): void {
    this.#heard.delete(machineId);
    if (!isNamed(machineId, address)) return;
    const network = networkOf(address);
    const names = (this.#names.get(network) ?? 0) - 1;
    if (names > 0) this.#names.set(network, names);
    else this.#names.delete(network);
  }
}

function isNamed(machineId: string, address: string): boolean {
  return machineId !== networkOf(address) && machineId !== OTHER_MACHINE;
}

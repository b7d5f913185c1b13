// Processes of a cluster without their logs: the main thread's part of each, over real brokers. Where a replica is in its
// log the test says itself.

import { onTestFinished } from 'vitest';
import { ClusterLink, type ClusterLinkSettings } from '../../../src/federation/cluster/link.ts';
import type { ClusterConfig, Membership, ReplicaPosition } from '../../../src/federation/domain/cluster.ts';
import type { Identity } from '../../../src/federation/domain/identity.ts';
import { readSettings } from '../../../src/federation/config/settings.ts';
import { randomShare, systemClock } from '../../../src/lib/clock.ts';
import type { CodedError } from '../../../src/lib/errors.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import type { NatsCluster } from '../../support/nats-cluster.ts';

/** What a test may say about a process. */
export interface MemberOptions {
  readonly replica: string;
  readonly hasRows?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** One process. */
export class Member {
  readonly link: ClusterLink;
  readonly said: string[] = [];
  fatal: CodedError | null = null;
  membership: Membership | null = null;
  identity: Identity;
  aggregatorId: string;
  position: ReplicaPosition = {
    logSeq: 0,
    progress: 0,
    sources: [],
    holes: 0,
    control: null,
    nodesDigest: 'same',
  };

  constructor(cluster: NatsCluster, { replica, hasRows = false, env = {} }: MemberOptions) {
    this.aggregatorId = `id-of-${replica}`;
    const letter = replica.charCodeAt(0).toString(16).at(-1) ?? '0';
    this.identity = {
      salt: letter.repeat(64),
      statisticsKey: { x: letter.repeat(43), d: letter.repeat(43) },
    };
    const { settings } = readSettings({ ...cluster.env, CLUSTER: 'trial', REPLICA: replica, ...env });
    if (settings.cluster === null) throw new Error('CLUSTER is unset.');
    const own: ClusterLinkSettings = { ...settings, cluster: settings.cluster };
    this.link = new ClusterLink(own, {
      nats: () => ({
        servers: cluster.urls,
        user: cluster.login.user,
        password: cluster.login.pass,
        token: null,
        credsFile: null,
        caFile: null,
        certFile: null,
        keyFile: null,
        inboxPrefix: null,
      }),
      own: () => ({
        membership: this.membership,
        identity: this.identity,
        aggregatorId: this.aggregatorId,
        hasRows,
      }),
      position: () => this.position,
      isReady: () => true,
      http: () => `${replica}.example:8080`,
      version: '1.0.0',
      becamePublisher: () => undefined,
      join: async (membership, config) => this.#join(membership, config),
      clock: systemClock,
      timers: systemTimers,
      random: randomShare,
      log: (level, sentence) => void this.said.push(`${level} ${sentence}`),
      fatal: (error) => {
        this.fatal = error;
      },
    });
  }

  #join(membership: Membership, { identity, aggregatorId }: ClusterConfig): void {
    this.membership = membership;
    this.identity = identity;
    this.aggregatorId = aggregatorId;
  }

  knows(control: string | null): void {
    this.position = { ...this.position, control };
  }

  progressed(progress: number, logSeq: number, nodesDigest = 'same'): void {
    this.position = { ...this.position, progress, logSeq, nodesDigest };
  }
}

/** Starts a process, which ends with the test. */
export async function launchMember(cluster: NatsCluster, options: MemberOptions): Promise<Member> {
  const member = new Member(cluster, options);
  let isStopped = false;
  const stop = member.link.stop.bind(member.link);
  member.link.stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await stop();
  };
  onTestFinished(() => member.link.stop());
  await member.link.start();
  return member;
}

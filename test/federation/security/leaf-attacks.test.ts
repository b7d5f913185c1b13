// The shipped broker with its leaf nodes switched on, a real site behind it and the real program, under attack at the
// leaf port and at the WebSocket port: by clients with and without the site's password.

import { jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAtLeast, parseVersion } from '../../../src/io/embedded-broker/version.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { type OwnFolder, ownFolder } from '../../support/embedded.ts';
import { counted } from '../../support/federation.ts';
import { freePort } from '../../support/free-port.ts';
import { heartbeat } from '../../support/messages.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { at, connectTo, launchBroker, testFolder } from '../../support/program.ts';
import {
  leafConnect,
  leafMessage,
  leafOverTcp,
  leafOverWebSocket,
  type RawLeaf,
} from '../../support/raw-leaf.ts';
import {
  PASSWORDS,
  SHIPPED_WITH_LEAVES,
  type ShippedBroker,
  writeBroker,
  writeLeaf,
} from '../../support/shipped-broker.ts';
import { until } from '../../support/until.ts';

const STREAM = 'TRUEBIT_INGEST';
const SITE = { user: 'site', pass: PASSWORDS.NATS_SITE_PASSWORD };
const AGGREGATOR = {
  user: 'aggregator',
  pass: PASSWORDS.NATS_AGGREGATOR_PASSWORD,
  inboxPrefix: '_AGG',
};
const LIE = '{"lie":true}';
const THEFT = JSON.stringify({ stream_name: STREAM, config: { deliver_subject: '_INBOX.loot' } });
/** The subject to which an attacker wants answers; every monitor hears it. */
const LOOT = '_INBOX.loot';

interface Listener {
  readonly connection: NatsConnection;
  readonly heard: { subject: string; text: string }[];
}

let own: OwnFolder;
let broker: ShippedBroker;
let hub: NatsServer;
let site: NatsServer;
let program: Aggregator;
/** Every message in the federation's account. */
let aggregator: Listener;
let monitor: Listener;
let monitorOfSite: Listener;
let atFirst: StreamInfo;
let sent = 0;

beforeAll(async () => {
  Object.assign(process.env, PASSWORDS);
  own = await ownFolder('leaf-attacks');
  broker = await writeBroker(own.folder, SHIPPED_WITH_LEAVES);
  hub = await startNatsServer({ port: await freePort(), configurationFile: broker.file });
  site = await startNatsServer({
    port: await freePort(),
    configurationFile: writeLeaf(own.folder, broker.leafPort),
  });
  program = startAggregator(
    at(hub.url, own, { NATS_PASSWORD: PASSWORDS.NATS_AGGREGATOR_PASSWORD, PUBLISH_INTERVAL: '300' }),
  );
  await program.ready();
  aggregator = await listen(await connect({ servers: hub.url, ...AGGREGATOR }), ['>']);
  monitor = await listen(await connect({ servers: hub.url }), ['truebit.>', '_INBOX.>']);
  monitorOfSite = await listen(await connect({ servers: site.url }), ['truebit.>', '_INBOX.>']);
  await everybodyHears();
  await sendFromSite('node-of-the-site');
  atFirst = await stream();
});

afterAll(async () => {
  await Promise.all([aggregator, monitor, monitorOfSite].map(({ connection }) => connection.close()));
  await program.stop();
  await Promise.all([hub.stop(), site.stop()]);
  for (const name of Object.keys(PASSWORDS)) Reflect.deleteProperty(process.env, name);
});

async function listen(connection: NatsConnection, subjects: readonly string[]): Promise<Listener> {
  const heard: Listener['heard'] = [];
  for (const subject of subjects)
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) heard.push({ subject: message.subject, text: message.string() });
      },
    });
  await connection.flush();
  return { connection, heard };
}

let markers = 0;

/** Waits until a message of the aggregator has reached every listener; earlier messages have then arrived too. */
async function everybodyHears(listeners: readonly Listener[] = [aggregator, monitor, monitorOfSite]) {
  const first = ++markers;
  const isMarker = ({ subject, text }: Listener['heard'][number]) =>
    subject === 'truebit.stats.marker' && Number(text) >= first;
  await until('a marker to be heard by all', () => {
    if (listeners.every(({ heard }) => heard.some(isMarker))) return true;
    aggregator.connection.publish('truebit.stats.marker', String(markers++));
    return false;
  });
}

async function stream(): Promise<StreamInfo> {
  return (await jetstreamManager(aggregator.connection)).streams.info(STREAM);
}

async function sendFromSite(nodeId: string): Promise<void> {
  const { subject, payload } = heartbeat(nodeId);
  monitorOfSite.connection.publish(subject, payload);
  sent++;
  await monitorOfSite.connection.flush();
  await counted(program, sent);
}

/** The messages heard that only an attacker can have sent or requested. */
function liesAt({ heard }: Listener): string[] {
  return heard
    .filter(({ subject, text }) => text.includes('"lie"') || subject.startsWith(LOOT))
    .map(({ subject }) => subject);
}

/** Checks that no forged message was heard in the federation, that the stream is unchanged, and that it still works. */
async function expectFederationUntouched(): Promise<void> {
  await everybodyHears();
  expect(liesAt(aggregator)).toEqual([]);
  expect(liesAt(monitor)).toEqual([]);
  const { config, state } = await stream();
  expect(config).toEqual(atFirst.config);
  expect(state).toMatchObject({ first_seq: 1, last_seq: sent, messages: sent });
  await sendFromSite('node-of-the-site');
}

const FORGERIES = [
  'truebit.stats.aggregated',
  'truebit.stats.period.1h',
  'truebit.federation.join',
  'truebit.nodes',
  '_AGG.x',
  '_AGG.mapping.answered',
  '_INBOX.x',
  'ingest.x',
  'anything',
];
const INTERFACES = [
  '$JS.API.INFO',
  `$JS.API.STREAM.INFO.${STREAM}`,
  `$JS.API.STREAM.PURGE.${STREAM}`,
  `$JS.API.CONSUMER.CREATE.${STREAM}`,
  `$JS.API.STREAM.DELETE.${STREAM}`,
  '$SYS.REQ.SERVER.PING',
  '$SYS.REQ.SERVER.PING.VARZ',
  '$SYS.REQ.ACCOUNT.FEDERATION.CONNZ',
];
/** A leaf may ask for the connections of its own account. */
const OF_OWN_ACCOUNT = [
  '$SYS.REQ.ACCOUNT.PING.CONNZ',
  '$SYS.REQ.ACCOUNT.PING.STATZ',
  '$SYS.REQ.SERVER.PING.CONNZ',
];

/** Forgeries, and requests that are complete: a broker answers a faulty one before it asks whose it is. */
function words(interfaces: readonly string[]): string {
  return [
    `LS+ ${LOOT}\r\n`,
    ...FORGERIES.map((subject) => leafMessage(subject, LIE)),
    ...interfaces.map((subject) => leafMessage(subject, subject.includes('CREATE') ? THEFT : '', LOOT)),
  ].join('');
}

async function answered(leaf: RawLeaf, what: string): Promise<void> {
  await until(`the broker to say ${what}`, () => leaf.said().includes(what) || leaf.isClosed());
}

const ROUTES = [
  ['over TCP', () => leafOverTcp(broker.leafPort)],
  ['over WebSocket', () => leafOverWebSocket(broker.wsPort)],
] as const;
const STRANGERS = [
  ['without a user', {}],
  ['as monitor', { user: 'monitor', pass: PASSWORDS.NATS_MONITOR_PASSWORD }],
  ['as site, with a wrong password', { user: 'site', pass: 'wrong' }],
  ['as site, without a password', { user: 'site' }],
  ['as a user of the federation', { user: AGGREGATOR.user, pass: AGGREGATOR.pass }],
] as const;

describe.each(ROUTES)('leaf attacks - %s', (_route, open) => {
  it.each(STRANGERS)('attack: speak as a leaf node %s', async (_who, credentials) => {
    const hurried = await open();
    hurried.write(`${leafConnect(credentials)}${words([...INTERFACES, ...OF_OWN_ACCOUNT])}PING\r\n`);
    const patient = await open();
    patient.write(`${leafConnect(credentials)}PING\r\n`);
    await answered(patient, 'PONG');
    if (!patient.isClosed()) patient.write(words([...INTERFACES, ...OF_OWN_ACCOUNT]));
    for (const leaf of [hurried, patient]) {
      await until('the broker to hang up', () => leaf.isClosed());
      expect(leaf.said()).toContain('Authorization Violation');
      expect(leaf.said()).not.toMatch(/PONG|LMSG|LS\+/);
    }
    await expectFederationUntouched();
    expect(liesAt(monitorOfSite)).toEqual([]);
  });

  it("attack: with the site's password, forge statistics in the federation, touch the stream, ask the system", async () => {
    const hurried = await open();
    hurried.write(`${leafConnect(SITE)}${words(INTERFACES)}PING\r\n`);
    const patient = await open();
    patient.write(`${leafConnect(SITE)}PING\r\n`);
    await answered(patient, 'PONG');
    patient.write(`${words(INTERFACES)}PING\r\n`);
    await answered(hurried, 'PONG');
    await until('both to be heard out', () => patient.said().split('PONG').length === 3);
    await expectFederationUntouched();
    for (const leaf of [hurried, patient]) expect(leaf.said()).not.toContain(`LMSG ${LOOT}`);
    // The attacker deceives the other site (below), but does not reach its inboxes.
    expect(liesAt(monitorOfSite).filter((subject) => !subject.startsWith('truebit.'))).toEqual([]);
    monitorOfSite.heard.length = 0;
  });

  it("attack: with the site's password, have the broker purge the stream by the reply subject of a message", async () => {
    const leaf = await open();
    leaf.write(`${leafConnect(SITE)}PING\r\n`);
    await answered(leaf, 'PONG');
    const { payload } = heartbeat('node-of-a-vandal');
    // The second message has the subject of a site without a mapping.
    for (const subject of ['ingest.heartbeat', 'truebit.heartbeat']) {
      leaf.write(leafMessage(subject, payload, `$JS.API.STREAM.PURGE.${STREAM}`));
      sent++;
    }
    await counted(program, sent);
    await expectFederationUntouched();
    expect(monitor.heard.filter(({ text }) => text === payload)).toEqual([]);
    expect(monitorOfSite.heard.filter(({ text }) => text === payload)).toEqual([]);
  });

  it("nothing stops: with the site's password, hear and deceive the other sites of its account", async () => {
    const leaf = await open();
    leaf.write(`${leafConnect(SITE)}LS+ ingest.>\r\nLS+ ${LOOT}\r\nPING\r\n`);
    await answered(leaf, 'PONG');
    // The answer shows the connected sites, but no connection of the federation or behind a site.
    for (const subject of OF_OWN_ACCOUNT) leaf.write(leafMessage(subject, LIE, LOOT));
    await until('the other sites', () => leaf.said().includes('"name":"truebit-leaf"'));
    await until('what their nodes say', async () => {
      await sendFromSite('node-that-is-overheard');
      return leaf.said().includes('node-that-is-overheard');
    });
    leaf.write(leafMessage('truebit.stats.aggregated', LIE));
    await until('the other site to be deceived', () => liesAt(monitorOfSite).length > 0);
    expect(new Set(liesAt(monitorOfSite))).toEqual(new Set(['truebit.stats.aggregated']));
    monitorOfSite.heard.length = 0;
    await expectFederationUntouched();
    expect(leaf.said()).not.toContain('"kind":"Client"');
    leaf.end();
  });
});

/** Newer servers know before login that a leaf is no client (CVE-2026-58253). */
function readsBeforeLogin(text = ''): boolean {
  const version = parseVersion(text) ?? [0, 0, 0];
  const [major, minor] = version;
  const since = ({ 11: [2, 11, 16], 12: [2, 12, 7] } as const)[minor] ?? ([2, 14, 0] as const);
  return major !== 2 || !isAtLeast(version, since);
}

describe.each(ROUTES)('leaf attacks - before login, %s', (_route, open) => {
  it('nothing stops on an older nats-server: a first line before login may be any message in the federation', async () => {
    const isOpen = readsBeforeLogin(monitor.connection.info?.version);
    for (const [subject, heardAs] of [
      ['truebit.stats.aggregated', 'truebit.stats.aggregated'],
      ['_AGG.x', '_AGG.x'],
      [`$JS.API.STREAM.INFO.${STREAM}`, LOOT],
    ] as const) {
      const leaf = await open();
      leaf.write(leafMessage(subject, LIE, LOOT));
      if (isOpen) await until('the lie to be heard', () => liesAt(aggregator).includes(heardAs));
      else await until('the broker to hang up', () => leaf.isClosed());
      leaf.end();
    }
    await everybodyHears();
    expect(liesAt(monitor)).toEqual(isOpen ? ['truebit.stats.aggregated', LOOT] : []);
    for (const { heard } of [aggregator, monitor, monitorOfSite]) heard.length = 0;
    await expectFederationUntouched();
  });
});

/** As docs/operations.md says: a site that shares its account with no other. */
function withSecondSite(text: string): string {
  const users = `users: [
    { user: "site", password: $NATS_SITE_PASSWORD, account: "SITES" }
    { user: "site-b", password: "siteBSecret", account: "SITE_B" }
  ]`;
  const account = /^ {2}SITES \{[^]*?\n {2}\}\n/m.exec(text)?.[0] ?? '';
  const imports = /^ *\{ stream: \{ account: "SITES".*\n/gm;
  return text
    .replace(account, `${account}${account.replace('SITES', 'SITE_B')}`)
    .replace(/user: "site", password: \$NATS_SITE_PASSWORD, account: "SITES"/, users)
    .replace(imports, (line) => `${line}${line.replace('SITES', 'SITE_B')}`);
}

describe('leaf attacks - between sites', () => {
  it('attack: hear or deceive a site that has an account of its own', async () => {
    const { folder } = await testFolder('two-sites');
    const { file, leafPort } = await writeBroker(folder, withSecondSite(SHIPPED_WITH_LEAVES));
    const { url } = await launchBroker({ port: await freePort(), configurationFile: file });
    const listener = await listen(await connectTo(url, AGGREGATOR), ['>']);
    const [first, second] = [await leafOverTcp(leafPort), await leafOverTcp(leafPort)];
    first.write(`${leafConnect(SITE)}LS+ >\r\nPING\r\n`);
    second.write(`${leafConnect({ user: 'site-b', pass: 'siteBSecret' })}LS+ >\r\nPING\r\n`);
    for (const leaf of [first, second]) await answered(leaf, 'PONG');
    first.write(
      `${leafMessage('truebit.stats.aggregated', LIE)}${leafMessage('ingest.heartbeat', LIE)}PING\r\n`,
    );
    await until('the first to be heard out', () => first.said().split('PONG').length === 3);
    second.write(leafMessage('ingest.heartbeat', '"from the second"'));
    await until('both at the broker', () => listener.heard.length === 2);
    expect(listener.heard.map(({ text }) => text)).toEqual([LIE, '"from the second"']);
    listener.connection.publish('truebit.stats.marker', 'marker');
    for (const leaf of [first, second]) await answered(leaf, 'LMSG truebit.stats.marker');
    expect(second.said()).not.toContain('"lie"');
    expect(first.said()).not.toContain('from the second');
  });

  it('nothing stops: a monitor behind a leaf keeps newcomers of its site from the statistics', async () => {
    const configurationFile = writeLeaf(own.folder, broker.leafPort, 'crowded-site');
    const crowded = await launchBroker({ port: await freePort(), configurationFile });
    const early = await listen(await connectTo(crowded.url), ['truebit.stats.marker']);
    await everybodyHears([early]);
    for (const half of ['a', 'b']) {
      const greedy = await connectTo(crowded.url);
      for (let index = 0; index < 60; index++) greedy.subscribe(`truebit.${half}.${index}`);
      await greedy.flush();
    }
    const late = await listen(await connectTo(crowded.url), ['truebit.stats.period.1h']);
    // Subscriptions pass in order: the broker refuses this one after the last.
    await everybodyHears([early]);
    const ticks = () => monitor.heard.filter(({ subject }) => subject === 'truebit.stats.period.1h').length;
    const before = ticks();
    await until('statistics elsewhere', () => ticks() > before + 3);
    await everybodyHears([early]);
    expect(late.heard).toEqual([]);
    // Statistics arrive again when the attacker is gone and the monitor subscribes again; earlier subscribers miss
    // none.
  });
});

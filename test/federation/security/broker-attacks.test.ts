// The real program and its own broker under attack: by anonymous clients over TCP and WebSocket, and as the user
// `monitor`. No attempt reads, forges or removes anything; messages that a real node sends meanwhile count exactly.

import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection, wsconnect } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mappedSubject } from '../../../src/federation/broker/subjects.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { brokerIsAtLeast } from '../../support/broker-version.ts';
import { expectConserved } from '../../support/conservation.ts';
import { type OwnFolder, ownFolder } from '../../support/embedded.ts';
import { counted, send, shown } from '../../support/federation.ts';
import { heartbeat, nodeJoined, taskReceived, tasks } from '../../support/messages.ts';
import { leafMessage, leafOverWebSocket } from '../../support/raw-leaf.ts';
import { rowsOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const MONITOR_PASSWORD = 'shared-with-every-monitor';
const STREAM = 'TRUEBIT_INGEST';
const STATISTICS = ['aggregated', 'period.1h', 'period.24h', 'period.7d'].map(
  (name) => `truebit.stats.${name}`,
);

const REFUSES_API_REPLIES = brokerIsAtLeast([2, 15, 0]);

let own: OwnFolder;
let program: Aggregator;
let victim: NatsConnection;
/** The operator's view of the stream, with the password from the file beside the database. */
let aggregator: NatsConnection;
let atFirst: StreamInfo;
let sent = 0;

const ATTACKERS = [
  ['anonymous over TCP', () => connect({ servers: own.natsUrl })],
  ['anonymous over WebSocket', () => wsconnect({ servers: `ws://127.0.0.1:${own.wsPort}` })],
  [
    'as monitor, with its password',
    () => connect({ servers: own.natsUrl, user: 'monitor', pass: MONITOR_PASSWORD }),
  ],
] as const;

beforeAll(async () => {
  own = await ownFolder('attacks');
  program = startAggregator({ ...own.env, NATS_MONITOR_PASSWORD: MONITOR_PASSWORD, PUBLISH_INTERVAL: '300' });
  await program.ready();
  victim = await connect({ servers: own.natsUrl });
  const file = join(own.databasePath.replace(/\.db$/, '-nats'), 'credentials.json');
  const { aggregatorPassword } = JSON.parse(readFileSync(file, 'utf8')) as { aggregatorPassword: string };
  aggregator = await connect({
    servers: own.natsUrl,
    user: 'aggregator',
    pass: aggregatorPassword,
    inboxPrefix: '_AGG',
  });
  await ofVictim(tasks(0, 100));
  atFirst = await stream();
});

afterAll(async () => {
  await Promise.all([victim.close(), aggregator.close()]);
  await program.stop();
});

async function ofVictim(publications: Parameters<typeof send>[1]): Promise<void> {
  await send(victim, publications);
  sent += publications.length;
  await counted(program, sent);
}

async function stream(): Promise<StreamInfo> {
  return (await jetstreamManager(aggregator)).streams.info(STREAM);
}

/** An attacker, the messages it heard on every subject that it may try, and the answers of the broker. */
async function intruder(connecting: () => Promise<NatsConnection>) {
  const connection = await connecting();
  const heard: { subject: string; text: string }[] = [];
  const refusals: string[] = [];
  void (async () => {
    for await (const status of connection.status())
      if (status.type === 'error') refusals.push(String(status.error));
  })();
  const listen = (subject: string, queue?: string) =>
    connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error === null) heard.push({ subject: message.subject, text: message.string() });
      },
    });
  return { connection, heard, refusals, listen };
}

/** Every request to JetStream's API about the stream, in the order of harm. */
const API = [
  'INFO',
  'STREAM.NAMES',
  'STREAM.LIST',
  `STREAM.INFO.${STREAM}`,
  `STREAM.MSG.GET.${STREAM}`,
  `DIRECT.GET.${STREAM}`,
  `DIRECT.GET.${STREAM}.ingest.heartbeat`,
  `STREAM.SNAPSHOT.${STREAM}`,
  'STREAM.CREATE.STOLEN',
  `STREAM.UPDATE.${STREAM}`,
  `STREAM.MSG.DELETE.${STREAM}`,
  `STREAM.PURGE.${STREAM}`,
  `STREAM.DELETE.${STREAM}`,
  `STREAM.RESTORE.${STREAM}`,
  `CONSUMER.NAMES.${STREAM}`,
  `CONSUMER.LIST.${STREAM}`,
  `CONSUMER.CREATE.${STREAM}`,
  `CONSUMER.CREATE.${STREAM}.thief`,
  `CONSUMER.DURABLE.CREATE.${STREAM}.thief`,
  `CONSUMER.MSG.NEXT.${STREAM}.thief`,
  'ACCOUNT.PURGE.FEDERATION',
].map((name) => `$JS.API.${name}`);
const SYSTEM = [
  '$SYS.REQ.SERVER.PING',
  '$SYS.REQ.SERVER.PING.CONNZ',
  '$SYS.REQ.ACCOUNT.FEDERATION.CONNZ',
  '$SYS.REQ.ACCOUNT.PING.CONNZ',
  '$SYS.REQ.CLAIMS.UPDATE',
  '$SYS.DEBUG.SUBSCRIBERS',
];
const REQUESTS: Readonly<Record<string, object>> = {
  [`$JS.API.STREAM.MSG.GET.${STREAM}`]: { seq: 1 },
  [`$JS.API.DIRECT.GET.${STREAM}`]: { seq: 1 },
  [`$JS.API.STREAM.MSG.DELETE.${STREAM}`]: { seq: 1 },
  [`$JS.API.STREAM.UPDATE.${STREAM}`]: { name: STREAM, subjects: ['stolen.>'] },
  '$JS.API.STREAM.CREATE.STOLEN': { name: 'STOLEN', subjects: ['truebit.stats.>'] },
  [`$JS.API.CONSUMER.CREATE.${STREAM}`]: {
    stream_name: STREAM,
    config: { deliver_subject: '_INBOX.stolen' },
  },
  [`$JS.API.CONSUMER.DURABLE.CREATE.${STREAM}.thief`]: {
    stream_name: STREAM,
    config: { durable_name: 'thief', deliver_subject: '_INBOX.stolen' },
  },
  [`$JS.API.STREAM.SNAPSHOT.${STREAM}`]: { deliver_subject: '_INBOX.stolen' },
};

describe.each(ATTACKERS)('broker attacks - %s', (who, connecting) => {
  it('attack: read what other monitors send, or deliveries to the aggregator', async () => {
    const thief = await intruder(connecting);
    const wildcards = ['>', '*', '*.>', 'truebit.>', 'ingest.>', '_INBOX.>', '_AGG.>', '$JS.>', '$SYS.>'];
    const all = [...SUBJECTS, ...SUBJECTS.map(mappedSubject), ...wildcards, 'truebit.*.join'];
    for (const subject of [...all, 'truebit.federation.join', `$JS.ACK.${STREAM}.>`]) {
      thief.listen(subject);
      thief.listen(subject, 'thieves');
    }
    await thief.connection.flush();
    const node = `node-secret-${who.length}`;
    await ofVictim([nodeJoined(node), heartbeat(node), taskReceived(1, node)]);
    victim.publish('truebit.federation.join', '{"secret":true}', { reply: '_AGG.nobody' });
    await victim.flush();
    await until('statistics to be heard', () => thief.heard.some(({ subject }) => subject.includes('7d')));
    await thief.connection.flush();
    expect(thief.heard.filter(({ subject }) => !STATISTICS.includes(subject))).toEqual([]);
    expect(thief.heard.filter(({ text }) => text.includes('secret'))).toEqual([]);
    await thief.connection.close();
  });

  it('attack: publish statistics, or send to other monitors, or to inboxes', async () => {
    const forger = await intruder(connecting);
    const listener = await intruder(() => connect({ servers: own.natsUrl }));
    for (const subject of ['truebit.>', '_INBOX.>']) listener.listen(subject);
    await listener.connection.flush();
    const targets = [
      ...STATISTICS,
      'truebit.stats.x',
      'truebit.x',
      '_INBOX.x',
      '_AGG.x',
      'ingest.x',
      '$JS.ACK.x',
    ];
    for (const subject of targets) forger.connection.publish(subject, 'forged');
    await forger.connection.flush();
    await until('each to be refused', () => forger.refusals.length >= targets.length);
    // Through the broker: its acknowledgement of a stored message would go to a subject that the sender chooses.
    for (const reply of ['truebit.stats.aggregated', '_INBOX.x']) {
      victimBy(forger.connection, heartbeat('node-forger'), reply);
    }
    await forger.connection.flush();
    await counted(program, sent);
    const before = listener.heard.length;
    await until('statistics to be heard', () => listener.heard.length > before + 3);
    for (const { subject, text } of listener.heard) {
      expect(STATISTICS).toContain(subject);
      expect(JSON.parse(text)).toMatchObject({ version: '1.0', data: { totalTasks: 100 } });
    }
    await Promise.all([forger.connection.close(), listener.connection.close()]);
  });

  it('attack: consume, update, purge or delete the stream, get its messages, ask the system', async () => {
    const vandal = await intruder(connecting);
    vandal.listen('_INBOX.>');
    const subjects = [...API, ...SYSTEM];
    for (const subject of subjects) {
      vandal.connection.publish(subject, JSON.stringify(REQUESTS[subject] ?? {}), { reply: '_INBOX.stolen' });
      vandal.connection.publish(subject, '', { reply: '_INBOX.stolen' });
    }
    await vandal.connection.flush();
    await until('each to be refused', () => vandal.refusals.length >= 2 * subjects.length);
    for (const refusal of vandal.refusals) expect(refusal).toMatch(/permissions violation/i);
    expect(vandal.heard).toEqual([]);
    await expectStreamUntouched();
    await vandal.connection.close();
  });

  it('attack: have the broker itself send such a request, by the reply subject of a stored message', async () => {
    const vandal = await intruder(connecting);
    for (const reply of [...API, ...SYSTEM, ...SUBJECTS, ...SUBJECTS.map(mappedSubject)]) {
      victimBy(vandal.connection, heartbeat('node-vandal'), reply);
    }
    await vandal.connection.flush();
    // Newer brokers refuse a message whose reply is a request to JetStream; older ones store it and answer it as nobody.
    await until('each message to be refused or stored', async () => {
      return (await stream()).state.last_seq + vandal.refusals.length === sent;
    });
    expect(vandal.refusals).toHaveLength(REFUSES_API_REPLIES ? API.length : 0);
    sent -= vandal.refusals.length;
    // The stream holds only these messages: no answer of the broker went into it either.
    await counted(program, sent);
    await expectStreamUntouched();
    await vandal.connection.close();
  });

  it('attack: send headers that give JetStream orders about a message', async () => {
    const vandal = await intruder(connecting);
    for (const [name, value] of [
      ['Nats-Rollup', 'all'],
      ['Nats-Rollup', 'sub'],
      ['Nats-Expected-Stream', 'OTHER'],
      ['Nats-Expected-Last-Sequence', '999999'],
    ] as const) {
      const head = headers();
      head.set(name, value);
      vandal.connection.publish('truebit.heartbeat', heartbeat('node-vandal').payload, { headers: head });
    }
    await vandal.connection.flush();
    await expectStreamUntouched();
    // The broker refuses all four of them.
    expect((await stream()).state.last_seq).toBe(sent);
    await vandal.connection.close();
  });

  it('attack: send a payload of more than 1 MB, and make ten thousand subscriptions', async () => {
    const giant = await intruder(connecting);
    expect(giant.connection.info?.max_payload).toBe(1_048_576);
    for (let index = 0; index < 10_000; index++) giant.listen(`_INBOX.${who.length}.${index}`);
    await until('the broker to have enough', () =>
      giant.refusals.some((text) => /subscriptions/i.test(text)),
    );
    await giant.connection.close();
    // The test sends only the length of the payload, because a broker that closes with unread bytes loses its last
    // answer.
    const answer = await raw(`CONNECT {"verbose":false}\r\nPUB truebit.heartbeat 1048577\r\n`);
    expect(answer).toMatch(/-ERR 'Maximum Payload Violation'/);
    await ofVictim([heartbeat('node-after-the-giant')]);
  });
});

/** A message that counts, sent by an attacker with a reply subject. */
function victimBy(
  connection: NatsConnection,
  { subject, payload }: ReturnType<typeof heartbeat>,
  reply: string,
) {
  connection.publish(subject, payload, { reply });
  sent++;
}

async function expectStreamUntouched(): Promise<void> {
  const { config, state } = await stream();
  expect(config).toEqual(atFirst.config);
  expect(state).toMatchObject({ first_seq: 1, messages: state.last_seq });
  expect(state.num_deleted ?? 0).toBe(0);
  const consumers = await (await jetstreamManager(aggregator)).consumers.list(STREAM).next();
  expect(consumers).toHaveLength(1);
}

/** Sends bytes to the broker's port and reads its answers until it closes the connection, or has sent `last`. */
function raw(text: string, last?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(Number(new URL(own.natsUrl).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (last !== undefined && answer.includes(last)) socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(answer) : reject(error),
    );
    socket.on('close', () => resolve(answer));
  });
}

describe('broker attacks - before the broker has answered', () => {
  it('attack: publish in the same packet as CONNECT, before the inputs are mapped', async () => {
    const listener = await intruder(() => connect({ servers: own.natsUrl }));
    listener.listen('truebit.>');
    for (const subject of SUBJECTS) listener.listen(subject);
    await listener.connection.flush();
    const { subject, payload } = heartbeat('node-in-a-hurry');
    const publication = `PUB ${subject} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`;
    const hurried = await Promise.all(
      Array.from({ length: 100 }, () => raw(`CONNECT {"verbose":false}\r\n${publication}PING\r\n`, 'PONG')),
    );
    expect(hurried.filter((answer) => !answer.includes('PONG'))).toEqual([]);
    sent += hurried.length;
    await counted(program, sent);
    await listener.connection.flush();
    expect(listener.heard.filter((message) => !STATISTICS.includes(message.subject))).toEqual([]);
    await listener.connection.close();
  });
});

describe('broker attacks - without a login', () => {
  it.each([
    ['the aggregator without a password', { user: 'aggregator' }],
    ['the aggregator with a wrong one', { user: 'aggregator', pass: 'aggregator' }],
    ['the system account', { user: 'system', pass: 'system' }],
    ['monitor with a wrong password', { user: 'monitor', pass: 'wrong' }],
    ['a user that is not there', { user: 'admin', pass: 'admin' }],
    ['a token', { auth_token: 'x' }],
  ])('attack: log in as %s', async (_what, credentials) => {
    const answer = await raw(`CONNECT ${JSON.stringify({ verbose: true, ...credentials })}\r\nPING\r\n`);
    expect(answer).toMatch(/-ERR 'Authorization Violation'/);
  });

  it.each([
    ['a leaf node', 'LS+ ingest.>\r\n'],
    ['a route', 'RS+ FEDERATION ingest.>\r\n'],
    ['a gateway', 'A+ FEDERATION\r\n'],
    ['HTTP', 'GET /varz HTTP/1.1\r\nHost: broker\r\n\r\n'],
    ['rubbish', `${'\u0000'.repeat(5000)}\r\n`],
  ])('attack: speak as %s', async (_what, words) => {
    expect(await raw(`CONNECT {"verbose":false}\r\n${words}`)).toMatch(
      /-ERR '(Unknown Protocol|Parser Error|max)/i,
    );
  });

  it.each([
    ['before login', ''],
    ['as nobody', 'CONNECT {"name":"leaf"}\r\n'],
  ])('attack: speak as a leaf node over the WebSocket port, %s', async (_when, greeting) => {
    const listener = await intruder(() => connect({ servers: own.natsUrl }));
    listener.listen('truebit.>');
    await listener.connection.flush();
    const words = `${greeting}${leafMessage('truebit.stats.aggregated', 'forged')}`;
    const leaf = await leafOverWebSocket(own.wsPort, words);
    await until('the broker to hang up', () => leaf.isClosed());
    expect(leaf.said()).toBe('');
    await until('statistics to be heard', () => listener.heard.length > 3);
    expect(listener.heard.filter(({ text }) => text === 'forged')).toEqual([]);
    await listener.connection.close();
  });

  it('attack: join another account, or bring one', async () => {
    const answer = await raw(
      'CONNECT {"verbose":false,"account":"SYSTEM","new_account":true}\r\nSUB $SYS.> 1\r\n',
    );
    expect(answer).toMatch(/-ERR/);
  });
});

describe('broker attacks - resources that the broker gives to every client', () => {
  it('nothing stops: take many connections, and have each message sent to each of them a hundred times', async () => {
    const crowd = await Promise.all(
      Array.from({ length: 20 }, () => intruder(() => connect({ servers: own.natsUrl }))),
    );
    for (const { connection, listen } of crowd) {
      for (let index = 0; index < 101; index++) listen('truebit.stats.marker');
      await connection.flush();
    }
    for (const { refusals } of crowd) {
      await until('the broker to have enough', () => refusals.some((text) => /subscriptions/i.test(text)));
    }
    aggregator.publish('truebit.stats.marker', '');
    for (const { heard } of crowd) await until('each copy', () => heard.length >= 100);
    await Promise.all(crowd.map(({ connection }) => connection.flush()));
    expect(crowd.map(({ heard }) => heard.length)).toEqual(crowd.map(() => 100));
    await Promise.all(crowd.map(({ connection }) => connection.close()));
  });
});

describe('broker attacks - afterwards', () => {
  it('every message sent counts exactly, none is lost, and the program is ready', async () => {
    await shown(program, { totalTasks: 100, totalInvoices: 0 });
    await expectConserved(program, own.databasePath);
    expect(await program.metric('aggregator_messages_lost_total')).toBe(0);
    expect(await program.metric('aggregator_broker_reconnects_total')).toBe(0);
    expect(
      rowsOf(
        own.databasePath,
        'SELECT first_seq, last_seq, applied + duplicate AS counted FROM ingest_position',
      ),
    ).toEqual([{ first_seq: 1, last_seq: sent, counted: sent }]);
    await until('readiness', async () => (await program.get('/readyz')).status === 200);
  });
});

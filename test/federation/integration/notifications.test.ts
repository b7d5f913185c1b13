// Notifications of the real program: a node that falls silent and comes back, own settings, commands, and the test over
// HTTP. The addresses are never seen.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { expectFits } from '../../support/dashboard.ts';
import { keepBeating } from '../../support/federation.ts';
import { runCommand } from '../../support/command.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { receivingServer, refuses, takes } from '../../support/receivers.ts';
import { createKey } from '../../support/signed.ts';
import { until } from '../../support/until.ts';

it('notifications - a chosen node that falls silent is told with its end, and a receiver that is away is a warning', async () => {
  const [chat, broken] = [await receivingServer(), await receivingServer(refuses(404))];
  const own = await testFolder('notifications');
  const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
  const file = join(own.folder, 'notify.yml');
  writeFileSync(
    file,
    `receivers:
- {name: chat, url: "${chat.url}", nodes: ["berlin-*"], events: [node_offline, node_online], min_interval: 0}
- {name: broken, url: "${broken.url}", form: slack, nodes: all, events: [node_online], min_interval: 0}
`,
  );
  chmodSync(file, 0o600);
  const env = at(broker.url, own, {
    NOTIFY_FILE: file,
    STALE_AFTER: '1500',
    OFFLINE_AFTER: '3000',
    FORGET_AFTER: '600000',
    PUBLISH_INTERVAL: '200',
  });
  const checked = await runCommand(['check-config'], env);
  expect(checked.stdout).toMatch(
    /^notifications: chat \(json\), nodes berlin-\*, each on its own: node_offline, node_online$/m,
  );
  const program = launch(env);
  await program.ready();
  const connection = await connectTo(broker.url);
  keepBeating(connection, ['paris-1']);
  const fallSilent = keepBeating(connection, ['berlin-1']);
  const texts = () => chat.bodies().map(({ text }) => String(text));
  await until('the new node to be told', () => chat.seen.length === 1);
  fallSilent();
  await until('the silence to be told', () => chat.seen.length === 2);
  keepBeating(connection, ['berlin-1']);
  await until('its end to be told', () => chat.seen.length === 3);
  expect(texts().every((text) => text.includes('berlin-1'))).toBe(true);
  expect(chat.bodies().map(({ type }) => type)).toEqual(['node_online', 'node_offline', 'node_online']);
  expect(chat.bodies()[1]).toMatchObject({
    details: { nodeId: 'berlin-1', from: 'stale', cause: 'silence' },
  });

  expect(await program.metric('aggregator_notifications_total', 'receiver="chat",outcome="sent"')).toBe(3);
  expect(await program.get('/readyz')).toMatchObject({
    status: 200,
    body: {
      components: {
        notifications: {
          ok: true,
          reason:
            'the receiver broken takes no notifications: status 404: nothing takes messages at its address',
        },
      },
    },
  });
  const { key } = await createKey(env, '--permissions', 'admin');
  const test = async (query = '') => {
    const response = await fetch(`${await program.url()}/api/federation/notifications/test${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
    });
    const body: unknown = await response.json();
    return body;
  };
  expect(await test()).toMatchObject({
    receivers: [
      { name: 'chat', isTaken: true, status: 204 },
      { name: 'broken', isTaken: false, status: null },
    ],
  });
  const command = await runCommand(['notify', 'test'], env);
  expect([command.code, command.stdout]).toEqual([
    1,
    expect.stringMatching(
      /^chat \(json\): taken, status 204 \(\d+ ms\)\nbroken \(slack\): not taken: status 404: .* \(\d+ ms\)\n$/,
    ),
  ]);
  expect(await runCommand(['notify', 'test', '--receiver', 'chat'], env)).toMatchObject({ code: 0 });
  expect(await runCommand(['notify', 'test', '--receiver', 'nobody'], env)).toMatchObject({ code: 2 });
  broken.behave(takes);
  keepBeating(connection, ['lyon-1']);
  await until('the warning to end', async () => {
    const { body } = await program.get('/readyz');
    return !JSON.stringify(body).includes('takes no notifications');
  });
  const { body: view } = await program.get('/api/federation/notifications');
  expect(await program.stop()).toBe(0);
  expect(JSON.stringify([program.log, checked, command, view])).not.toMatch(/geheim|hook\?/);
  const told = program.log.filter(({ msg }) => msg.startsWith('notifications: '));
  expect(told.map(({ msg }) => msg)).toEqual([
    'notifications: the receiver broken does not take them: status 404: nothing takes messages at its address; trying further ones',
    expect.stringMatching(/^notifications: the receiver broken takes them again; [3-9] were lost$/),
  ]);

  // After a start the nodes of before are no news.
  const before = chat.seen.length;
  const again = launch(env);
  await again.ready();
  await until(
    'both nodes to be seen',
    async () => (await again.metric('aggregator_nodes', 'state="online"')) >= 2,
  );
  expect(await again.stop()).toBe(0);
  expect(
    chat
      .bodies()
      .slice(before)
      .filter(({ type }) => type === 'node_offline'),
  ).toEqual([]);
});

it('notifications - a wrong file ends the start with its mistakes, and a command says that there is no file', async () => {
  const own = await testFolder('notify-wrong');
  const file = join(own.folder, 'notify.yml');
  writeFileSync(file, 'receivers:\n- {name: a, url: geheim}\n');
  const env = { ...own.env, NOTIFY_FILE: file };
  for (const args of [[], ['check-config'], ['notify', 'test']]) {
    const { code, stdout, stderr } = await runCommand(args, env);
    expect([args, code]).toEqual([args, 1]);
    expect(stdout + stderr).toMatch(
      /line 2, column 18: receivers\[0\].url \(not shown\): allowed is an address/,
    );
    expect(stdout + stderr).not.toContain('geheim');
  }
  expect(await runCommand(['notify', 'test'], own.env)).toMatchObject({ code: 1 });
});

it('notifications - the own troubles of the aggregator are told with their ends, up to its stop', async () => {
  const chat = await receivingServer();
  const own = await testFolder('notify-own');
  const storeFolder = join(own.folder, 'store');
  const broker = await launchBroker({ storeFolder });
  const file = join(own.folder, 'notify.yml');
  const events = '[started, stopped, not_ready, ready, broker_away, broker_back]';
  writeFileSync(
    file,
    `receivers:\n- {name: chat, url: "${chat.url}", events: ${events}, min_interval: 1}\n`,
    {
      mode: 0o600,
    },
  );
  const program = launch(at(broker.url, own, { NOTIFY_FILE: file }));
  await program.ready();
  const told = () =>
    chat
      .bodies()
      .map(({ text }) => String(text))
      .join('\n');
  await until('the start to be told', () => told().includes('The aggregator started'));
  await broker.stop();
  await until('the trouble to be told', () => /is not ready: .*not connected to the broker/.test(told()));
  expect(told()).toContain('The aggregator has no connection to the broker');
  await launchBroker({ storeFolder, port: broker.port });
  await until('its end to be told', () => told().includes('The aggregator is ready again'));
  await until('the end of both', () => told().includes('connected to the broker again'));
  expect(await program.stop()).toBe(0);
  expect(told()).toContain('The aggregator stopped in order');
});

it('notifications - the page shows the receivers, and its button posts a test message with a key of admin', async () => {
  const [chat, broken] = [await receivingServer(), await receivingServer(refuses(403))];
  const own = await testFolder('notify-page');
  const file = join(own.folder, 'notify.yml');
  writeFileSync(
    file,
    `receivers:\n- {name: "<b>chat", url: "${chat.url}"}\n- {name: broken, url: "${broken.url}", form: discord}\n`,
    { mode: 0o600 },
  );
  const program = launch({ ...own.env, NOTIFY_FILE: file });
  await program.ready();
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  // A refused test is answered with 401.
  const { page } = await openPage(browser, await program.url(), { allowed: /status of 401/ });
  const rows = page.locator('#receivers tbody tr');
  await rows.nth(1).waitFor();
  expect(await rows.allTextContents()).toEqual([
    '<b>chatjsonTakes messages–00',
    'brokendiscordTakes messages–00',
  ]);
  expect(await axeFindings(page)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  await expectFits(page);
  const result = page.locator('#notifications-result');
  const send = async (key: string) => {
    await page.locator('#notifications-key').fill(key);
    await page.locator('#notifications-test').click();
  };
  await send('x');
  await result.getByText('not in force').waitFor();
  const { key } = await createKey(own.env, '--permissions', 'admin');
  await send(key);
  await result.getByText('broken: not taken: status 403').waitFor();
  expect(await result.textContent()).toMatch(/^<b>chat: taken after \d+ ms/);
  expect(await page.locator('#notifications-key').inputValue()).toBe('');
  expect(chat.bodies()).toMatchObject([{ type: 'test' }]);
  expect(await page.content()).not.toContain('geheim');
});

// The demonstration, and the command that runs it or a scenario from a file.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DemoExchange } from '../../../src/trades/simulator/demo-exchange.ts';
import { rulesOf, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import { startAggregator } from '../../support/aggregator.ts';
import { runCommand } from '../../support/command.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { BinanceClient } from '../support/binance-client.ts';

it('the demonstration - has accounts with a past that go on trading until it stops', async () => {
  const time = new ManualTime();
  const demo = new DemoExchange(rulesOf('binance'), { clock: time, timers: time });
  const sim = await startExchangeSim('binance', demo.scenario, { clock: time });
  onTestFinished(() => sim.stop());
  demo.attach(sim);
  await demo.start();
  const counts = () => sim.accounts.map((name) => sim.fills(name).length);
  expect(counts()).toEqual([36, 36]);
  await time.advance(10_000, async () => undefined);
  expect(counts()).toEqual([38, 38]);
  await demo.stop();
  expect(time.timers).toBe(0);
  const [spot] = demo.accounts;
  const client = new BinanceClient(sim.url, [spot?.apiKey ?? '', spot?.secret ?? ''], () => time.nowMs());
  const rows = await Promise.all(
    ['BTCUSDT', 'ETHUSDT'].map((symbol) => client.rows('/api/v3/myTrades', { symbol })),
  );
  expect(rows.flat()).toHaveLength(38);
});

it('exchange-sim - prints how to use the demonstration, answers, and ends in order', async () => {
  const program = startAggregator({}, undefined, {
    args: ['exchange-sim', 'binance', '--port', '0'],
    urlLine: 'listening at ',
  });
  onTestFinished(() => void program.process.kill('SIGKILL'));
  const url = await program.url();
  expect(await (await fetch(`${url}/api/v3/time`)).json()).toEqual({
    serverTime: expect.any(Number) as unknown,
  });
  program.process.kill('SIGINT');
  expect(await program.exit).toEqual({ code: 0, signal: null });
  const lines = program.log.map(({ msg }) => msg);
  expect(lines).toContain(`start the service with: EXCHANGE_URLS=binance=${url} npm run trades`);
  expect(lines.filter((line) => line.includes('register-user --exchange binance'))).toHaveLength(2);
  expect(lines).toContainEqual(expect.stringMatching(/^1 requests \(1 new\) by 0 keys, 0 of them/));
  expect(program.errors()).toBe('');
});

it('exchange-sim - tells what is wrong with a scenario, a file or an argument', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exchange-sim-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'scenario.json');
  writeFileSync(file, '{"accounts":[{"name":"a"}],"keys":[]}');
  const errorOf = async (...args: readonly string[]) => {
    const { code, stderr } = await runCommand(['exchange-sim', ...args]);
    return [code, stderr];
  };
  expect(
    await Promise.all([
      errorOf('binance', '--scenario', file),
      errorOf('binance', '--scenario', join(folder, 'none.json')),
      errorOf('mtgox'),
      errorOf('binance', '--port', '65536'),
    ]),
  ).toEqual([
    [1, 'The scenario is wrong at accounts[0].userId: it is missing. [settings_invalid]\n'],
    [1, expect.stringMatching(/none\.json cannot be read \(ENOENT\)\. \[not_found\]\n$/)],
    [2, "'mtgox' is not one of: binance, bybit, kraken. [usage]\n"],
    [2, '--port must be a whole number from 0 to 65535. [usage]\n'],
  ]);
});

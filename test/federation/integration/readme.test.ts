import { execFile, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { ownFolder } from '../../support/embedded.ts';
import { until } from '../../support/until.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const run = promisify(execFile);

function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(([, text = '']) =>
    text.trim(),
  );
}

describe('readme', () => {
  it('readme - npm start and then every command of README.md works as written, one after the other', async () => {
    expect(blocks('console').some((block) => block.startsWith('$ npm start'))).toBe(true);
    const commands = blocks('sh').flatMap((block) => block.split('\n'));
    expect(commands.length).toBeGreaterThan(3);
    const { folder, env, natsUrl } = await ownFolder('readme');
    const httpPort = await freePort();
    const settings = { ...env, HTTP_PORT: String(httpPort), LOG_FORMAT: 'text' };
    const start = spawn('npm', ['start'], {
      cwd: ROOT,
      env: { ...process.env, ...settings },
      stdio: 'pipe',
      detached: true,
    });
    let printed = '';
    start.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const gone = new Promise<number | null>((resolve) => start.once('exit', (code) => resolve(code)));
    try {
      await until('the start', () => printed.includes('reading the stream'));
      for (const what of [
        'broker: nats://',
        'broker for monitors: ws://',
        'database: ',
        'dashboard: http://',
      ]) {
        expect(printed).toContain(what);
      }
      for (const command of commands) {
        // The ports are this test's own; everything else is as a reader would type it.
        const typed = command
          .replaceAll('127.0.0.1:8080', `127.0.0.1:${httpPort}`)
          .replace(
            /^(\.\/aggregator simulate .*)$/,
            `$1 --http http://127.0.0.1:${httpPort} --nats ${natsUrl}`,
          );
        const { stdout } = await run('sh', ['-c', typed], { cwd: ROOT, env: process.env });
        if (typed.startsWith('./aggregator simulate'))
          expect(stdout).toMatch(/statistics: all \d+ fields equal/);
        if (typed.includes('network-stats'))
          expect(JSON.parse(stdout)).toMatchObject({ status: 'connected', totalNodes: 200 });
        if (typed.includes('readyz')) expect(JSON.parse(stdout)).toMatchObject({ status: 'ready' });
        if (typed.includes('/metrics')) expect(stdout).toContain('aggregator_messages_received_total');
      }
    } finally {
      // Ctrl-C signals the whole group, including npm.
      if (start.pid !== undefined) process.kill(-start.pid, 'SIGINT');
    }
    await gone;
    await until('the end of the program', () => printed.includes('stopped'));
    rmSync(folder, { recursive: true });
  });
});

// The commands of the agent with the real program: adopt, forget, trust, check-config, the dry run, and what a start says
// when it cannot begin.

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeGlobs } from '../../../src/agent/simulator/node-writer.ts';
import { AGENT_SALT } from '../../support/agent-program.ts';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { runCommand } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { smallEventFile } from '../../support/node-files.ts';
import { MAIN } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const MONITOR_ID = 'node-0b5c1c54-7f6e-4b0a-9b0e-9a4de0c6c9d1';
const NODE_ID = /node-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;

/** The database of a deployed monitor that shares no tasks. */
function monitorDatabase(folder: string): string {
  const path = join(folder, 'monitor.db');
  rmSync(path, { force: true });
  const database = new Sqlite(path);
  database.exec(
    'CREATE TABLE federation_settings (id INTEGER PRIMARY KEY CHECK (id = 1), enabled BOOLEAN DEFAULT 1, node_id TEXT, salt TEXT, share_tasks BOOLEAN DEFAULT 1, location_enabled BOOLEAN DEFAULT 1)',
  );
  database
    .prepare('INSERT INTO federation_settings (id, node_id, share_tasks) VALUES (1, ?, 0)')
    .run(MONITOR_ID);
  database.close();
  return path;
}

/** Settings of a command: a state file in the folder, and no broker. */
async function settings(folder: string) {
  return {
    DB_PATH: join(folder, 'agent.db'),
    PORT: '0',
    FEDERATION_NATS_URL: `nats://127.0.0.1:${await freePort()}`,
    ...nodeGlobs(folder),
  };
}

/** Puts an event file with three executions where the settings look. */
function writeEvents(folder: string): void {
  const data = join(folder, 'build', 'datadb');
  mkdirSync(data, { recursive: true });
  smallEventFile(join(data, '0x1234567890123456789012345678901234567890-eventDB.json'), 3);
}

describe('agent adopt and forget', () => {
  it('agent adopt - takes the node of a monitor over, and the agent runs as it', async () => {
    const folder = agentFolder('adopt');
    const env = await settings(folder);
    const file = monitorDatabase(folder);
    const bytes = readFileSync(file);
    const adopted = await runCommand(['agent', 'adopt', file], env);
    expect(adopted).toMatchObject({ code: 0, stderr: '' });
    expect(adopted.stdout).toContain(`The node is ${MONITOR_ID} from now on; it was node-`);
    expect(adopted.stdout).toContain('shares its tasks: no');
    expect(readFileSync(file).equals(bytes)).toBe(true);
    const again = await runCommand(['agent', 'adopt', file, '--json'], env);
    expect(JSON.parse(again.stdout)).toEqual({
      nodeId: MONITOR_ID,
      isEnabled: true,
      sharesLocation: true,
      sharesTasks: false,
      continent: null,
      before: MONITOR_ID,
    });
    const agent = await startAgent(folder, env);
    expect(await agent.node()).toMatchObject({ nodeId: MONITOR_ID, sharesTasks: false });
    expect(agent.log.map(({ msg }) => msg).join('\n')).toContain('it shares no tasks (agent adopt)');
    for (const words of [['adopt', file], ['forget']]) {
      const refused = await runCommand(['agent', ...words], env);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^Stop the agent, then call this again\. .*\[database_in_use\]\n$/);
    }
    expect(await agent.stop()).toBe(0);
  });

  it('agent adopt - refuses what is no database of a monitor, and makes no state', async () => {
    const folder = agentFolder('adopt');
    const env = await settings(folder);
    writeFileSync(join(folder, 'text'), 'no database at all, but longer than its header'.repeat(9));
    const cases = [
      { words: [], code: 2, sentence: /FILE is missing.*\[usage\]/ },
      { words: [join(folder, 'gone')], code: 1, sentence: /\[not_found\]/ },
      { words: [join(folder, 'text')], code: 1, sentence: /\[database_unusable\]/ },
    ];
    for (const { words, code, sentence } of cases) {
      const refused = await runCommand(['agent', 'adopt', ...words], env);
      expect(refused).toMatchObject({ code, stdout: '' });
      expect(refused.stderr).toMatch(sentence);
    }
    expect(readdirSync(folder)).toEqual(['text']);
  });

  it('agent forget - gives the node a new id, which it keeps', async () => {
    const folder = agentFolder('forget');
    const env = await settings(folder);
    const first = JSON.parse((await runCommand(['agent', 'forget', '--json'], env)).stdout) as {
      readonly nodeId: string;
      readonly before: string;
    };
    expect(first.nodeId).toMatch(NODE_ID);
    expect(first.nodeId).not.toBe(first.before);
    const second = await runCommand(['agent', 'forget'], env);
    expect(second.stdout).toMatch(/^The node is node-\S+ from now on; it was node-\S+\.\n$/);
    expect(second.stdout).toContain(`it was ${first.nodeId}.`);
    expect(readdirSync(folder).toSorted().slice(0, 2)).toEqual(['agent.db', 'agent.db.identity']);
  });
});

describe('agent trust', () => {
  it('agent trust - says that no other key was offered, or takes the pin away while the agent is stopped', async () => {
    const folder = agentFolder('trust');
    const env = await settings(folder);
    const agent = await startAgent(folder, env);
    const none = await runCommand(['agent', 'trust'], env);
    expect(none).toEqual({ code: 1, stdout: 'No key is pinned, and none was offered.\n', stderr: '' });
    expect(await agent.stop()).toBe(0);
    const stopped = await runCommand(['agent', 'trust', '--json'], env);
    expect(JSON.parse(stopped.stdout)).toEqual({ accepted: null, before: null, isPinGone: true });
    expect(stopped.code).toBe(0);
    const text = await runCommand(['agent', 'trust'], env);
    expect(text.stdout).toBe('No key was pinned: the agent pins the next one that it sees.\n');
  });
});

describe('agent --dry-run', () => {
  it('agent --dry-run --once - prints each message as one line, connects to nothing, and leaves no file', async () => {
    const folder = agentFolder('dry-run');
    writeEvents(folder);
    const before = new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }));
    let connections = 0;
    const port = await freePort();
    const listener = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => void listener.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void listener.close());
    const env = {
      ...(await settings(folder)),
      FEDERATION_NATS_URL: `nats://127.0.0.1:${port}`,
      FEDERATION_SALT: AGENT_SALT,
      AGENT_RATE: '1',
    };
    const { code, stdout, stderr } = await runCommand(['agent', '--dry-run', '--once'], env);
    expect(code).toBe(0);
    const messages = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const types = Map.groupBy(messages, ({ type }) => type);
    expect(Object.fromEntries([...types].map(([type, list]) => [type, list.length]))).toEqual({
      task_received: 3,
      task_completed: 3,
      invoice_created: 3,
    });
    expect(stderr).toContain('9 messages');
    expect(stdout + stderr).not.toMatch(/0x1234567890|small-0-|build\/datadb/);
    expect(connections).toBe(0);
    expect(new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }))).toEqual(before);
  });

  it('agent --dry-run - without --once it goes on, and ends when nobody reads it any more', async () => {
    const folder = agentFolder('dry-run');
    writeEvents(folder);
    const env = { ...(await settings(folder)), AGENT_POLL_INTERVAL: '200', AGENT_LOGS: '' };
    const child = spawn(process.execPath, [MAIN, 'agent', '--dry-run'], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.destroy();
    const data = join(folder, 'build', 'datadb');
    smallEventFile(join(data, 'later'), 9);
    copyFileSync(join(data, 'later'), join(data, 'later-eventDB.json'));
    expect(await ended).toBe(0);
  });

  it('agent --dry-run - options that do not fit together are wrong usage', async () => {
    const folder = agentFolder('dry-run');
    for (const words of [['--once'], ['--demo', '--dry-run']]) {
      const { code, stderr } = await runCommand(['agent', ...words], await settings(folder));
      expect({ words, code }).toEqual({ words, code: 2 });
      expect(stderr).toMatch(/--help lists the options\. \[usage\]\n$/);
    }
  });
});

describe('agent start', () => {
  it('agent - waits for files and broker: unready, the globs named, one line for each cause, no path', async () => {
    const folder = agentFolder('waits-0x1234567890123456789012345678901234567890');
    const env = await settings(folder);
    const agent = await startAgent(folder, env);
    const { status, body } = await agent.get('/readyz');
    expect(status).toBe(503);
    expect(JSON.stringify(body)).toContain('no event file *-eventDB.json is there: check AGENT_EVENTS');
    const sentences = () => agent.log.map(({ msg }) => msg);
    await until('the broker to be missed', () => sentences().some((msg) => msg.startsWith('broker: no')));
    expect(sentences().filter((msg) => msg.startsWith('events: no file'))).toHaveLength(1);
    expect(sentences().filter((msg) => msg.startsWith('logs: no file'))).toHaveLength(1);
    expect(JSON.stringify(body)).not.toContain('0x1234567890');
    const screen = await runCommand(['agent', 'status', '--http', await agent.url()], env);
    expect(screen.code).toBe(1);
    expect(screen.stdout).toContain('sources    NONE can be read');
    writeEvents(folder);
    await until('the file', () => sentences().includes('events: can be read'));
    agent.process.kill('SIGINT');
    expect(await agent.exit).toMatchObject({ code: 0 });
    expect(sentences().filter((msg) => msg.startsWith('events: no file'))).toHaveLength(1);
  });

  it('agent - a second one on the same state file, a port that is taken, wrong settings: one sentence, exit 1', async () => {
    const folder = agentFolder('refused');
    const env = await settings(folder);
    const agent = await startAgent(folder, env);
    const url = new URL(await agent.url());
    const other = { ...env, DB_PATH: join(folder, 'other.db') };
    const cases = [
      { env, sentence: /\[database_in_use\]\n$/ },
      { env: { ...other, PORT: url.port }, sentence: /set PORT to another port \[port_in_use\]\n$/ },
      {
        env: { ...other, PORT: '99999', FEDERATION_SALT: 'abc', AGENT_EVENTS: '', AGENT_LOGS: '' },
        sentence: /^3 settings are wrong:\n/,
      },
      { env: { ...env, DB_PATH: folder }, sentence: /is a folder: name a file in it\. \[/ },
    ];
    for (const { env: wrong, sentence } of cases) {
      const { code, stderr } = await runCommand(['agent'], wrong);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(sentence) as unknown });
    }
    expect(await agent.stop()).toBe(0);
  });

  it('agent check-config - lists what is set without secrets, and starts nothing', async () => {
    const folder = agentFolder('check');
    const env = { ...(await settings(folder)), FEDERATION_SALT: AGENT_SALT, CONTAINER_NAME: 'runner' };
    const { code, stdout, stderr } = await runCommand(['agent', 'check-config'], env);
    expect({ code, told: stdout + stderr }).toEqual({
      code: 0,
      told: expect.stringContaining('FEDERATION_SALT=(not shown)') as unknown,
    });
    expect(stdout + stderr).not.toContain(AGENT_SALT);
    expect((stdout + stderr).match(/CONTAINER_NAME/g)).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('agent - a state folder that cannot be made is one sentence', async () => {
    const folder = agentFolder('no-folder');
    writeFileSync(join(folder, 'file'), '');
    const env = { ...(await settings(folder)), DB_PATH: join(folder, 'file', 'data', 'agent.db') };
    for (const words of [['agent'], ['agent', 'adopt', monitorDatabase(folder)], ['agent', 'forget']]) {
      const { code, stderr } = await runCommand(words, env);
      expect({ words, code }).toEqual({ words, code: 1 });
      expect(stderr).toMatch(/^\S[^\n]+\[folder_not_writable\]\n$/);
    }
  });
});

// The built image as buildah runs it: a working container, commands in it, and the service as a process of this
// machine (chroot isolation shares its network and process ids). Never builds or changes the image.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** The configuration of the image. */
export interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly Cmd: readonly string[];
  readonly Env: readonly string[];
  readonly Volumes: Readonly<Record<string, unknown>>;
  readonly ExposedPorts: Readonly<Record<string, unknown>>;
  readonly StopSignal: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

/** How a command in the container ended. */
export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

export interface Service {
  readonly process: ChildProcess;
  /** Resolves when `buildah run` has ended. */
  readonly ended: Promise<Outcome>;
  /** The id of the program's own process on this machine, or null while it is not there. */
  pid(): number | null;
  /** Its real and its effective user id, or null while it is not there. */
  userIds(): readonly number[] | null;
}

type Environment = Readonly<Record<string, string>>;

/** What can be done with the image. */
export type Image = ReturnType<typeof openImage>;

/** `volume` is mounted at /data; `mounts` are `host:container[:ro]`; `environment` is given to every command. */
export function openImage(options: {
  image: string;
  volume: string;
  mounts?: readonly string[];
  environment: Environment;
}) {
  const storage = [
    '--root',
    required('BUILDAH_ROOT'),
    '--runroot',
    required('BUILDAH_RUNROOT'),
    '--storage-driver',
    'vfs',
  ];
  const buildah = (...args: string[]): string =>
    execFileSync('buildah', [...storage, ...args], { encoding: 'utf8', maxBuffer: 16_777_216 }).trim();
  const described = JSON.parse(buildah('inspect', '--type', 'image', options.image)) as {
    readonly Docker: { readonly config: ImageConfig };
  };
  let container = newContainer();
  const runArguments = (command: readonly string[], more: Environment): string[] => {
    const environment = Object.entries({ ...options.environment, ...more }).flatMap(([name, value]) => [
      '--env',
      `${name}=${value}`,
    ]);
    const mounts = [`${options.volume}:/data`, ...(options.mounts ?? [])].flatMap((each) => [
      '--volume',
      each,
    ]);
    const flags = ['--isolation', 'chroot', ...mounts, ...environment];
    return [...storage, 'run', ...flags, container, '--', ...command];
  };

  function newContainer(): string {
    const name = buildah('from', '--pull-never', options.image);
    // This buildah would mount a folder of its own at the image's volume, over the one that is given.
    buildah('config', '--volume', '/data-', name);
    if ('/keys' in described.Docker.config.Volumes) buildah('config', '--volume', '/keys-', name);
    return name;
  }

  return {
    config: described.Docker.config,

    /** Removes everything written outside the volume. */
    replaceContainer(): void {
      buildah('rm', container);
      container = newContainer();
    },

    run(...command: string[]): Outcome {
      return this.runWith({}, ...command);
    },

    /** Runs it with `more` in its environment, also in the place of what is given to every command. */
    runWith(more: Environment, ...command: string[]): Outcome {
      const args = runArguments(command, more);
      const { status, stdout, stderr } = spawnSync('buildah', args, { encoding: 'utf8' });
      return { code: status, output: `${stdout}${stderr}` };
    },

    start(command: readonly string[], more: Environment = {}): Service {
      const process = spawn('buildah', runArguments(command, more), { stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [process.stdout, process.stderr])
        stream?.on('data', (bytes) => (output += String(bytes)));
      const ended = new Promise<Outcome>((resolve) =>
        process.once('close', (code) => resolve({ code, output })),
      );
      const pid = () => pidsRunning(command, { ...options.environment, ...more })[0] ?? null;
      return { process, ended, pid, userIds: () => userIdsOf(pid()) };
    },
  };
}

/**
 * Processes of this machine with the command's words and the environment given to it; buildah's own have more words.
 */
function pidsRunning(command: readonly string[], environment: Environment): number[] {
  // A program that becomes itself once more, with other options, has the whole path of its file.
  const withoutFolder = (word: string) => word.replace(/^\/app\//, '');
  const [program = '', ...words] = command;
  const wantedWords = words.map(withoutFolder).join(' ');
  const wanted = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const [first = '', ...given] = readProcess(pid, 'cmdline');
      const has = new Set(readProcess(pid, 'environ'));
      return (
        basename(first) === program &&
        given.map(withoutFolder).join(' ') === wantedWords &&
        wanted.every((line) => has.has(line))
      );
    })
    .map(Number);
}

function userIdsOf(pid: number | null): readonly number[] | null {
  if (pid === null) return null;
  const line = /^Uid:\t(\d+)\t(\d+)\t/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return line === null ? null : line.slice(1).map(Number);
}

function readProcess(pid: string, file: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: run scripts/container-test.sh`);
  return value;
}

// The files under .github, as far as a test can judge them here, where no workflow runs: their YAML, the scripts and files
// that they name, the platforms, the pinned actions; and that the changelog can be released.

import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly 'runs-on'?: string;
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: {
    readonly matrix: Readonly<Record<string, readonly unknown[]>> & {
      readonly include?: readonly Readonly<Record<string, string>>[];
    };
  };
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const WORKFLOWS = globSync('.github/workflows/*.yml', { cwd: ROOT });
const workflow = (name: string) => parse(read(`.github/workflows/${name}.yml`)) as Workflow;
const jobsOf = (file: string) => Object.values((parse(read(file)) as Workflow).jobs);
const stepsOf = (file: string) => jobsOf(file).flatMap((job) => job.steps ?? []);
const manifest = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly version: string;
  readonly homepage: string;
};
const REPOSITORY = manifest.homepage.replace('#readme', '');

describe('workflows', () => {
  it('workflows - every file under .github is YAML, and all of them are there', () => {
    expect(WORKFLOWS.toSorted()).toEqual(['.github/workflows/ci.yml', '.github/workflows/release.yml']);
    for (const file of globSync('.github/**/*.yml', { cwd: ROOT }))
      expect(parse(read(file)), file).toBeTypeOf('object');
    for (const file of ['dependabot.yml', 'pull_request_template.md', 'ISSUE_TEMPLATE/config.yml'])
      expect(existsSync(join(ROOT, '.github', file)), file).toBe(true);
  });

  it('workflows - the tests run on Linux and macOS, each on amd64 and arm64', () => {
    for (const os of ['linux', 'macos']) {
      const job = workflow('ci').jobs[os];
      const { include = [] } = job?.strategy?.matrix ?? {};
      expect(include.map(({ arch }) => arch)).toEqual(['amd64', 'arm64']);
      for (const { arch, runner = '' } of include) {
        expect(runner).toMatch(os === 'linux' ? /^ubuntu-/ : /^macos-/);
        expect(/-arm$|^macos-\d+$/.test(runner)).toBe(arch === 'arm64');
      }
      expect(job?.steps?.map(({ run }) => run)).toContain('npm test');
    }
  });

  it.each(WORKFLOWS)('workflows - %s calls only scripts and files that exist', (file) => {
    const commands = stepsOf(file).map(({ run = '' }) => run);
    const scripts = commands.flatMap((text) =>
      [...text.matchAll(/\bnpm (?:run )?([a-z-]+)/g)].map(([, name = '']) => name),
    );
    const own = new Set(Object.keys(manifest.scripts));
    expect(scripts.filter((name) => !own.has(name) && !['pack', 'publish'].includes(name))).toEqual([]);
    const files = commands.flatMap((text) => text.match(/\bscripts\/[\w./-]+/g) ?? []);
    const called = jobsOf(file).flatMap(({ uses }) => (uses?.startsWith('./') === true ? [uses] : []));
    expect([...files, ...called].filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
    expect([...scripts, ...files].length).toBeGreaterThan(1);
    for (const { needs = [] } of jobsOf(file)) {
      const names = Object.keys((parse(read(file)) as Workflow).jobs);
      expect(names).toEqual(expect.arrayContaining([needs].flat()));
    }
  });

  it.each(WORKFLOWS)(
    'workflows - %s pins each action to a commit, and has no more rights than it needs',
    (file) => {
      const text = read(file);
      const uses = [...text.matchAll(/uses: (\S+)(.*)/g)].filter(([, name = '']) => !name.startsWith('./'));
      expect(uses.length).toBeGreaterThan(1);
      for (const [line, name = '', comment = ''] of uses) {
        expect(name, line).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
        expect(comment, line).toMatch(/^ # v\d+\.\d+\.\d+$/);
      }
      expect((parse(text) as Workflow).permissions).toEqual({ contents: 'read' });
      // An expression in a command would let its value, a branch name for one, be run.
      for (const { run = '' } of stepsOf(file)) expect(run).not.toContain('${{');
    },
  );

  it('workflows - the images are those of the Dockerfile, with labels, SBOM and provenance for both processors', () => {
    const stages = [...read('Dockerfile').matchAll(/^FROM runtime AS (\w+)$/gm)].map(([, name = '']) => name);
    expect(workflow('ci').jobs['image']?.strategy?.matrix['target']?.toSorted()).toEqual(stages.toSorted());
    const image = workflow('release').jobs['image'];
    expect(image?.strategy?.matrix.include?.map(({ target }) => target ?? '').toSorted()).toEqual(
      stages.toSorted(),
    );
    const build = image?.steps?.find(({ uses }) => uses?.startsWith('docker/build-push-action') ?? false);
    expect(build?.with).toMatchObject({
      platforms: 'linux/amd64,linux/arm64',
      sbom: true,
      provenance: 'mode=max',
    });
    for (const label of ['version', 'revision', 'created'])
      expect(build?.with?.['labels']).toContain(`org.opencontainers.image.${label}=`);
    for (const label of ['title', 'description', 'licenses', 'documentation'])
      expect(read('Dockerfile')).toContain(`org.opencontainers.image.${label}="`);
    expect(read('Dockerfile')).toContain(`org.opencontainers.image.source="${REPOSITORY}"`);
  });

  it('workflows - no registry is named: the images go where a variable says, the package where npm says', () => {
    for (const file of WORKFLOWS)
      expect(read(file)).not.toMatch(/\b(ghcr|quay|gcr|docker)\.io\b|registry-url|registry\.[a-z]+\.[a-z]/);
    const { jobs } = workflow('release');
    expect(jobs['image']?.if).toBe("vars.IMAGE_REGISTRY != ''");
    expect(JSON.stringify(jobs['package'])).toContain(
      'npm publish ./truebit-aggregator-*.tgz --provenance --access public',
    );
    for (const job of ['image', 'package']) expect(jobs[job]?.permissions?.['id-token']).toBe('write');
    const said = read('docs/versioning.md');
    for (const [, name = ''] of read('.github/workflows/release.yml').matchAll(/\b(?:vars|secrets)\.(\w+)/g))
      expect(said).toContain(`\`${name}\``);
  });

  it('workflows - the repository has one address everywhere', () => {
    const files = [
      '*.md',
      '.github/**/*.{yml,md}',
      'docs/**/*.md',
      'Dockerfile',
      'deploy/**/*.{yml,yaml,service,timer}',
      'package.json',
    ];
    for (const file of globSync(files, { cwd: ROOT }))
      for (const [address] of read(file).matchAll(/https:\/\/github\.com\/truebit[\w.-]*\/[\w-]+/g))
        expect(address, file).toBe(REPOSITORY);
  });
});

/** A folder with the script and this changelog. */
function copy(changelog: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'scripts'));
  for (const name of ['scripts/release-notes.sh', 'package.json'])
    cpSync(join(ROOT, name), join(folder, name));
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog);
  return folder;
}

describe('release notes', () => {
  const notes = (folder: string, tag: string) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      execFile('sh', [join(folder, 'scripts/release-notes.sh'), tag], (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
      );
    });

  const tag = `v${manifest.version}`;

  it('release notes - the changelog has a dated part for every version, newest first, below Unreleased', () => {
    const headings = [...read('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
    expect(headings[0]).toBe('Unreleased');
    for (const heading of headings.slice(1)) expect(heading).toMatch(/^\d+\.\d+\.\d+ - 20\d\d-\d\d-\d\d$/);
    const dates = headings.slice(1).map((heading) => heading.split(' - ')[1] ?? '');
    expect(dates).toEqual(dates.toSorted().toReversed());
  });

  it('release notes - compose files and manifests name the images of this version', () => {
    const files = globSync(['docker-compose*.yml', 'deploy/kubernetes/*.yaml'], { cwd: ROOT });
    const images = files.flatMap((file) =>
      [...read(file).matchAll(/\btruebit-aggregator(?:-[a-z]+)?:(\d[\w.-]*)/g)].map(([, version]) => version),
    );
    expect(images.length).toBeGreaterThan(6);
    expect(new Set(images)).toEqual(new Set([manifest.version]));
  });

  it('release notes - they are the part of the version, and nothing of the next', async () => {
    const folder = copy(
      `# Changelog\n\n## Unreleased\n\n- new\n\n## ${manifest.version} - 2026-12-15\n\n- old\n\n### Part\n\n- more\n\n## 0.0.1 - 2026-01-01\n\n- first\n`,
    );
    expect(await notes(folder, tag)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\n?- old\n\n### Part\n\n- more\n$/) as unknown,
    });
  });

  it('release notes - a tag of another version, and a version without a date, are refused', async () => {
    const folder = copy(
      `# Changelog\n\n## Unreleased\n\n- new\n\n## ${manifest.version} (unreleased)\n\n- old\n`,
    );
    expect(await notes(folder, 'v99.0.0')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The tag is v99.0.0') as unknown,
    });
    expect(await notes(folder, tag)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('has no part') as unknown,
    });
  });
});

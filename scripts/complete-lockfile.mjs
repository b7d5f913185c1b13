// Adds to package-lock.json the optional platform packages (other systems' binaries) that npm left out because the
// registry it asked did not serve them; without them `npm ci` refuses the file. Run by hand after changing
// dependencies: `node scripts/complete-lockfile.mjs`. Never changes an entry that is there, and never invents a
// checksum: the entries it adds carry none.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));

/** `@scope/name-linux-arm64-musl` → `{os: ['linux'], cpu: ['arm64'], libc: ['musl']}`; null for other names. */
function platformOf(name) {
  const words = name.slice(name.indexOf('/') + 1).split('-');
  const os = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'].find((word) => words.includes(word));
  const cpu = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x'].find((word) => words.includes(word));
  if (os === undefined || cpu === undefined) return null;
  if (os !== 'linux') return { os: [os], cpu: [cpu] };
  return { os: [os], cpu: [cpu], libc: [words.at(-1).startsWith('musl') ? 'musl' : 'glibc'] };
}

const added = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    const platform = platformOf(name);
    const present = lock.packages[key] !== undefined || lock.packages[`${path}/${key}`] !== undefined;
    if (present || platform === null) continue;
    if (!/^\d/.test(version)) throw new Error(`${name}: cannot complete the range ${version}`);
    const { cpu, ...rest } = platform;
    lock.packages[key] = { version, cpu, ...(entry.dev ? { dev: true } : {}), optional: true, ...rest };
    added.push(name);
  }
}

const [root, ...others] = Object.entries(lock.packages);
others.sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries([root, ...others]);
if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added.length} platform packages added`);

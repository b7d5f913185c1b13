// The command `doctor` of every program: looks at what a start needs and says what is wrong, also while the program runs. It
// starts nothing and changes nothing. What is looked at comes from the program, as a list of checks.

import type { Environment } from '../config/environment.ts';
import { CodedError } from '../lib/errors.ts';
import { type Command, command } from './command.ts';
import { flag, type Options } from './command-line.ts';
import { machineChecks } from './doctor-machine.ts';
import { type Check, fail, failure, type Finding, type Grade, ok, warn } from './finding.ts';
import { print } from './output.ts';
import type { GivenOptions } from './program.ts';

/** A program as `doctor` sees it. */
export interface DoctorSubject {
  /** Which of its own things are looked at, as the end of a sentence that begins "Looks at the settings, …". */
  readonly looksAt: string;
  /** Options of every command that say where the settings are; none if they are in the environment. */
  readonly settingsOptions?: Options;
  /** Reads the settings. Errors: `settings_invalid`, whose mistakes are findings; then only the machine is looked at. */
  examine(
    env: Environment,
    given: GivenOptions,
  ): { readonly warnings: readonly string[]; readonly checks: readonly Check[] };
}

/** Time for one look, in ms. */
const LOOK_TIME_MAX_MS = 15_000;

/** Makes the command. */
export function doctorCommand(subject: DoctorSubject): Command {
  const settingsOptions: Options = subject.settingsOptions ?? {};
  return command({
    about: `Looks at the settings, ${subject.looksAt}, versions, clock, memory and the limit of open files, and says what is wrong and what to do. It starts nothing and changes nothing, and may run while the program runs.\n\nEach line begins with ok, warn or fail.`,
    options: { ...settingsOptions, json: flag('print one JSON object') },
    exit: '0 nothing fails; 1 something fails; 2 usage.',
    async run({ values }, env) {
      const findings = await findingsOf(subject, env, values);
      const count = (grade: Grade) => findings.filter((finding) => finding.grade === grade).length;
      const counts = { ok: count('ok'), warn: count('warn'), fail: count('fail') };
      print(values.json ? `${JSON.stringify({ ...counts, findings })}\n` : textOf(findings, counts));
      return counts.fail > 0 ? 1 : 0;
    },
  });
}

/** The findings of all checks, in their order. */
export async function findingsOf(
  subject: DoctorSubject,
  env: Environment,
  given: GivenOptions,
): Promise<readonly Finding[]> {
  const settings = settingsOf(subject, env, given);
  const findings: Finding[] = [...settings.findings];
  for (const check of [...settings.checks, ...machineChecks(env)]) findings.push(...(await lookAt(check)));
  return findings;
}

function settingsOf(
  subject: DoctorSubject,
  env: Environment,
  given: GivenOptions,
): { readonly findings: readonly Finding[]; readonly checks: readonly Check[] } {
  try {
    const { warnings, checks } = subject.examine(env, given);
    const findings = warnings.map((warning) => warn('settings', warning, 'check it'));
    return { findings: findings.length > 0 ? findings : [ok('settings', 'right')], checks };
  } catch (error) {
    if (!(error instanceof CodedError) || error.code === 'usage') throw error;
    const [heading = '', ...mistakes] = error.message.split('\n  ');
    const remedy = 'correct it; the rest could not be looked at';
    const lines = mistakes.length === 0 ? [heading] : mistakes;
    return { findings: lines.map((line) => fail('settings', line.replace(/\.$/, ''), remedy)), checks: [] };
  }
}

async function lookAt({ what, look }: Check): Promise<readonly Finding[]> {
  const late = Promise.withResolvers<readonly Finding[]>();
  const timer = setTimeout(
    () => late.resolve([fail(what, `no result within ${LOOK_TIME_MAX_MS / 1000} s`, 'look at it by hand')]),
    LOOK_TIME_MAX_MS,
  );
  try {
    return await Promise.race([Promise.resolve().then(look), late.promise]);
  } catch (error) {
    if (error instanceof CodedError) return [failure(what, error)];
    const reason = error instanceof Error ? error.message : 'unknown error';
    return [fail(what, `it could not be looked at (${reason})`, 'report it')];
  } finally {
    clearTimeout(timer);
  }
}

function textOf(findings: readonly Finding[], counts: Readonly<Record<Grade, number>>): string {
  const lines = findings.map(({ grade, what, finding, remedy }) => {
    // A finding may be a sentence with line breaks of its own.
    const said = finding.replaceAll(/\s*\n\s*/g, ' ');
    return `${grade.padEnd(4)}  ${what}: ${said}${remedy === null ? '' : `; ${remedy}`}\n`;
  });
  return [...lines, `${counts.ok} ok, ${counts.warn} to look at, ${counts.fail} wrong\n`].join('');
}

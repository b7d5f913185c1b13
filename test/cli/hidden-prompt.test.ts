import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { askHidden } from '../../src/cli/hidden-prompt.ts';

/** A terminal whose keys the test presses. */
function terminal() {
  const modes: boolean[] = [];
  const shown: string[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (isRaw: boolean) => modes.push(isRaw) });
  return { modes, shown, input, show: (text: string) => void shown.push(text) };
}

it.each([
  ['secret\r', 'secret'],
  ['secret\n', 'secret'],
  ['secrets\u007f\r', 'secret'],
  ['sé\bécret\r', 'sécret'],
  ['wrong\u0015secret\r', 'secret'],
  ['\u001b[200~pasted\u001b[201~\r', 'pasted'],
  ['\u001b[Asec\u001bOAret\u0007\r', 'secret'],
  ['first line\nsecond line\n', 'first line'],
  ['\r', ''],
])('hidden prompt - %j gives %j and shows none of it', async (keys, answer) => {
  const { modes, shown, input, show } = terminal();
  const asked = askHidden({ input, show }, 'Secret');
  input.write(keys);
  expect(await asked).toBe(answer);
  expect(shown).toEqual(['Secret: ', '\n']);
  expect(modes).toEqual([true, false]);
});

it('hidden prompt - keys come one at a time, and one question after the other', async () => {
  const { input, show } = terminal();
  const first = askHidden({ input, show }, 'One');
  for (const key of 'one\r') input.write(key);
  expect(await first).toBe('one');
  const second = askHidden({ input, show }, 'Two');
  for (const key of 'two\r') input.write(key);
  expect(await second).toBe('two');
});

it.each([['sec\u0003'], ['sec\u0004'], [null]])('hidden prompt - %j interrupts', async (keys) => {
  const { modes, input, show } = terminal();
  const asked = askHidden({ input, show }, 'Secret');
  if (keys === null) input.end();
  else input.write(keys);
  await expect(asked).rejects.toMatchObject({
    code: 'usage',
    message: expect.not.stringContaining('sec') as unknown,
  });
  expect(modes).toEqual([true, false]);
});

it('hidden prompt - a line has at most 8,000 characters', async () => {
  const { input, show } = terminal();
  const most = askHidden({ input, show }, 'Secret');
  input.write(`${'s'.repeat(8_000)}\r`);
  expect(await most).toHaveLength(8_000);
  const more = askHidden({ input, show }, 'Secret');
  input.write(`${'s'.repeat(8_001)}\r`);
  await expect(more).rejects.toMatchObject({ code: 'usage' });
});

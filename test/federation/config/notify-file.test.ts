// NOTIFY_FILE: what it means, and all its mistakes with their places, without an address.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  NOTIFY_KEY_ROWS,
  notifyLines,
  OWN_TROUBLES,
  readNotifyFile,
} from '../../../src/federation/config/notify-file.ts';
import { EVENT_KINDS } from '../../../src/federation/domain/events.ts';
import { FORM_NAMES } from '../../../src/notify/forms.ts';
import { RECEIVERS_MAX } from '../../../src/notify/receiver-keys.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'notify-file-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function read(text: string, place = folder()) {
  const path = join(place, 'notify.yml');
  writeFileSync(path, text, { mode: 0o600 });
  return readNotifyFile(path);
}

function mistakes(text: string, place = folder()): readonly string[] {
  try {
    read(text, place);
  } catch (error) {
    const lines = (error as Error).message.split('\n  ').slice(1);
    return lines.map((line) =>
      line.replace(/^line (\d+), column (\d+): /, '$1:$2 ').replace(place, 'FOLDER'),
    );
  }
  throw new Error('no mistake was found');
}

describe('NOTIFY_FILE', () => {
  it('notify file - a receiver without choices is told of the own troubles, and one with nodes of these too', () => {
    const { receivers, warnings } = read(
      'receivers:\n- {name: a, url: "https://u:p@h/geheim?k=1"}\n- {name: b, url: "http://h", form: ntfy, nodes: [x, "berlin-*"], min_interval: 0}\n'.replace(
        'http://h"',
        'http://h/topic"',
      ),
    );
    expect(receivers).toEqual([
      {
        name: 'a',
        url: 'https://u:p@h/geheim?k=1',
        form: 'json',
        minIntervalMs: 60_000,
        nodes: [],
        events: OWN_TROUBLES,
      },
      {
        name: 'b',
        url: 'http://h/topic',
        form: 'ntfy',
        minIntervalMs: 0,
        nodes: ['x', 'berlin-*'],
        events: [...OWN_TROUBLES, 'node_offline', 'node_online'],
      },
    ]);
    expect(warnings).toEqual([]);
    expect(notifyLines(receivers).join('\n')).not.toMatch(/geheim|h\/topic/);
    expect(notifyLines(receivers)[1]).toMatch(
      /^notifications: b \(ntfy\), nodes x, berlin-\*, each on its own: not_ready, /,
    );
  });

  it('notify file - all mistakes are told at once, with their places and without an address', () => {
    expect(
      mistakes(
        [
          'receivers:',
          '- {url: "https://h/geheim"}',
          '- {name: a}',
          '- {name: a, url: h/geheim, form: teams, nodes: some, events: [node_gone], min_interval: 2w}',
          '- {name: b, url: "https://h/geheim", url_file: x}',
          '- {name: c, url: "https://ntfy.sh/", form: ntfy}',
          '- {name: d, url_file: missing, nodes: [""]}',
          '- {name: e, urls: "https://h/geheim"}',
        ].join('\n'),
      ),
    ).toEqual([
      '2:3 receivers[0].name: must be given',
      '3:3 receivers[1].url: must be given, or url_file',
      expect.stringMatching(/^4:4 receivers\[2\]\.name: the receiver in line 3 has this name already$/),
      expect.stringMatching(/^4:18 receivers\[2\]\.url \(not shown\): allowed is an address/),
      expect.stringMatching(/^4:34 receivers\[2\]\.form "teams": allowed is `json` or/),
      expect.stringMatching(/^4:48 receivers\[2\]\.nodes "some": allowed is `all` or `none`/),
      expect.stringMatching(/^4:63 receivers\[2\]\.events\[0\] "node_gone": allowed is `started` or/),
      expect.stringMatching(/^4:89 receivers\[2\]\.min_interval "2w": /),
      '5:38 receivers[3].url_file: url gives the address already: write one of them',
      expect.stringMatching(/^6:13 receivers\[4\]\.url: the form ntfy needs the address of a topic/),
      '7:13 receivers[5].url_file: there is no such file',
      expect.stringMatching(/^7:40 receivers\[5\]\.nodes\[0\] "": the text is empty/),
      '8:3 receivers[6].url: must be given, or url_file',
      '8:13 receivers[6].urls: no key has this name; is receivers[6].url meant?',
    ]);
  });

  it('notify file - there are at most so many receivers', () => {
    const text = (count: number) =>
      `receivers:\n${Array.from({ length: count }, (_, index) => `- {name: r${index}, url: "http://h"}\n`).join('')}`;
    expect(read(text(RECEIVERS_MAX)).receivers).toHaveLength(RECEIVERS_MAX);
    expect(mistakes(text(RECEIVERS_MAX + 1))).toEqual(['1:1 receivers: allowed are at most 20 receivers']);
  });

  it('notify file - an address in a file is read beside it; others may not write it, and better not read it', () => {
    const place = folder();
    const text = 'receivers:\n- {name: a, url_file: address}\n';
    const file = join(place, 'address');
    writeFileSync(file, 'https://h/geheim\n', { mode: 0o600 });
    expect(read(text, place)).toMatchObject({ receivers: [{ url: 'https://h/geheim' }], warnings: [] });
    chmodSync(file, 0o644);
    expect(read(text, place).warnings).toEqual([
      `${place}/notify.yml: line 2, column 13: receivers[0].url_file: other users may read this file: run "chmod 600 ${file}"`,
    ]);
    chmodSync(file, 0o666);
    expect(mistakes(text, place)).toEqual([expect.stringMatching(/^2:13 .*other users may write this file/)]);
    chmodSync(file, 0o600);
    for (const [content, fault] of [
      ['', 'this file is empty'],
      ['https://h/geheim\nhttps://h/2\n', 'this file holds more than one address'],
      ['h/geheim', 'what the file holds is no address'],
      ['https://h/\0geheim', 'a character that cannot be seen is in this file'],
      ['x'.repeat(9_000), 'this file holds more than one address'],
    ] as const) {
      writeFileSync(file, content);
      expect(mistakes(text, place).join()).toContain(fault);
      expect(mistakes(text, place).join()).not.toContain('geheim');
    }
  });

  it('notify file - addresses that other users may read or change are a warning', () => {
    const place = folder();
    const path = join(place, 'notify.yml');
    read('receivers:\n- {name: a, url: "http://h"}\n', place);
    for (const [mode, may] of [
      [0o644, 'read'],
      [0o666, 'write'],
    ] as const) {
      chmodSync(path, mode);
      expect(readNotifyFile(path).warnings).toEqual([
        `${path}: other users may ${may} this file, which holds addresses: run "chmod 600 ${path}", or write them into files of their own (url_file)`,
      ]);
    }
  });

  it('notify file - what is never told is a warning', () => {
    const { warnings } = read(
      'receivers:\n- {name: a, url: "http://h", events: [node_offline]}\n- {name: b, url: "http://h", events: []}\n',
    );
    expect(warnings.map((warning) => warning.replace(/^.*?: /, ''))).toEqual([
      'line 2, column 39: receivers[0].events[0]: never told, because this receiver has no nodes: write nodes: all',
      'line 3, column 30: receivers[1].events: this receiver is told nothing',
    ]);
  });

  it('notify file - the example is right and has every form, and the page lists every key and every event', () => {
    const root = new URL('../../../', import.meta.url);
    const { receivers, warnings } = read(readFileSync(new URL('deploy/notify.example.yml', root), 'utf8'));
    expect(warnings).toEqual([]);
    expect(receivers.map(({ form }) => form).toSorted()).toEqual([...FORM_NAMES].toSorted());
    const page = readFileSync(new URL('docs/notifications.md', root), 'utf8');
    const rows = Array.from(
      page.matchAll(/^\| `(receivers[a-z_.[\]]+)` \| (.+?) \| (.+?) \| (.+?) \|$/gm),
      (row) => row.slice(1),
    );
    expect(rows).toEqual(
      NOTIFY_KEY_ROWS.map(({ name, default: standard, allowed, meaning }) => [
        name,
        standard,
        allowed,
        meaning,
      ]),
    );
    for (const kind of EVENT_KINDS) expect(page).toContain(`| \`${kind}\``);
  });
});

// The two places where messages wait give the same answers: the rows on the disk and the memory.

import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { FACT_TYPES, type FactType } from '../../../src/agent/domain/messages.ts';
import { AGENT_DATABASE } from '../../../src/agent/store/agent-database.ts';
import { MemoryOutbox } from '../../../src/agent/store/memory-outbox.ts';
import { OutboxRows } from '../../../src/agent/store/outbox-rows.ts';
import { openInMemory } from '../../../src/store/database.ts';

const type = fc.constantFrom(...FACT_TYPES);
const positions = fc
  .array(fc.tuple(type, fc.nat(30)), { maxLength: 3 })
  .map((pairs) => new Map<FactType, number>(pairs));
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), type, isHistory: fc.boolean() }),
  fc.record({ do: fc.constant('remove' as const), id: fc.nat(30) }),
  fc.record({ do: fc.constant('rename' as const), to: fc.constantFrom('node-b', 'node-c') }),
  fc.record({
    do: fc.constant('next' as const),
    isHistory: fc.boolean(),
    after: positions,
    limit: fc.nat(5),
  }),
);

it('message rows - disk and memory give the same, whatever is asked', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const database = openInMemory(AGENT_DATABASE);
      const both = [new OutboxRows(database), new MemoryOutbox()] as const;
      let id = 0;
      let nodeId = 'node-a';
      for (const each of steps) {
        const answers = both.map((rows) => {
          if (each.do === 'add') {
            return rows.add(id + 1, { ...each, payload: `{"nodeId":"${nodeId}","n":${id}}` });
          }
          if (each.do === 'remove') return rows.remove(each.id);
          if (each.do === 'rename') return rows.rename(nodeId, each.to);
          return rows.next(each.isHistory, each.after, each.limit);
        });
        if (each.do === 'add') id += 1;
        if (each.do === 'rename') nodeId = each.to;
        expect(answers[1]).toEqual(answers[0]);
        expect([both[1].waiting, both[1].newestId()]).toEqual([both[0].waiting, both[0].newestId()]);
      }
      database.close();
    }),
    { numRuns: 60 },
  );
});

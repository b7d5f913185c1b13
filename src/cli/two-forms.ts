// A command with two forms under one name: with an operand it is one command, without another. It knows neither of them.

import { asksForHelp, hasOperand, type Options } from './command-line.ts';
import type { Command, Entry } from './command.ts';
import { print } from './output.ts';

/** The two forms. */
export interface TwoForms {
  /** Called if the arguments have an operand. */
  readonly withOperand: Entry['load'];
  /** Called otherwise. */
  readonly without: Entry['load'];
  /** The options of the form without operand. If the other form has one of them, it has a value in both or in neither. */
  readonly options: Options;
}

/** Makes the command. Its help is that of both forms. */
export function twoForms({ withOperand, without, options }: TwoForms): Command {
  return {
    async shape() {
      const shape = await (await withOperand()).shape();
      return shape.type === 'work' ? { ...shape, options: { ...shape.options, ...options } } : shape;
    },
    async run(call) {
      if (asksForHelp(call.args)) {
        await (await without()).run(call);
        print('\n');
        return (await withOperand()).run(call);
      }
      return (await (hasOperand(call.args, options) ? withOperand() : without())).run(call);
    },
  };
}

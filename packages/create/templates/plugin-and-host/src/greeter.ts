import { map, range } from 'rxjs';
import { implement } from 'rxplug';
import { plugins } from './contract.js';

export const greeter = implement(plugins.greeter, ({ logger }) => ({
  greet({ name }) {
    logger.info('greeting', { name });
    return { greeting: `Hello ${name}!` };
  },
  countDown: ({ from }) => range(0, from).pipe(map((passed) => ({ number: from - passed }))),
}));

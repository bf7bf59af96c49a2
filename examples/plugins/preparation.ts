import { implement, serve } from 'rxplug';
import { handshake, plugins } from '../basic/contract.js';

/** Stands for a database. */
async function openDictionary(): Promise<(name: string) => string> {
  console.log('the driver of the database is chatty');
  return (name) => `Hello ${name}!`;
}

// #region preparation
await serve(async ({ logger, host }) => {
  const greet = await openDictionary(); // what it prints is captured already
  logger.info('the dictionary is open', { versions: host.versions });
  return {
    handshake,
    plugins: { greeter: implement(plugins.greeter, { greet: ({ name }) => ({ greeting: greet(name) }) }) },
  };
});
// #endregion preparation

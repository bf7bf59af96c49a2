import { implement } from 'rxplug';
import { GrpcError, status } from 'rxplug/grpc';
import { plugins } from './contract.js';

interface Task {
  readonly title: string;
  readonly done: boolean;
}

/** A list of tasks, for each plugin one. */
export const tasks = implement(plugins.tasks, ({ logger }) => {
  const list: Task[] = [];
  return {
    async add({ title }) {
      if (title === '') throw new GrpcError(status.INVALID_ARGUMENT, 'the title is empty');
      list.push({ title, done: false });
      logger.info('added', { title });
      return { count: list.length };
    },

    // Waits while the caller does not read.
    async *list({ openOnly }) {
      for (const task of list) if (!openOnly || !task.done) yield task;
    },

    // The requests of a stream are read from `call.requests`, at the pace of this loop.
    async import(_, call) {
      let count = 0;
      for await (const { title, done } of call.requests) {
        list.push({ title, done });
        count++;
      }
      return { count };
    },
  };
});

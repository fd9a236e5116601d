export default {
  files: ['test/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '2m',
  // Tests look at their own process: its children, its memory. So each file has one.
  workerThreads: false,
};

/** The tables of `npm run bench -- gates`, in the order in which they are shown. */
export default [
  'uncontended',
  'contended',
  'depth',
  'waiter-bytes',
  'exclusive',
  'promise-face',
  'semaphore',
  'keyed',
  'keyed-memory',
];

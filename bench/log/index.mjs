/** The tables of `npm run bench -- log`, in the order in which they are shown. */
export default ['emitting', 'persisted', 'durable', 'replay', 'selective', 'memory'];

/** The tables of `npm run bench -- redis`, in the order in which they are shown. */
export default ['cycle', 'cycle-tracked', 'commands', 'waiters', 'limiters', 'crowd', 'renewal'];

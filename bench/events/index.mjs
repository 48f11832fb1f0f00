/** The tables of `npm run bench -- events`, in the order in which they are shown. */
export default ['names', 'handlers', 'coordinate', 'import-time', 'bundle-size'];

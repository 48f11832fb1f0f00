/** The tables of `npm run bench -- limits`, in the order in which they are shown. */
export default ['permitted', 'clock-reads', 'key-bytes', 'burst', 'boundary'];

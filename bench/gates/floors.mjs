/** The least that a promise mutex can be: what people write by hand. */

const READY = Promise.resolve();

/** A flag, and a list of those who wait. */
export function flagAndList() {
  let held = false;
  let head = null;
  let tail = null;
  return {
    acquire() {
      if (!held) {
        held = true;
        return READY;
      }
      return new Promise((wake) => {
        const node = { wake, next: null };
        if (tail === null) head = node;
        else tail.next = node;
        tail = node;
      });
    },
    release() {
      if (head === null) {
        held = false;
        return;
      }
      const { wake, next } = head;
      head = next;
      if (next === null) tail = null;
      wake();
    },
  };
}

/** Each task follows the one before. */
export function promiseChain() {
  let tail = READY;
  return (work) => (tail = tail.then(work));
}

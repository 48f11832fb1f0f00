/**
 * A text on one line, without signs that steer a terminal. Names and messages come from anywhere: a newline in them must not
 * look like another line of a log, and an escape must not reach whoever reads it.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (sign) =>
    sign === '\n' ? '\\n' : `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

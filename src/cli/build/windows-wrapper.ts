/** A file `NAME.cmd`, which runs the script `NAME` beside it. Its own path tells the script's, so that names need no encoding in it. */
export const WINDOWS_WRAPPER = '@node "%~dpn0" %*\r\n';

/** What has to be known of it. */
export const WINDOWS_REMARK =
  'On Windows a host in Go starts the .cmd file; one in Node starts no .cmd file by itself: its command is node and the script. ' +
  'A host that looks for an .exe file needs --as sea.';

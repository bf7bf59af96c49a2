/**
 * What the texts of a manifest look like. `docs/plugin.schema.json` has the same expressions, so they have no flags.
 */

/** The expression of semver.org. */
export const SEMANTIC_VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

/** Lower case, because names become folders, also where upper and lower case are the same. */
export const PLUGIN_NAME = /^@?[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*){0,3}$/;

/** As Node has them in `process.platform` and `process.arch`. */
export const PLATFORM =
  /^(?:(?:aix|android|darwin|freebsd|linux|netbsd|openbsd|sunos|win32)-(?:arm|arm64|ia32|loong64|mips|mipsel|ppc64|riscv64|s390x|x64)(?:-musl)?|any)$/;

/** What ranges of npm's semver are written with. */
export const VERSION_RANGE = /^[0-9A-Za-z.*+<>=~^| -]+$/;

/** A name of an application, or of a plugin in its set. */
export const WORD = /^[A-Za-z0-9][\w.@/-]*$/;

export const SERVICE_NAME = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;

export const VARIABLE_NAME = /^[A-Za-z_]\w*$/;

/** A program of the PATH, or a file of the plugin's folder: never above it, nor from a root or a drive. */
// oxlint-disable-next-line no-control-regex -- NUL ends a string of the system
export const PROGRAM = /^(?!\/)(?!\.\.(?:\/|$))(?!.*\/\.\.(?:\/|$))[^\\:\u0000]+$/;

// oxlint-disable-next-line no-control-regex -- as above
export const TEXT = /^[^\u0000]*$/;

// oxlint-disable-next-line no-control-regex -- as above
export const FILLED_TEXT = /^[^\u0000]+$/;

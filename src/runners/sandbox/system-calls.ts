/**
 * A filter of system calls (seccomp), for what namespaces do not separate: the kernel's keyrings, which a process inherits from its parent, sockets
 * of virtual machines (AF_VSOCK), typing into a terminal; and for parts of the kernel that plugins do not need and that had many faults.
 */

/** Of an architecture: what the kernel calls it, and the numbers of its calls (asm/unistd.h). */
interface Architecture {
  readonly audit: number;
  readonly socket: number;
  readonly ioctl: number;
  /** Refused with EPERM: add_key, request_key, keyctl, perf_event_open, open_by_handle_at, bpf, userfaultfd. */
  readonly refused: readonly number[];
  /** From this number on calls are of another ABI. */
  readonly otherAbi?: number;
}

const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, Architecture>>> = {
  x64: {
    audit: 0xc000003e,
    socket: 41,
    ioctl: 16,
    refused: [248, 249, 250, 298, 304, 321, 323],
    otherAbi: 0x40000000,
  },
  arm64: { audit: 0xc00000b7, socket: 198, ioctl: 29, refused: [217, 218, 219, 241, 265, 280, 282] },
};

/** Opens sockets without `socket`. Its number is the same everywhere. */
const IO_URING_SETUP = 425;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. */
const FAMILIES = [1, 2, 10, 16];
/** TIOCSTI, TIOCLINUX. */
const TERMINAL = [0x5412, 0x541c];

/** Where `struct seccomp_data` has what is asked. Arguments have 64 bits, of which the lower ones come first. */
const NUMBER = 0;
const ARCH = 4;
const FIRST_ARGUMENT = 16;
const SECOND_ARGUMENT = 24;

/** Of classic BPF: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGE | BPF_K, BPF_RET | BPF_K. */
const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const fail = (errno: number): number => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, value: number];

/** The program for bwrap's `--seccomp`; undefined for an architecture whose numbers are not known here. */
export function systemCallFilter(architecture: NodeJS.Architecture = process.arch): Uint8Array | undefined {
  const known = ARCHITECTURES[architecture];
  if (known === undefined) return undefined;
  const { audit, socket, ioctl, refused, otherAbi } = known;
  return assembled([
    [LOAD, 0, 0, ARCH],
    [IF_EQUAL, 1, 0, audit],
    // Such as programs of 32 bits, whose calls have other numbers.
    [RETURN, 0, 0, fail(ENOSYS)],
    [LOAD, 0, 0, NUMBER],
    ...(otherAbi === undefined ? [] : unless(IF_AT_LEAST, otherAbi, ENOSYS)),
    ...unless(IF_EQUAL, IO_URING_SETUP, ENOSYS),
    ...refused.flatMap((number) => unless(IF_EQUAL, number, EPERM)),
    ...forCall(socket, [
      [LOAD, 0, 0, FIRST_ARGUMENT],
      ...FAMILIES.flatMap(allowed),
      [RETURN, 0, 0, fail(EAFNOSUPPORT)],
    ]),
    ...forCall(ioctl, [
      [LOAD, 0, 0, SECOND_ARGUMENT],
      ...TERMINAL.flatMap((request) => unless(IF_EQUAL, request, EPERM)),
      [RETURN, 0, 0, ALLOW],
    ]),
    [RETURN, 0, 0, ALLOW],
  ]);
}

function unless(condition: number, value: number, errno: number): Instruction[] {
  return [
    [condition, 0, 1, value],
    [RETURN, 0, 0, fail(errno)],
  ];
}

function allowed(value: number): Instruction[] {
  return [
    [IF_EQUAL, 0, 1, value],
    [RETURN, 0, 0, ALLOW],
  ];
}

function forCall(number: number, body: readonly Instruction[]): Instruction[] {
  return [[IF_EQUAL, 0, body.length, number], ...body];
}

/** As the kernel's `struct sock_filter`, in the byte order of both architectures. */
function assembled(program: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8 * program.length));
  program.forEach(([code, jumpTrue, jumpFalse, value], index) => {
    bytes.setUint16(8 * index, code, true);
    bytes.setUint8(8 * index + 2, jumpTrue);
    bytes.setUint8(8 * index + 3, jumpFalse);
    bytes.setUint32(8 * index + 4, value, true);
  });
  return new Uint8Array(bytes.buffer);
}

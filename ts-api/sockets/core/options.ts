/*
 * options.ts - the option dictionaries of the socket classes: one function each that reads every member once,
 * in lexicographical order, and returns a plain record. Ports are checked here for being numbers at all
 * (NaN stands for "not a valid port"), hosts are not: the constructor orders those errors.
 * Spec: W3C TCP and UDP Socket API, "Dictionary UDPOptions" to "Dictionary TCPServerPermissionOptions"; the
 * members that the text lacks carry the names of the Direct Sockets draft where that has one.
 */
import {
    type Dictionary,
    member,
    members,
    merge,
    portOrNull,
    textOrNull,
    toBoolean,
    toDictionary,
    toEnum,
    toInteger,
    toInterface,
} from "./convert.ts";
import { typeError } from "./errors.ts";
import { type AbortSignal, isAbortSignal } from "./signal.ts";
import { refuseTlsOptions, TLS_MEMBERS, type TlsOptions, toTlsOptions } from "./tls.ts";

/** Bytes: the most that a buffer size option can ask for (what setsockopt takes). */
const BUFFER_SIZE_MAX = 0x7fffffff;
/** Seconds: the most that TCP_KEEPIDLE and TCP_KEEPINTVL take. */
export const KEEP_ALIVE_SECONDS_MAX = 32767;
/** Milliseconds: shorter idle times are refused, as in the Direct Sockets draft. */
const KEEP_ALIVE_DELAY_MIN = 1000;
const KEEP_ALIVE_DELAY_MAX = 0xffffffff;
/** Seconds between sparse probes where the app does not say: the text's ten minutes. */
const KEEP_ALIVE_SPARSE_SECONDS = 600;
/** The largest TTL or hop limit. */
const HOPS_MAX = 255;
/** The largest listen backlog (the kernel caps it at net.core.somaxconn). */
const BACKLOG_MAX = 65535;

export type KeepAliveMode = "off" | "frequent-then-sparse" | "sparse";
const KEEP_ALIVE_MODES: readonly KeepAliveMode[] = ["off", "frequent-then-sparse", "sparse"];
const FAMILIES = ["ipv4", "ipv6"] as const;

/* Members that are read, in the order of Web IDL. */
const TCP_MEMBERS = merge(TLS_MEMBERS, [
    "addressReuse",
    "allowHalfOpen",
    "dnsQueryType",
    "interface",
    "keepAliveDelay",
    "localAddress",
    "localPort",
    "noDelay",
    "receiveBufferSize",
    "sendBufferSize",
    "signal",
    "tcpKeepAliveOptions",
    "tcpKeepAliveSparseIntvl",
    "useSecureTransport",
]);
const TCP_SERVER_MEMBERS = merge(TLS_MEMBERS, [
    "addressReuse",
    "allowHalfOpen",
    "backlog",
    "ipv6Only",
    "keepAliveDelay",
    "localAddress",
    "localPort",
    "receiveBufferSize",
    "sendBufferSize",
    "signal",
    "tcpKeepAliveOptions",
    "tcpKeepAliveSparseIntvl",
    "useSecureTransport",
]);

/** Keep-alive as an app asks for it. */
export interface KeepAliveOptions {
    readonly mode: KeepAliveMode;
    /** Seconds between sparse probes. */
    readonly sparseSeconds: number;
    /** Milliseconds before the first probe; 0: not given. */
    readonly delay: number;
}

export interface TcpOptions {
    readonly addressReuse: boolean;
    readonly allowHalfOpen: boolean;
    readonly family: number;
    readonly interface: string | number | null;
    readonly keepAlive: KeepAliveOptions;
    readonly localAddress: string | null;
    readonly localPort: number | null;
    readonly noDelay: boolean;
    readonly receiveBufferSize: number;
    readonly sendBufferSize: number;
    readonly signal: AbortSignal | null;
    /** Null: without TLS. */
    readonly tls: TlsOptions | null;
}

export interface TcpServerOptions {
    readonly addressReuse: boolean;
    readonly allowHalfOpen: boolean;
    readonly backlog: number;
    readonly ipv6Only: boolean;
    readonly keepAlive: KeepAliveOptions;
    readonly localAddress: string | null;
    readonly localPort: number | null;
    readonly receiveBufferSize: number;
    readonly sendBufferSize: number;
    readonly signal: AbortSignal | null;
    /** Null: without TLS. */
    readonly tls: TlsOptions | null;
}

export interface UdpSocketOptions {
    readonly addressReuse: boolean;
    readonly broadcast: boolean | null;
    readonly family: number;
    readonly interface: string | number | null;
    readonly ipv6Only: boolean;
    readonly localAddress: string | null;
    readonly localPort: number | null;
    readonly loopback: boolean;
    readonly multicastAllowAddressSharing: boolean;
    readonly multicastTimeToLive: number;
    readonly receiveBufferSize: number;
    readonly remoteAddress: string | null;
    readonly remotePort: number | null;
    readonly sendBufferSize: number;
    readonly signal: AbortSignal | null;
    readonly timeToLive: number;
}

export interface MembershipOptions {
    readonly interface: string | number | null;
    readonly source: string | null;
}

/** The addresses that a permission question names. */
export interface PermissionOptions {
    readonly localAddress: string | null;
    readonly localPort: number | null;
    readonly remoteAddress: string | null;
    readonly remotePort: number | null;
}

/** Those of a TCP connection, and how it is protected. */
export interface TcpPermissionOptions extends PermissionOptions {
    readonly rejectUnauthorized: boolean;
    readonly useSecureTransport: boolean;
}

/** TCPOptions. */
export function toTcpOptions(value: unknown): TcpOptions {
    const from = members(toDictionary(value, "TCPSocket: options"), TCP_MEMBERS);
    const addressReuse = toBoolean(member(from, "addressReuse"), true);
    const allowHalfOpen = toBoolean(member(from, "allowHalfOpen"), true);
    const family = toFamily(from);
    const interface_ = toInterface(member(from, "interface"), "interface");
    const delay = toKeepAliveDelay(from);
    const localAddress = textOrNull(member(from, "localAddress"));
    const localPort = portOrNull(member(from, "localPort"));
    const noDelay = toBoolean(member(from, "noDelay"), true);
    const receiveBufferSize = toBufferSize(from, "receiveBufferSize");
    const sendBufferSize = toBufferSize(from, "sendBufferSize");
    const signal = toSignal(from);
    const mode = toEnum(member(from, "tcpKeepAliveOptions"), "tcpKeepAliveOptions", KEEP_ALIVE_MODES, "off");
    const sparseSeconds = toSparseSeconds(from);
    const tls = toTls(from);
    return {
        addressReuse,
        allowHalfOpen,
        family,
        interface: interface_,
        keepAlive: { mode, sparseSeconds, delay },
        localAddress,
        localPort,
        noDelay,
        receiveBufferSize,
        sendBufferSize,
        signal,
        tls,
    };
}

/** TCPServerOptions. */
export function toTcpServerOptions(value: unknown): TcpServerOptions {
    const from = members(toDictionary(value, "TCPServerSocket: options"), TCP_SERVER_MEMBERS);
    const addressReuse = toBoolean(member(from, "addressReuse"), true);
    const allowHalfOpen = toBoolean(member(from, "allowHalfOpen"), true);
    const backlog = toInteger(member(from, "backlog"), "backlog", 1, BACKLOG_MAX, 0);
    const ipv6Only = toBoolean(member(from, "ipv6Only"), false);
    const delay = toKeepAliveDelay(from);
    const localAddress = textOrNull(member(from, "localAddress"));
    const localPort = portOrNull(member(from, "localPort"));
    const receiveBufferSize = toBufferSize(from, "receiveBufferSize");
    const sendBufferSize = toBufferSize(from, "sendBufferSize");
    const signal = toSignal(from);
    const mode = toEnum(member(from, "tcpKeepAliveOptions"), "tcpKeepAliveOptions", KEEP_ALIVE_MODES, "off");
    const sparseSeconds = toSparseSeconds(from);
    const tls = toTls(from);
    return {
        addressReuse,
        allowHalfOpen,
        backlog,
        ipv6Only,
        keepAlive: { mode, sparseSeconds, delay },
        localAddress,
        localPort,
        receiveBufferSize,
        sendBufferSize,
        signal,
        tls,
    };
}

/** UDPOptions. */
export function toUdpOptions(value: unknown): UdpSocketOptions {
    const from = toDictionary(value, "UDPSocket: options");
    const addressReuse = toBoolean(member(from, "addressReuse"), true);
    const broadcast = member(from, "broadcast");
    const family = toFamily(from);
    const interface_ = toInterface(member(from, "interface"), "interface");
    const ipv6Only = toBoolean(member(from, "ipv6Only"), false);
    const localAddress = textOrNull(member(from, "localAddress"));
    const localPort = portOrNull(member(from, "localPort"));
    const loopback = toBoolean(member(from, "loopback"), false);
    const sharing = toBoolean(member(from, "multicastAllowAddressSharing"), false);
    const multicastHops = toInteger(
        member(from, "multicastTimeToLive"),
        "multicastTimeToLive",
        0,
        HOPS_MAX,
        1,
    );
    const receiveBufferSize = toBufferSize(from, "receiveBufferSize");
    const remoteAddress = textOrNull(member(from, "remoteAddress"));
    const remotePort = portOrNull(member(from, "remotePort"));
    const sendBufferSize = toBufferSize(from, "sendBufferSize");
    const signal = toSignal(from);
    const timeToLive = toInteger(member(from, "timeToLive"), "timeToLive", 1, HOPS_MAX, 0);
    return {
        addressReuse,
        broadcast: broadcast === undefined ? null : !!broadcast,
        family,
        interface: interface_,
        ipv6Only,
        localAddress,
        localPort,
        loopback,
        multicastAllowAddressSharing: sharing,
        multicastTimeToLive: multicastHops,
        receiveBufferSize,
        remoteAddress,
        remotePort,
        sendBufferSize,
        signal,
        timeToLive,
    };
}

/** The second argument of joinMulticast() and leaveMulticast(). */
export function toMembershipOptions(value: unknown, what: string): MembershipOptions {
    const from = toDictionary(value, what + ": options");
    const interface_ = toInterface(member(from, "interface"), "interface");
    const source = textOrNull(member(from, "source"));
    return { interface: interface_, source };
}

/** UDPPermissionOptions or TCPServerPermissionOptions: the members that each has. */
export function toPermissionOptions(
    value: unknown,
    what: string,
    local: boolean,
    remote: boolean,
): PermissionOptions {
    const from = toDictionary(value, what + ": options");
    const localAddress = local ? textOrNull(member(from, "localAddress")) : null;
    const localPort = local ? portOrNull(member(from, "localPort")) : null;
    const remoteAddress = remote ? textOrNull(member(from, "remoteAddress")) : null;
    const remotePort = remote ? portOrNull(member(from, "remotePort")) : null;
    return { localAddress, localPort, remoteAddress, remotePort };
}

/** TCPPermissionOptions. */
export function toTcpPermissionOptions(value: unknown, what: string): TcpPermissionOptions {
    const from = toDictionary(value, what + ": options");
    const rejectUnauthorized = toBoolean(member(from, "rejectUnauthorized"), true);
    const remoteAddress = textOrNull(member(from, "remoteAddress"));
    const remotePort = portOrNull(member(from, "remotePort"));
    const useSecureTransport = toBoolean(member(from, "useSecureTransport"), false);
    return {
        localAddress: null,
        localPort: null,
        rejectUnauthorized,
        remoteAddress,
        remotePort,
        useSecureTransport,
    };
}

function toFamily(from: Dictionary): number {
    const value = member(from, "dnsQueryType");
    return value === undefined ? 0 : toEnum(value, "dnsQueryType", FAMILIES, "ipv4") === "ipv4" ? 4 : 6;
}

function toBufferSize(from: Dictionary, name: string): number {
    return toInteger(member(from, name), name, 1, BUFFER_SIZE_MAX, 0);
}

function toKeepAliveDelay(from: Dictionary): number {
    const value = member(from, "keepAliveDelay");
    return toInteger(value, "keepAliveDelay", KEEP_ALIVE_DELAY_MIN, KEEP_ALIVE_DELAY_MAX, 0);
}

function toSparseSeconds(from: Dictionary): number {
    const value = member(from, "tcpKeepAliveSparseIntvl");
    return toInteger(value, "tcpKeepAliveSparseIntvl", 1, 0xffffffff, KEEP_ALIVE_SPARSE_SECONDS);
}

/** `useSecureTransport`, and what goes with it. */
function toTls(from: Dictionary): TlsOptions | null {
    return toBoolean(member(from, "useSecureTransport"), false) ? toTlsOptions(from) : refuseTlsOptions(from);
}

function toSignal(from: Dictionary): AbortSignal | null {
    const value = member(from, "signal");
    if (value === undefined || value === null) {
        return null;
    }
    if (!isAbortSignal(value)) {
        throw typeError("signal must be an AbortSignal");
    }
    return value;
}
